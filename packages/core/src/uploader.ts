/**
 * The uploader: one body becomes one put or parts, whichever the provider and the size ask for.
 *
 * A provider that takes streams gets the stream. Otherwise a body of unknown length is buffered up to one part; when it
 * ends there it is one put, else it goes up in parts, a few at a time. Memory is bounded by part size × (parallelism + 1).
 * On any failure the parts sent so far are thrown away on the service, and nothing is visible.
 */
import type { Source } from './body.js'
import { freeChunk } from './chunk-memory.js'
import { completeUpload } from './completion.js'
import { StorageError } from './errors.js'
import type { WrittenFile } from './files.js'
import type { PartUpload, PutCallOptions, StorageProvider, UploadedPart } from './provider.js'
import type { RetryPolicy } from './retry.js'

const mebibyte = 1024 * 1024
/** Bodies up to here are collected chunk by chunk; past it a whole part's buffer is taken at once. */
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
export function upload(job: UploadJob): Promise<WrittenFile> {
  const { provider, source } = job
  const { capabilities } = provider
  if (source.size !== undefined && source.size > capabilities.maxFileSize) throw tooLarge(capabilities.maxFileSize)
  return capabilities.streamingPut ? putStream(job) : putOrParts(job)
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
  const { head, ended } = await readHead(source, singlePut)
  if (ended) return putBytes(job, head[0] as Uint8Array)
  const sizeOf = (partNumber: number) =>
    source.size !== undefined || parts === false ? partSize : growingPartSize(partNumber, partSize, parts)
  return uploadParts(job, partSize, filled(source, head, sizeOf))
}

const isCondition = ({ conditions }: { conditions: PutCallOptions['conditions'] }) =>
  conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined

const tooLarge = (size: number) =>
  new StorageError('TOO_LARGE', `the service holds files of at most ${size} bytes`, { details: { size } })

async function putBytes(
  { provider, retry, container, file, options }: UploadJob,
  bytes: Uint8Array,
): Promise<WrittenFile> {
  return retry.run(options.signal, !isCondition(options), () =>
    provider.putFile(container, file, bytes, { ...options, size: bytes.length }),
  )
}

/** A stream can be sent once; it is tried again only while nothing of it was taken. */
async function putStream({ provider, retry, container, file, source, options }: UploadJob): Promise<WrittenFile> {
  const body = source.checkBytes() ?? source
  for (let failedTries = 0; ; ) {
    try {
      return await provider.putFile(container, file, body, { ...options, size: source.size })
    } catch (error) {
      failedTries++
      const again = (body !== source || source.untouched) && !options.signal.aborted && failedTries < retry.attempts
      if (!again || !retry.allows(error, !isCondition(options))) throw error
      await retry.wait(failedTries, error, options.signal)
    }
  }
}

/** The part size asked for, within the service's limits, and large enough for a body of known size. */
function partSizeFor({ provider, tuning }: UploadJob, size: number | undefined): number {
  const { parts, maxPutSize } = provider.capabilities
  if (parts === false) return maxPutSize
  return choosePartSize(tuning.partSize, size, parts)
}

/** Bytes of a part, so that a body of this size keeps within the limits of parts; whole MiB when it has to grow. */
export function choosePartSize(
  wanted: number,
  size: number | undefined,
  limits: { readonly minPartSize: number; readonly maxPartSize: number; readonly maxParts: number },
): number {
  const needed = Math.ceil((size ?? 0) / limits.maxParts)
  const grown = needed > wanted ? Math.ceil(needed / mebibyte) * mebibyte : wanted
  return Math.max(limits.minPartSize, Math.min(limits.maxPartSize, Math.max(needed, grown)))
}

/** Reads until the body ends (one chunk) or has more than `limit` bytes (what was read, in order). */
async function readHead(source: Source, limit: number): Promise<{ head: Uint8Array[]; ended: boolean }> {
  let chunks: Uint8Array[] = []
  let large: Buffer | undefined
  let length = 0
  for (;;) {
    const { done, value } = await source.next()
    if (done === true) return { head: [large?.subarray(0, length) ?? joined(chunks, length)], ended: true }
    if (length + value.length > limit) {
      const before = large === undefined ? chunks : [large.subarray(0, length)]
      return { head: [...before, value], ended: false }
    }
    if (large === undefined && length + value.length > collectBytes) {
      large = Buffer.allocUnsafeSlow(limit)
      Buffer.concat(chunks, length).copy(large)
      chunks = []
    }
    length += value.length
    if (large === undefined) {
      chunks.push(value)
    } else {
      large.set(value, length - value.length)
      freeChunk(value)
    }
  }
}

