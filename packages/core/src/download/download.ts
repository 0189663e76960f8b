/**
 * Downloads that complete a provider's stream. A broken one continues by range, under the same
 * ETag, as long as the retry policy allows. One with the wrong length or checksum fails instead of
 * ending.
 */
import { createHash, type Hash } from 'node:crypto'
import { Readable, type Writable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { invalid } from '../checks/invalid.js'
import { sendNames } from '../checks/method-options.js'
import { checkOptions } from '../checks/option-names.js'
import { isStorageError, StorageError } from '../contract/errors.js'
import type { FileInfo } from '../contract/files.js'
import type { DirectReadable, OpenFile } from '../contract/provider.js'
import type { OpenedFile, SendOptions } from '../service/options.js'
import { addFailure, noFailures, type RetryPolicy } from '../service/retry.js'
import { sendThroughBuffers, sendThroughStreams } from './send.js'

export interface DownloadJob {
  readonly opened: OpenFile
  readonly retry: RetryPolicy
  readonly signal: AbortSignal
  /** Opens the same version again, from `start` to `end`, both included. */
  readonly reopen: (start: number, end: number) => Promise<OpenFile>
  readonly verify: boolean
  /** Adds the operation's context to an error. */
  readonly explain: (error: unknown) => StorageError
  /** Called once, when the stream has ended or was destroyed and its resources are released. */
  readonly onClose: (bytes: number, error: StorageError | undefined) => void
}

/** The open file that the application receives. */
export class Download implements OpenedFile {
  readonly info: FileInfo
  readonly offset: number
  readonly length: number
  /**
   * The bytes, if the provider had them in memory. A caller that uses them does not read the
   * stream.
   */
  readonly content: Uint8Array | undefined
  #stream: Readable | undefined

  /**
   * Creates the file.
   *
   * @param stream Missing if the provider returned the bytes and they need no check.
   */
  constructor(opened: OpenFile, stream?: DownloadStream) {
    this.info = opened.info
    this.offset = opened.offset
    this.length = opened.length
    this.content = stream === undefined && 'bytes' in opened ? opened.bytes : undefined
    this.#stream = stream
  }

  get stream(): Readable {
    this.#stream ??= Readable.from([this.content as Uint8Array], { objectMode: false })
    return this.#stream
  }

  async bytes(): Promise<Buffer> {
    if (this.content === undefined) return buffer(this.stream)
    if (this.content instanceof Buffer) return this.content
    return Buffer.from(this.content.buffer, this.content.byteOffset, this.content.byteLength)
  }

  async text(): Promise<string> {
    return this.content === undefined ? text(this.stream) : (await this.bytes()).toString()
  }

  async sendTo(writable: Writable, options: SendOptions = {}): Promise<void> {
    checkOptions('sendTo', options, sendNames)
    if (typeof writable?.write !== 'function') throw invalid('writable', 'writable must be a writable stream')
    const { reuseBuffers = false } = options
    const target = typeof reuseBuffers === 'function' ? reuseBuffers : () => (reuseBuffers ? writable : undefined)
    const source = this.#stream instanceof DownloadStream ? this.#stream.intoBuffers : undefined
    await ((source && sendThroughBuffers(source, target)) ?? sendThroughStreams(this.stream, writable))
  }

  async close(): Promise<void> {
    const stream = this.#stream
    if (stream === undefined || stream.closed) return
    const closed = Promise.withResolvers<void>()
    stream.once('close', closed.resolve)
    stream.destroy()
    await closed.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

export class DownloadStream extends Readable implements DirectReadable {
  readonly #job: DownloadJob
  readonly #hash: { readonly algorithm: 'md5' | 'sha256'; readonly hash: Hash; readonly expected: string } | undefined
  #inner: Readable | undefined
  #delivered = 0
  /** Failed attempts since the last byte. */
  #failures = noFailures
  #failure: StorageError | undefined
  readonly #onAbort = () => this.destroy(this.#job.signal.reason as Error)

  constructor(job: DownloadJob) {
    super({ highWaterMark: 'stream' in job.opened ? job.opened.stream.readableHighWaterMark : undefined })
    this.#job = job
    if (job.verify) this.#hash = expectedHash(job.opened)
    job.signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#follow(job.opened)
    if (job.signal.aborted) this.#onAbort()
  }

  override _read(): void {
    this.#inner?.resume()
  }

  /** The stream itself, if it can be read into buffers. */
  get intoBuffers(): DirectReadable | undefined {
    return this.#hash === undefined && this.#inner !== undefined && 'readInto' in this.#inner ? this : undefined
  }

  async readInto(buffer: Buffer): Promise<number> {
    const { opened, explain } = this.#job
    try {
      if (this.#inner === undefined) throw new StorageError('ABORTED', 'the download was closed before its end')
      const length = await (this.#inner as DirectReadable).readInto(buffer)
      this.#delivered += length
      if (length === 0 && this.#delivered !== opened.length) {
        throw new StorageError('BAD_RESPONSE', `the service sent ${this.#delivered} of ${opened.length} bytes`)
      }
      return length
    } catch (error) {
      throw explain(error)
    }
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const { signal, explain, onClose, opened } = this.#job
    signal.removeEventListener('abort', this.#onAbort)
    const inner = this.#inner
    this.#inner = undefined
    const finish = () => {
      const isComplete = this.#delivered === opened.length && error === null
      this.#failure ??= isComplete
        ? undefined
        : explain(error ?? new StorageError('ABORTED', 'the download was closed before its end'))
      onClose(this.#delivered, this.#failure)
      callback(error === null ? null : (this.#failure ?? error))
    }
    if (inner === undefined || inner.closed) finish()
    else inner.once('close', finish).destroy()
  }

  #follow(opened: OpenFile): void {
    const inner = 'stream' in opened ? opened.stream : Readable.from([opened.bytes], { objectMode: false })
    this.#inner = inner
    inner.pause()
    inner.on('data', (chunk: Buffer) => this.#deliver(chunk))
    inner.once('end', () => this.#innerEnded())
    inner.on('error', (error) => this.#innerFailed(inner, error))
    inner.once('close', () => {
      if (inner === this.#inner && !inner.readableEnded && !inner.errored) this.#innerEnded()
    })
  }

  #deliver(chunk: Buffer): void {
    if (this.destroyed) return
    this.#delivered += chunk.length
    this.#failures = noFailures
    if (this.#delivered > this.#job.opened.length) {
      this.destroy(
        new StorageError('BAD_RESPONSE', `the service sent more than the ${this.#job.opened.length} requested bytes`),
      )
      return
    }
    this.#hash?.hash.update(chunk)
    if (!this.push(chunk)) this.#inner?.pause()
  }

  #innerEnded(): void {
    if (this.destroyed || this.#inner === undefined) return
    if (this.#delivered < this.#job.opened.length) {
      this.#innerFailed(
        this.#inner,
        new StorageError('CONNECTION_LOST', 'the connection ended before the end of the file'),
      )
      return
    }
    const mismatch = this.#mismatch()
    if (mismatch === undefined) this.push(null)
    else this.destroy(mismatch)
  }

  #mismatch(): StorageError | undefined {
    if (this.#hash === undefined) return undefined
    const { algorithm, hash, expected } = this.#hash
    const actual = hash.digest('hex')
    if (actual === expected) return undefined
    return new StorageError('CHECKSUM_MISMATCH', `the content has the ${algorithm} ${actual}, not ${expected}`)
  }

  #innerFailed(inner: Readable, error: unknown): void {
    if (this.destroyed || inner !== this.#inner) return
    this.#inner = undefined
    inner.destroy()
    this.#resume(error).catch((failure: Error) => this.destroy(failure))
  }

  async #resume(error: unknown): Promise<void> {
    const { retry, signal, reopen, opened } = this.#job
    this.#failures = addFailure(this.#failures)
    await retry.nextOfTransfer(this.#failures, error, signal, true)
    try {
      const rest = await reopen(opened.offset + this.#delivered, opened.offset + opened.length - 1)
      if (this.destroyed) {
        if ('stream' in rest) rest.stream.destroy()
        return
      }
      this.#follow(rest)
      this.#inner?.resume()
    } catch (failure) {
      if (isStorageError(failure, 'PRECONDITION_FAILED')) {
        throw new StorageError('PRECONDITION_FAILED', 'the file was replaced while it was being read', { cause: error })
      }
      await this.#resume(failure)
    }
  }
}

function expectedHash({ info, length }: OpenFile) {
  if (length !== info.size) return undefined
  const algorithm = (['sha256', 'md5'] as const).find((name) => info.checksums[name] !== undefined)
  if (algorithm === undefined) return undefined
  return { algorithm, hash: createHash(algorithm), expected: info.checksums[algorithm] as string }
}
