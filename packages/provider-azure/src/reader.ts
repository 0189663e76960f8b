import { Readable } from 'node:stream'
import type { BlobDownloadResponseParsed } from '@azure/storage-blob'
import {
  type ByteRange,
  checkReadConditions,
  describeCause,
  type FileInfo,
  type FileLocation,
  isStorageError,
  type OpenCallOptions,
  type OpenFile,
  type ReadCallOptions,
  readSmallBody,
  resolveRange,
  StorageError,
  smallBodySize,
} from '@stowage/core/provider'
import type { Account } from './client/account.js'
import { fileInfo } from './mapping/attributes.js'
import { isSingleCondition, nativeConditions } from './mapping/conditions.js'
import { request } from './mapping/errors.js'

/**
 * How often opening is attempted if the file is replaced between the requests for its properties
 * and its content.
 */
const maxReplacements = 4

export async function getFile(
  account: Account,
  container: string,
  file: string,
  { conditions, signal }: ReadCallOptions,
): Promise<FileInfo> {
  const properties = await request({ container, file }, () =>
    account.file(container, file).getProperties({ abortSignal: signal }),
  )
  const { contentLength: size, contentMD5: md5 } = properties
  const info = fileInfo({ container, file }, properties, { size, md5 })
  // Checked here: the response has the ETag and the time that the error must contain, and is as
  // short as a rejection.
  checkReadConditions(info, conditions)
  return info
}

export async function openFile(
  account: Account,
  container: string,
  file: string,
  options: OpenCallOptions,
): Promise<OpenFile> {
  for (let attempt = 1; attempt <= maxReplacements; attempt++) {
    const opened = await openVersion(account, container, file, options)
    if (opened !== undefined) return opened
  }
  throw new StorageError('UNAVAILABLE', 'the file was replaced repeatedly while it was being opened')
}

/** Opens a file. Returns `undefined` if it was replaced between two requests. */
async function openVersion(
  account: Account,
  container: string,
  file: string,
  { conditions, range, signal }: OpenCallOptions,
): Promise<OpenFile | undefined> {
  const readInfo = () => getFile(account, container, file, { conditions, signal })
  // Azure has no range from the end, and combines conditions differently. Both are evaluated with
  // the properties.
  const version = range?.suffix !== undefined || !isSingleCondition(conditions) ? await readInfo() : undefined
  const { offset, count } =
    version === undefined || range === undefined ? requestedRange(range) : resolvedRange(range, version.size)
  const resource = { container, file }
  let response: BlobDownloadResponseParsed
  try {
    response = await request(resource, () =>
      account.file(container, file).download(offset, count, {
        abortSignal: signal,
        maxRetryRequests: 0,
        conditions: version === undefined ? nativeConditions(conditions) : { ifMatch: version.etag },
      }),
    )
  } catch (error) {
    if (!isStorageError(error) || !needsInfo.has(error.code)) throw error
    // The rejection has neither the ETag nor the size, and does not show whether the file exists.
    // The properties do. If they allow the request, the rejected version no longer exists.
    const { size } = await readInfo()
    resolveRange(range, size)
    return undefined
  }
  return openResponse(resource, range, response, signal)
}

async function openResponse(
  resource: FileLocation,
  range: ByteRange | undefined,
  response: BlobDownloadResponseParsed,
  signal: AbortSignal,
): Promise<OpenFile> {
  const { readableStreamBody, contentLength, contentRange, blobContentMD5, contentMD5 } = response
  if (readableStreamBody === undefined) throw new StorageError('BAD_RESPONSE', 'the response to a download has no body')
  const source = readableStreamBody as Readable
  try {
    const size = contentRange === undefined ? contentLength : Number(contentRange.slice(contentRange.indexOf('/') + 1))
    const md5 = blobContentMD5 ?? (contentRange === undefined ? contentMD5 : undefined)
    const info = fileInfo(resource, response, { size, md5 })
    // Azurite responds with 200 and the whole file where Azure responds with 416.
    const { offset, length } = resolveRange(range, info.size)
    if (contentLength !== length) {
      throw new StorageError('BAD_RESPONSE', `the service sends ${contentLength} bytes, not the requested ${length}`)
    }
    if (length > smallBodySize) return { info, offset, length, stream: new BlobStream(source) }
    return { info, offset, length, bytes: await readSmallBody(source, length, signal, connectionLost) }
  } catch (error) {
    source.on('error', ignoreError).destroy()
    throw error
  }
}

function ignoreError(): void {
  // The response is rejected. Failures of the rest of it are not reported.
}

const needsInfo: ReadonlySet<string> = new Set(['PRECONDITION_FAILED', 'NOT_MODIFIED', 'RANGE_NOT_SATISFIABLE'])

interface Extent {
  readonly offset: number
  /** Missing: to the end. */
  readonly count?: number
}

const requestedRange = (range: ByteRange | undefined): Extent => {
  const offset = range?.start ?? 0
  return range?.end === undefined ? { offset } : { offset, count: range.end - offset + 1 }
}

function resolvedRange(range: ByteRange, size: number): Extent {
  const { offset, length } = resolveRange(range, size)
  return { offset, count: length }
}

/** The SDK's stream, with errors of the contract. Destroying it closes the connection. */
class BlobStream extends Readable {
  readonly #source: Readable

  constructor(source: Readable) {
    super({ highWaterMark: source.readableHighWaterMark })
    this.#source = source
    source.pause()
    source.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) source.pause()
    })
    source.once('end', () => this.push(null))
    source.on('error', (error: Error) => this.destroy(connectionLost(error)))
    source.once('close', () => {
      if (!source.readableEnded && !this.destroyed) this.destroy(connectionLost(new Error('closed')))
    })
  }

  override _read(): void {
    this.#source.resume()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const source = this.#source
    if (source.closed) callback(error)
    else source.once('close', () => callback(error)).destroy()
  }
}

/** Makes the error of a body that ends early, which the SDK may report as aborted or corrupted. */
const connectionLost = (error: unknown): StorageError =>
  new StorageError('CONNECTION_LOST', 'the connection ended before the end of the file', {
    cause: describeCause(error),
  })
