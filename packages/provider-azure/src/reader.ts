/**
 * Reading: facts, content and ranges, under conditions.
 */
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
  type ReadConditions,
  readSmallBody,
  resolveRange,
  StorageError,
  smallBodySize,
} from '@stowage/core/provider'
import type { Account } from './account.js'
import { fileInfo } from './attributes.js'
import { request } from './errors.js'

/** How often a file is opened again that was replaced between the look at its facts and the read. */
const maxReplaced = 4

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
  // Checked here, since the answer is as short as a refusal and has the ETag and the time that a refusal must tell.
  checkReadConditions(info, conditions)
  return info
}

export async function openFile(
  account: Account,
  container: string,
  file: string,
  options: OpenCallOptions,
): Promise<OpenFile> {
  for (let attempt = 1; attempt <= maxReplaced; attempt++) {
    const opened = await openVersion(account, container, file, options)
    if (opened !== undefined) return opened
  }
  throw new StorageError('UNAVAILABLE', 'the file is replaced again and again while it is opened')
}

/** Nothing when the file was replaced between two requests. */
async function openVersion(
  account: Account,
  container: string,
  file: string,
  { conditions, range, signal }: OpenCallOptions,
): Promise<OpenFile | undefined> {
  const facts = () => getFile(account, container, file, { conditions, signal })
  // Azure knows no range from the end, and combines conditions in ways of its own: both are settled with the facts.
  const version = range?.suffix !== undefined || !isSingle(conditions) ? await facts() : undefined
  const { offset, count } = version === undefined || range === undefined ? asked(range) : within(range, version.size)
  const place = { container, file }
  let response: BlobDownloadResponseParsed
  try {
    response = await request(place, () =>
      account.file(container, file).download(offset, count, {
        abortSignal: signal,
        maxRetryRequests: 0,
        conditions: version === undefined ? azureConditions(conditions) : { ifMatch: version.etag },
      }),
    )
  } catch (error) {
    if (!isStorageError(error) || !needsFacts.has(error.code)) throw error
    // The refusal says neither ETag nor size, nor whether there is such a file at all; the facts do, and what they allow
    // was refused for a version that is gone.
    const { size } = await facts()
    resolveRange(range, size)
    return undefined
  }
  return opened(place, range, response, signal)
}

async function opened(
  place: FileLocation,
  range: ByteRange | undefined,
  response: BlobDownloadResponseParsed,
  signal: AbortSignal,
): Promise<OpenFile> {
  const { readableStreamBody, contentLength, contentRange, blobContentMD5, contentMD5 } = response
  if (readableStreamBody === undefined) throw new StorageError('BAD_RESPONSE', 'the answer to a download has no body')
  const source = readableStreamBody as Readable
  try {
    const size = contentRange === undefined ? contentLength : Number(contentRange.slice(contentRange.indexOf('/') + 1))
    const md5 = blobContentMD5 ?? (contentRange === undefined ? contentMD5 : undefined)
    const info = fileInfo(place, response, { size, md5 })
    // Azurite answers 200 with the whole file where Azure answers 416.
    const { offset, length } = resolveRange(range, info.size)
    if (contentLength !== length) {
      throw new StorageError('BAD_RESPONSE', `the service sends ${contentLength} bytes, and ${length} were asked for`)
    }
    if (length > smallBodySize) return { info, offset, length, stream: new BlobStream(source) }
    return { info, offset, length, bytes: await readSmallBody(source, length, signal, broken) }
  } catch (error) {
    source.on('error', ignoreStopped).destroy()
    throw error
  }
}

function ignoreStopped(): void {
  // The answer is refused, and what becomes of the rest of it no longer matters.
}

const needsFacts: ReadonlySet<string> = new Set(['PRECONDITION_FAILED', 'NOT_MODIFIED', 'RANGE_NOT_SATISFIABLE'])

interface Extent {
  readonly offset: number
  /** To the end when left out. */
  readonly count?: number
}

const asked = (range: ByteRange | undefined): Extent => {
  const offset = range?.start ?? 0
  return range?.end === undefined ? { offset } : { offset, count: range.end - offset + 1 }
}

function within(range: ByteRange, size: number): Extent {
  const { offset, length } = resolveRange(range, size)
  return { offset, count: length }
}

/** At most one condition, of those that Azure takes on reads. */
function isSingle(conditions: ReadConditions): boolean {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions
  const given = [ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince].filter((value) => value !== undefined)
  return given.length <= 1 && ifNoneMatch !== '*' && ifMatch !== '*'
}

function azureConditions({ ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince }: ReadConditions) {
  return {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    ...(ifModifiedSince === undefined ? {} : { ifModifiedSince }),
    ...(ifUnmodifiedSince === undefined ? {} : { ifUnmodifiedSince }),
  }
}

/** The SDK's stream, with errors of the contract. Destroying it ends the connection. */
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
    source.on('error', (error: Error) => this.destroy(broken(error)))
    source.once('close', () => {
      if (!source.readableEnded && !this.destroyed) this.destroy(broken(new Error('closed')))
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

/** Whatever ends a body too early is a connection that broke, also where the SDK calls it aborted or corrupted. */
const broken = (error: unknown): StorageError =>
  new StorageError('CONNECTION_LOST', 'the connection broke before the end of the file', {
    cause: describeCause(error),
  })
