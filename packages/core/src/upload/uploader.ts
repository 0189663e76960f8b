/**
 * The uploader: one body becomes one put or parts, whichever the provider and the size ask for.
 *
 * A provider that takes streams gets the stream. Otherwise a body of unknown length is buffered up
 * to one part; when it ends there it is one put, else it goes up in parts, a few at a time. Memory
 * is bounded by part size × parallelism. On any failure the parts sent so far are thrown away on
 * the service, and nothing is visible.
 */

import { withUploads } from '../checks/provider.js'
import { StorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import type { PartUpload, PutCallOptions, StorageProvider, UploadedPart } from '../contract/provider.js'
import { addFailure, noFailures, type RetryPolicy } from '../service/retry.js'
import type { Source } from './body.js'
import { completeUpload } from './completion.js'
import { type Part, PartBuffers, takeBuffer } from './part-buffers.js'
import { checkUploadedPart, checkWritten } from './stored-size.js'

const mebibyte = 1024 * 1024
/**
 * Bytes: bodies up to here are collected chunk by chunk; past it a buffer is taken for a whole
 * part.
 */
const collectBytes = 256 * 1024
/** Milliseconds that clean-up after a failure may take. */
const cleanUpTime = 30_000

export interface UploadTuning {
  /** Bytes. */
  readonly partSize: number
  readonly parallelism: number
}

export interface UploadJob {
  readonly provider: StorageProvider
  readonly retry: RetryPolicy
  readonly container: string
  readonly file: string
  readonly source: Source
  readonly options: Omit<PutCallOptions, 'size'>
  readonly tuning: UploadTuning
}

/** Stores the body: as a stream, by one put or by parts. */
export async function upload(job: UploadJob): Promise<WrittenFile> {
  const { provider, retry, source } = job
  const { capabilities } = provider
  if (source.size !== undefined && source.size > capabilities.maxFileSize) throw tooLarge(capabilities.maxFileSize)
  const written = await (capabilities.streamingPut ? putStream(job) : putOrParts(job))
  return checkWritten(provider, retry, written, source.sent)
}

async function putOrParts(job: UploadJob): Promise<WrittenFile> {
  const { provider, source } = job
  const { capabilities } = provider
  const { parts } = capabilities
  const partSize = partSizeFor(job, source.size)
  const singlePut = Math.min(partSize, capabilities.maxPutSize)
  const bytes = source.checkBytes()
  if (bytes !== undefined) {
    if (bytes.length <= singlePut) return putBytes(job, bytes)
    return uploadParts(job, partSize, slices(bytes, partSize))
  }
  const head = await readHead(source, Math.min(collectBytes, singlePut))
  if (head.ended) return putBytes(job, joined(head.chunks, head.length))
  const buffers = new PartBuffers(source, head.chunks)
  const first = takeBuffer(Math.min(partSize, source.size ?? partSize))
  const length = await buffers.fill(first, 0, Math.min(first.length, singlePut))
  if (!(await buffers.more())) return putBytes(job, first.subarray(0, length))
  await buffers.fill(first, length, first.length)
  const sizeOf = (partNumber: number) =>
    source.size !== undefined || parts === false ? partSize : growingPartSize(partNumber, partSize, parts)
  return uploadParts(job, partSize, buffers.parts(first, sizeOf))
}

const isCondition = ({ conditions }: { conditions: PutCallOptions['conditions'] }) =>
  conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined

const tooLarge = (size: number) =>
  new StorageError('TOO_LARGE', `the service holds files of at most ${size} bytes`, { details: { size } })

async function putBytes(
  { provider, retry, container, file, options }: UploadJob,
  bytes: Uint8Array,
): Promise<WrittenFile> {
  return retry.runTransfer(options.signal, !isCondition(options), () =>
    provider.putFile(container, file, bytes, { ...options, size: bytes.length }),
  )
}

/** A stream can be sent once; it is tried again only while nothing of it was taken. */
async function putStream({ provider, retry, container, file, source, options }: UploadJob): Promise<WrittenFile> {
  const body = source.checkBytes() ?? source
  for (let failures = noFailures; ; ) {
    try {
      return await provider.putFile(container, file, body, { ...options, size: source.size })
    } catch (error) {
      if (body === source && !source.untouched) throw error
      failures = addFailure(failures)
      await retry.nextOfTransfer(failures, error, options.signal, !isCondition(options))
    }
  }
}

/**
 * The part size asked for, within the service's limits, and large enough for a body of known size.
 */
function partSizeFor({ provider, tuning }: UploadJob, size: number | undefined): number {
  const { parts, maxPutSize } = provider.capabilities
  if (parts === false) return maxPutSize
  return choosePartSize(tuning.partSize, size, parts)
}

/**
 * Bytes of a part, so that a body of this size keeps within the limits of parts; whole MiB when it
 * has to grow.
 */
export function choosePartSize(
  wanted: number,
  size: number | undefined,
  limits: { readonly minPartSize: number; readonly maxPartSize: number; readonly maxParts: number },
): number {
  const needed = Math.ceil((size ?? 0) / limits.maxParts)
  const grown = needed > wanted ? Math.ceil(needed / mebibyte) * mebibyte : wanted
  return Math.max(limits.minPartSize, Math.min(limits.maxPartSize, Math.max(needed, grown)))
}

/** Reads until the body ends or has more than `limit` bytes. */
async function readHead(
  source: Source,
  limit: number,
): Promise<{ readonly chunks: Uint8Array[]; readonly length: number; readonly ended: boolean }> {
  const chunks: Uint8Array[] = []
  let length = 0
  while (length <= limit) {
    const { done, value } = await source.next()
    if (done === true) return { chunks, length, ended: true }
    chunks.push(value)
    length += value.length
  }
  return { chunks, length, ended: false }
}

const joined = (chunks: readonly Uint8Array[], length: number): Buffer => {
  const [only] = chunks
  if (chunks.length !== 1 || only === undefined) return Buffer.concat(chunks, length)
  return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
}

type Parts = AsyncIterator<Part, undefined> | Iterator<Part, undefined>

/** Of bytes that are the caller's own: nothing is ever written over them. */
function* slices(bytes: Uint8Array, partSize: number): Generator<Part, undefined> {
  for (let offset = 0; offset < bytes.length; offset += partSize) {
    yield { bytes: bytes.subarray(offset, offset + partSize), release: () => undefined }
  }
}

/**
 * The size of a part of a body of unknown length. It is the first part's for the first half of the
 * parts that the service allows, then doubles with every twentieth of them, so that the number of
 * parts never ends a body: with 8 MiB and 10,000 parts, files up to 40 GiB go up in equal parts,
 * and larger ones in parts that grow.
 */
export function growingPartSize(
  partNumber: number,
  firstPartSize: number,
  { maxParts, maxPartSize }: { readonly maxParts: number; readonly maxPartSize: number },
): number {
  const equal = Math.ceil(maxParts / 2)
  if (partNumber <= equal) return firstPartSize
  const doublings = Math.ceil((partNumber - equal) / Math.ceil(maxParts / 20))
  return Math.min(maxPartSize, firstPartSize * 2 ** doublings)
}

async function uploadParts(job: UploadJob, partSize: number, bodies: Parts): Promise<WrittenFile> {
  const { provider, retry, container, file, options, tuning } = job
  const { parts: limits, maxPutSize } = provider.capabilities
  if (limits === false) throw tooLarge(maxPutSize)
  const { conditions, ...start } = options
  const uploading = withUploads(provider)
  const started = await retry.runTransfer(options.signal, true, () =>
    uploading.startUpload(container, file, { ...start, partSize }),
  )
  try {
    const parts = await sendParts(job, started, bodies, limits.maxParts, tuning.parallelism)
    return await completeUpload(uploading, retry, started, { signal: options.signal, parts, conditions })
  } catch (error) {
    await abandon(job, started)
    throw error
  }
}

/**
 * Sends the parts, `parallelism` at a time. When one fails for good the others are stopped, and all
 * have ended on return.
 */
async function sendParts(
  { provider, retry, source, options }: UploadJob,
  started: PartUpload,
  bodies: Parts,
  maxParts: number,
  parallelism: number,
): Promise<UploadedPart[]> {
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const parts: UploadedPart[] = []
  const sending = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const send = async (partNumber: number, { bytes, release }: Part) => {
    let tries = 0
    try {
      const part = await retry.runTransfer(signal, true, () => {
        tries++
        return withUploads(provider).uploadPart(started, bytes, { signal, partNumber, size: bytes.length })
      })
      parts[partNumber - 1] = checkUploadedPart(part, bytes.length)
      // After a failed try its bytes may still be on their way.
      if (tries === 1) release()
    } catch (error) {
      failure ??= { error }
      stop.abort(error)
      source.destroy(error)
    }
  }
  try {
    for (let partNumber = 1; ; partNumber++) {
      // Before the next part is read, so that no more of them than these are in memory.
      while (sending.size >= parallelism) await Promise.race(sending)
      if (failure !== undefined) break
      const { value: part } = await bodies.next()
      if (part === undefined || failure !== undefined) break
      if (partNumber > maxParts) throw tooLarge(maxParts * started.partSize)
      const sent = send(partNumber, part).finally(() => sending.delete(sent))
      sending.add(sent)
    }
  } catch (error) {
    failure ??= { error }
    stop.abort(error)
  }
  await Promise.all(sending)
  if (failure !== undefined) throw failure.error
  return parts
}

/**
 * Throws away what was sent. The operation has failed already with an error that matters more: when
 * this fails too, the upload stays in the list of unfinished ones, where `purgeUploads` removes it.
 */
async function abandon({ provider, retry }: UploadJob, started: PartUpload): Promise<void> {
  const signal = AbortSignal.timeout(cleanUpTime)
  await retry.run(signal, true, () => withUploads(provider).abortUpload(started, { signal })).catch(() => undefined)
}