const joined = (chunks: readonly Uint8Array[], length: number): Buffer => {
  const [only] = chunks
  if (chunks.length !== 1 || only === undefined) return Buffer.concat(chunks, length)
  return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
}

type PartSource = AsyncIterableIterator<Uint8Array> | IterableIterator<Uint8Array>

function* slices(bytes: Uint8Array, partSize: number): IterableIterator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += partSize) yield bytes.subarray(offset, offset + partSize)
}

/**
 * The size of a part of a body of unknown length. It is the first part's for the first half of the parts that the service
 * allows, then doubles with every twentieth of them, so that the number of parts never ends a body: with 8 MiB and 10,000
 * parts, files up to 40 GiB go up in equal parts, and larger ones in parts that grow.
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

/** The body in parts of the given sizes, each in a buffer of its own; the last is as long as it is. */
async function* filled(
  source: Source,
  head: Uint8Array[],
  sizeOf: (partNumber: number) => number,
): AsyncIterableIterator<Uint8Array> {
  let chunk = head.shift()
  let rest = chunk
  for (let partNumber = 1, ended = false; !ended; partNumber++) {
    const part = Buffer.allocUnsafeSlow(sizeOf(partNumber))
    let length = 0
    while (length < part.length) {
      if (rest === undefined || rest.length === 0) {
        if (chunk !== undefined) freeChunk(chunk)
        chunk = head.shift() ?? (await source.next()).value
        rest = chunk
        if (rest === undefined) {
          ended = true
          break
        }
      }
      const taken = Math.min(rest.length, part.length - length)
      part.set(rest.subarray(0, taken), length)
      rest = rest.subarray(taken)
      length += taken
    }
    if (length > 0) yield part.subarray(0, length)
  }
}

async function uploadParts(job: UploadJob, partSize: number, bodies: PartSource): Promise<WrittenFile> {
  const { provider, retry, container, file, options, tuning } = job
  const { parts: limits, maxPutSize } = provider.capabilities
  if (limits === false) throw tooLarge(maxPutSize)
  const { conditions, ...start } = options
  const started = await retry.run(options.signal, true, () =>
    provider.startUpload(container, file, { ...start, partSize }),
  )
  try {
    const parts = await sendParts(job, started, bodies, limits.maxParts, tuning.parallelism)
    return await completeUpload(provider, retry, started, { signal: options.signal, parts, conditions })
  } catch (error) {
    await abandon(job, started)
    throw error
  }
}

/** Sends the parts, `parallelism` at a time. When one fails for good the others are stopped, and all have ended on return. */
async function sendParts(
  { provider, retry, source, options }: UploadJob,
  started: PartUpload,
  bodies: PartSource,
  maxParts: number,
  parallelism: number,
): Promise<UploadedPart[]> {
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const parts: UploadedPart[] = []
  const sending = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const send = async (partNumber: number, body: Uint8Array) => {
    try {
      parts[partNumber - 1] = await retry.run(signal, true, () =>
        provider.uploadPart(started, body, { signal, partNumber, size: body.length }),
      )
    } catch (error) {
      failure ??= { error }
      stop.abort(error)
      source.destroy(error)
    }
  }
  try {
    let partNumber = 0
    for await (const body of bodies) {
      while (sending.size >= parallelism) await Promise.race(sending)
      if (failure !== undefined) break
      partNumber++
      if (partNumber > maxParts) throw tooLarge(maxParts * started.partSize)
      const sent = send(partNumber, body).finally(() => sending.delete(sent))
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
 * Throws away what was sent. The operation has failed already with an error that matters more: when this fails too, the
 * upload stays in the list of unfinished ones, where `purgeUploads` removes it.
 */
async function abandon({ provider, retry }: UploadJob, started: PartUpload): Promise<void> {
  const signal = AbortSignal.timeout(cleanUpTime)
  await retry.run(signal, true, () => provider.abortUpload(started, { signal })).catch(() => undefined)
}
