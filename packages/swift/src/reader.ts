/** Reads files' properties and content. */
import {
  checkReadConditions,
  type FileInfo,
  type FileLocation,
  type OpenCallOptions,
  type OpenFile,
  type ReadCallOptions,
  type ReadConditions,
  resolveRange,
  StorageError,
  smallBodySize,
} from '@stowage/core/provider'
import type { HttpResponse, ResponseHeaders } from '@stowage/http-transport'
import { isStream, type SwiftClient } from './client/client.js'
import { notFoundError } from './containers.js'
import { etagOf, timeOf, toInfo } from './mapping/attributes.js'
import { badResponse, responseCause } from './mapping/errors.js'
import { objectName } from './mapping/names.js'

/** How often a file is opened if it is replaced between two requests. */
const maxAttempts = 5

export async function getFile(
  client: SwiftClient,
  container: string,
  file: string,
  { conditions, signal }: ReadCallOptions,
): Promise<FileInfo> {
  const location = { container, file }
  const { info } = await readInfo(client, location, signal)
  checkReadConditions(info, conditions)
  return info
}

/** Returns a file's properties, and the headers of the response that they are from. */
export async function readInfo(
  client: SwiftClient,
  location: FileLocation,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly info: FileInfo; readonly headers: ResponseHeaders }> {
  const response = await client.request({
    method: 'HEAD',
    container: location.container,
    object: objectName(location.file),
    headers,
    signal,
    allow: [404],
  })
  if (response.status === 404) throw await notFoundError(client, location, signal)
  return { info: toInfo(location, response.headers, sizeOf(response.headers)), headers: response.headers }
}

export async function openFile(
  client: SwiftClient,
  container: string,
  file: string,
  options: OpenCallOptions,
): Promise<OpenFile> {
  const location = { container, file }
  const { conditions, range, signal } = options
  for (let attempt = 1; ; attempt++) {
    const response = await client.open(
      {
        method: 'GET',
        container: location.container,
        object: objectName(location.file),
        headers: requestHeaders(options),
        signal,
        allow: [304, 404, 409, 412, 416],
      },
      smallBodySize,
    )
    if (response.status === 200 || response.status === 206) return toOpenFile(location, response, options)
    if (response.status === 404) throw await notFoundError(client, location, signal)
    if (response.status === 409) {
      throw new StorageError('INTERNAL', 'parts of the file are missing on the service', {
        cause: responseCause('GET', 409, response.headers),
      })
    }
    if (response.status !== 416) throw conditionError(response, conditions)
    // Conditions precede the range, and Swift does not check all of them.
    const { info } = await readInfo(client, location, signal)
    checkReadConditions(info, conditions)
    resolveRange(range, info.size)
    if (attempt === maxAttempts) throw badResponse('the service rejected a range that is in the file')
  }
}

/**
 * Returns the headers for the range and for the conditions on the ETag, on which the service sends
 * no content. Conditions on the time are checked with the response: Swift compares times that are
 * rounded up to the second, and the contract's times are rounded down.
 */
function requestHeaders({ conditions, range }: OpenCallOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  if (range?.suffix !== undefined) headers['range'] = `bytes=-${range.suffix}`
  else if (range !== undefined) headers['range'] = `bytes=${range.start}-${range.end ?? ''}`
  if (conditions.ifMatch !== undefined) headers['if-match'] = conditions.ifMatch
  if (conditions.ifNoneMatch !== undefined) headers['if-none-match'] = conditions.ifNoneMatch
  return headers
}

/**
 * Makes the error of a 304 or a 412, with the details of the current version that the response has.
 */
function conditionError({ status, headers }: HttpResponse, conditions: ReadConditions): StorageError {
  const cause = responseCause('GET', status, headers)
  if (headers['etag'] !== undefined) {
    const details = { etag: etagOf(headers), mtime: timeOf(headers) }
    // The service received only some of the conditions, and another one may take precedence.
    checkReadConditions(details, conditions)
    if (status === 304)
      return new StorageError('NOT_MODIFIED', `the file's ETag is ${details.etag}`, { cause, details })
    return new StorageError('PRECONDITION_FAILED', `the file's ETag is not ${conditions.ifMatch}`, { cause, details })
  }
  return status === 304
    ? new StorageError('NOT_MODIFIED', 'the file was not modified', { cause })
    : new StorageError('PRECONDITION_FAILED', 'the file is another version than the requested one', { cause })
}

/**
 * Makes the result of an `openFile` call. Fails unless the response contains exactly the requested
 * range.
 */
function toOpenFile(location: FileLocation, response: HttpResponse, { conditions, range }: OpenCallOptions): OpenFile {
  const { status, headers, body } = response
  try {
    const length = sizeOf(headers)
    const sent = status === 206 ? sentRange(headers) : { offset: 0, size: length }
    const info = toInfo(location, headers, sent.size)
    checkReadConditions(info, conditions)
    const requested = resolveRange(range, info.size)
    if (requested.offset !== sent.offset || requested.length !== length) {
      throw badResponse('the service sent a range other than the requested one')
    }
    if (isStream(body)) return { info, ...requested, stream: body }
    if (body.length !== length) throw badResponse('the content is shorter than its Content-Length')
    return { info, ...requested, bytes: body }
  } catch (error) {
    if (isStream(body)) body.on('error', ignoreError).destroy()
    throw error
  }
}

function ignoreError(): void {
  // The response was rejected, so errors of the rest of it have no effect.
}

function sizeOf(headers: ResponseHeaders): number {
  const size = headers['content-length']
  if (size === undefined || !/^\d{1,15}$/.test(size)) throw badResponse('a file has no valid Content-Length')
  return Number(size)
}

function sentRange(headers: ResponseHeaders): { readonly offset: number; readonly size: number } {
  const [, offset, size] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(headers['content-range'] ?? '') ?? []
  if (offset === undefined || size === undefined) throw badResponse('a range has no valid Content-Range')
  return { offset: Number(offset), size: Number(size) }
}
