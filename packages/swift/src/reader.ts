/**
 * Reading: what is known of a file, and its content. What is no file's content never becomes one.
 */
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
import { isStream, type SwiftClient } from './client.js'
import { missing } from './containers.js'
import { answerCause, badAnswer } from './errors.js'
import { etagOf, timeOf, toInfo } from './metadata.js'
import { objectName } from './names.js'

/** How often a file is opened anew that was replaced between two requests. */
const tries = 5

export async function getFile(
  client: SwiftClient,
  container: string,
  file: string,
  { conditions, signal }: ReadCallOptions,
): Promise<FileInfo> {
  const location = { container, file }
  const { info } = await look(client, location, signal)
  checkReadConditions(info, conditions)
  return info
}

/** A file's facts, with the headers that they were read from. */
export async function look(
  client: SwiftClient,
  location: FileLocation,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly info: FileInfo; readonly headers: ResponseHeaders }> {
  const answer = await client.request({
    method: 'HEAD',
    container: location.container,
    object: objectName(location.file),
    headers,
    signal,
    allow: [404],
  })
  if (answer.status === 404) throw await missing(client, location, signal)
  return { info: toInfo(location, answer.headers, sizeOf(answer.headers)), headers: answer.headers }
}

export async function openFile(
  client: SwiftClient,
  container: string,
  file: string,
  options: OpenCallOptions,
): Promise<OpenFile> {
  const location = { container, file }
  const { conditions, range, signal } = options
  for (let tried = 1; ; tried++) {
    const answer = await client.open(
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
    if (answer.status === 200 || answer.status === 206) return opened(location, answer, options)
    if (answer.status === 404) throw await missing(client, location, signal)
    if (answer.status === 409) {
      throw new StorageError('INTERNAL', 'parts of the file are missing on the service', {
        cause: answerCause('GET', 409, answer.headers),
      })
    }
    if (answer.status !== 416) throw unmet(answer, conditions)
    // Conditions come before the range, and Swift looks at some of ours only here.
    const { info } = await look(client, location, signal)
    checkReadConditions(info, conditions)
    resolveRange(range, info.size)
    if (tried === tries) throw badAnswer('a range that is in the file and is not')
  }
}

/**
 * Conditions on the ETag go to the service, which then sends no content. Those on the time are looked at here: Swift compares
 * times that are rounded up to the second, and the contract's are rounded down.
 */
function requestHeaders({ conditions, range }: OpenCallOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  if (range?.suffix !== undefined) headers['range'] = `bytes=-${range.suffix}`
  else if (range !== undefined) headers['range'] = `bytes=${range.start}-${range.end ?? ''}`
  if (conditions.ifMatch !== undefined) headers['if-match'] = conditions.ifMatch
  if (conditions.ifNoneMatch !== undefined) headers['if-none-match'] = conditions.ifNoneMatch
  return headers
}

/** The contract's error for a 304 or a 412, with what the answer tells of the version that is there. */
function unmet({ status, headers }: HttpResponse, conditions: ReadConditions): StorageError {
  const cause = answerCause('GET', status, headers)
  if (headers['etag'] !== undefined) {
    const details = { etag: etagOf(headers), mtime: timeOf(headers) }
    // The service was told one condition of several, and another one may come before it.
    checkReadConditions(details, conditions)
    if (status === 304)
      return new StorageError('NOT_MODIFIED', `the file's ETag is ${details.etag}`, { cause, details })
    return new StorageError('PRECONDITION_FAILED', `the file's ETag is not ${conditions.ifMatch}`, { cause, details })
  }
  return status === 304
    ? new StorageError('NOT_MODIFIED', 'the file is the version that the caller has', { cause })
    : new StorageError('PRECONDITION_FAILED', 'the file is not the version that was asked for', { cause })
}

function opened(location: FileLocation, answer: HttpResponse, { conditions, range }: OpenCallOptions): OpenFile {
  const { status, headers, body } = answer
  try {
    const length = sizeOf(headers)
    const place = status === 206 ? placeOf(headers) : { offset: 0, size: length }
    const info = toInfo(location, headers, place.size)
    checkReadConditions(info, conditions)
    const wanted = resolveRange(range, info.size)
    if (wanted.offset !== place.offset || wanted.length !== length) throw badAnswer('another range than was asked for')
    if (isStream(body)) return { info, ...wanted, stream: body }
    if (body.length !== length) throw badAnswer('less content than was announced')
    return { info, ...wanted, bytes: body }
  } catch (error) {
    if (isStream(body)) body.on('error', ignoreStopped).destroy()
    throw error
  }
}

function ignoreStopped(): void {
  // The answer is refused, and what becomes of the rest of it no longer matters.
}

function sizeOf(headers: ResponseHeaders): number {
  const size = headers['content-length']
  if (size === undefined || !/^\d{1,15}$/.test(size)) throw badAnswer('a file without a length')
  return Number(size)
}

function placeOf(headers: ResponseHeaders): { readonly offset: number; readonly size: number } {
  const [, offset, size] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(headers['content-range'] ?? '') ?? []
  if (offset === undefined || size === undefined) throw badAnswer('a part of a file that does not say which')
  return { offset: Number(offset), size: Number(size) }
}
