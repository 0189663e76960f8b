/** Passes the bytes of a file to scanners while they are stored. */
import { Readable } from 'node:stream'
import { describeCause, isStorageError, StorageError } from '../contract/errors.js'
import { BytePipe } from '../upload/byte-source.js'
import type { AnnouncedFile, Scanner, ScanVerdict } from './policy.js'
import { refusal, refusalOf } from './refusal.js'

/** One scanner at work. */
export class Scan {
  readonly #file: AnnouncedFile
  readonly #pipe = new BytePipe()
  readonly #verdict: Promise<ScanVerdict>
  readonly #signal: AbortSignal
  /** The scanner reads no more, because it has a verdict, or has failed. */
  #ended = false

  constructor(scanner: Scanner, file: AnnouncedFile, signal: AbortSignal) {
    this.#file = file
    this.#signal = signal
    const content = Readable.from(this.#pipe, { objectMode: false, highWaterMark: 0 })
    content.on('error', () => undefined)
    // A scanner may throw before it returns a promise.
    this.#verdict = Promise.resolve().then(() => scanner(content, file, { signal }))
    const end = () => {
      this.#ended = true
      content.destroy()
      this.#pipe.destroy(new StorageError('ABORTED', 'the scanner has ended'))
    }
    this.#verdict.then(end, end)
    const onAbort = () => this.#pipe.destroy(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  }

  /**
   * Passes on bytes. Resolves when the scanner wants more, or wants none. The bytes are copied,
   * because their memory is reused when the provider has them.
   */
  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#ended) await this.#pipe.write(Buffer.from(bytes))
  }

  /** The file is complete. Throws unless the scanner finds it clean. */
  async finish(): Promise<void> {
    this.#pipe.end()
    const verdict = await this.#verdictOrAbort().catch((error: unknown) => {
      throw this.#signal.aborted ? error : this.#failed(error)
    })
    if (verdict?.clean === true) return
    if (verdict?.clean !== false || typeof verdict.reason !== 'string') {
      throw this.#failed(new TypeError('the scanner did not return a verdict'))
    }
    throw refusal(this.#file, 'CONTENT_REFUSED', 'scan', `the scan of the file has found: ${verdict.reason}`)
  }

  /** A scanner that ignores its signal does not hold the upload. */
  async #verdictOrAbort(): Promise<ScanVerdict> {
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const onAbort = () => reject(this.#signal.reason)
    if (this.#signal.aborted) onAbort()
    this.#signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([this.#verdict, aborted])
    } finally {
      this.#signal.removeEventListener('abort', onAbort)
    }
  }

  /** The upload has failed. */
  stop(reason: unknown): void {
    this.#pipe.destroy(reason)
    this.#verdict.catch(() => undefined)
  }

  #failed(error: unknown): StorageError {
    // What the scanner refuses by itself, such as a file that is too large for it.
    if (isStorageError(error) && error.statusCode < 500) return refusalOf(this.#file, 'scan', error)
    const cause = isStorageError(error) ? error : describeCause(error)
    return refusal(this.#file, 'UNAVAILABLE', 'scan', 'the file cannot be scanned now; retry later', { cause })
  }
}
