/**
 * Uploads a body as one put or as a multipart upload, depending on the provider and the size.
 *
 * A provider that accepts streams receives the stream. Otherwise a body of unknown length is
 * buffered up to the size of one part. If it ends there, it is one put; otherwise it is uploaded in
 * parts, a few at a time. Memory is bounded by part size × parallelism. If anything fails, the
 * parts are deleted on the service, and no file is visible.
 */

import { withUploads } from '../checks/provider.js'
import { StorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import type { PartUpload, PutCallOptions, StorageProvider, UploadedPart } from '../contract/provider.js'
import { addFailure, noFailures, type RetryPolicy } from '../service/retry.js'
import type { CheckedBody } from './body.js'
import { completeUpload } from './completion.js'
import { type Part, PartBuffers, takeBuffer } from './part-buffers.js'
import { checkUploadedPart, checkWritten } from './stored-size.js'

const mebibyte = 1024 * 1024
/**
 * Bytes: smaller bodies are collected chunk by chunk. For larger ones, a buffer of a whole part is
 * allocated.
 */
const collectBytes = 256 * 1024
/** Milliseconds for the clean-up after a failure. */
const cleanUpTimeout = 30_000

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
  readonly source: CheckedBody
  readonly options: Omit<PutCallOptions, 'size'>
  readonly tuning: UploadTuning
}

/** Stores the body: as a stream, as one put or in parts. */
export async function upload(job: UploadJob): Promise<WrittenFile> {
  const { provider, retry, source } = job
  const { capabilities } = provider
  if (source.size !== undefined && source.size > capabilities.maxFileSize) throw tooLargeError(capabilities.maxFileSize)
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

const isConditional = ({ conditions }: { conditions: PutCallOptions['conditions'] }) =>
  conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined

const tooLargeError = (size: number) =>
  new StorageError('TOO_LARGE', `the service stores files of at most ${size} bytes`, { details: { size } })

async function putBytes(
  { provider, retry, container, file, options }: UploadJob,
  bytes: Uint8Array,
): Promise<WrittenFile> {
  return retry.runTransfer(options.signal, !isConditional(options), () =>
    provider.putFile(container, file, bytes, { ...options, size: bytes.length }),
  )
}

/** Sends the body in one put. A stream is retried only if none of it was read. */
async function putStream({ provider, retry, container, file, source, options }: UploadJob): Promise<WrittenFile> {
  const body = source.checkBytes() ?? source
  for (let failures = noFailures; ; ) {
    try {
      return await provider.putFile(container, file, body, { ...options, size: source.size })
    } catch (error) {
      if (body === source && !source.untouched) throw error
      failures = addFailure(failures)
      await retry.nextOfTransfer(failures, error, options.signal, !isConditional(options))
    }
  }
}

/**
 * Returns the requested part size, adjusted to the service's limits and to a body of known size.
 */
function partSizeFor({ provider, tuning }: UploadJob, size: number | undefined): number {
  const { parts, maxPutSize } = provider.capabilities
  if (parts === false) return maxPutSize
  return choosePartSize(tuning.partSize, size, parts)
}

/**
 * Returns a part size, in bytes, with which a body of this size meets the limits. If it must grow,
 * it is a whole number of MiB.
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
  source: CheckedBody,
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

/** Yields the caller's own bytes in parts. They are never overwritten. */
function* slices(bytes: Uint8Array, partSize: number): Generator<Part, undefined> {
  for (let offset = 0; offset < bytes.length; offset += partSize) {
    yield { bytes: bytes.subarray(offset, offset + partSize), release: () => undefined }
  }
}

/**
 * Returns the size of a part of a body of unknown length. The first half of the service's parts
 * have the first part's size. It then doubles with every twentieth of them, so that the number of
 * parts never limits the body. With 8 MiB and 10,000 parts, files up to 40 GiB have equal parts.
 */
export function growingPartSize(
  partNumber: number,
  firstPartSize: number,
  { maxParts, maxPartSize }: { readonly maxParts: number; readonly maxPartSize: number },
): number {
  const equalParts = Math.ceil(maxParts / 2)
  if (partNumber <= equalParts) return firstPartSize
  const doublings = Math.ceil((partNumber - equalParts) / Math.ceil(maxParts / 20))
  return Math.min(maxPartSize, firstPartSize * 2 ** doublings)
}

async function uploadParts(job: UploadJob, partSize: number, bodies: Parts): Promise<WrittenFile> {
  const { provider, retry, container, file, options, tuning } = job
  const { parts: limits, maxPutSize } = provider.capabilities
  if (limits === false) throw tooLargeError(maxPutSize)
  const { conditions, ...start } = options
  const uploading = withUploads(provider)
  const started = await retry.runTransfer(options.signal, true, () =>
    uploading.startUpload(container, file, { ...start, partSize }),
  )
  try {
    const parts = await sendParts(job, started, bodies, limits.maxParts, tuning.parallelism)
    return await completeUpload(uploading, retry, started, { signal: options.signal, parts, conditions })
  } catch (error) {
    await abortFailedUpload(job, started)
    throw error
  }
}

/**
 * Uploads the parts, `parallelism` at a time. If one fails finally, the others are stopped; all
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
    let attempts = 0
    try {
      const part = await retry.runTransfer(signal, true, () => {
        attempts++
        return withUploads(provider).uploadPart(started, bytes, { signal, partNumber, size: bytes.length })
      })
      parts[partNumber - 1] = checkUploadedPart(part, bytes.length)
      // After a failed attempt the bytes may still be in use.
      if (attempts === 1) release()
    } catch (error) {
      failure ??= { error }
      stop.abort(error)
      source.destroy(error)
    }
  }
  try {
    for (let partNumber = 1; ; partNumber++) {
      // Waits before it reads the next part, so that at most `parallelism` parts are in memory.
      while (sending.size >= parallelism) await Promise.race(sending)
      if (failure !== undefined) break
      const { value: part } = await bodies.next()
      if (part === undefined || failure !== undefined) break
      if (partNumber > maxParts) throw tooLargeError(maxParts * started.partSize)
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
 * Aborts the upload. The operation has already failed with a more important error. If the abort
 * fails too, the upload stays in the list of unfinished ones, where `purgeUploads` deletes it.
 */
async function abortFailedUpload({ provider, retry }: UploadJob, started: PartUpload): Promise<void> {
  const signal = AbortSignal.timeout(cleanUpTimeout)
  await retry.run(signal, true, () => withUploads(provider).abortUpload(started, { signal })).catch(() => undefined)
}
