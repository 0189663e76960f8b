/** A writable stream that stores a file. */
import { Writable } from 'node:stream'
import { StorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'

/** Stores a body as one file. */
export type StoreBody = (body: AsyncIterable<Uint8Array | string>, signal: AbortSignal) => Promise<WrittenFile>

/**
 * The stream that `uploadStream` returns. Write the content, then call `end()`. The complete file
 * appears when `finish` is emitted; until then the previous version stays. `destroy()` before that
 * discards the written data, and `close` is emitted when nothing of it remains. A failure is
 * emitted as `error`, and rejects {@link file}.
 *
 * @example
 * const stream = storage.uploadStream('photos', 'cat.jpg', { contentType: 'image/jpeg' })
 * stream.write('pu')
 * stream.end('rr')
 * await stream.file
 */
export class UploadStream extends Writable {
  /** Resolves with the stored file. Its rejection need not be handled. */
  readonly file: Promise<WrittenFile>
  readonly #controller = new AbortController()
  readonly #start: () => void
  #settled = false
  #chunk: Uint8Array | string | undefined
  #taken: ((error?: Error | null) => void) | undefined
  #ended = false
  #wake: (() => void) | undefined

  constructor(store: StoreBody) {
    super({ decodeStrings: false })
    const { promise, resolve, reject } = Promise.withResolvers<WrittenFile>()
    this.file = promise
    promise.catch(() => undefined)
    this.#start = () => {
      store(this.#chunks(), this.#controller.signal).then(
        (file) => {
          this.#settled = true
          resolve(file)
        },
        (error: Error) => {
          this.#settled = true
          reject(error)
          if (this.#taken === undefined) this.destroy(error)
          else this.#release(error)
        },
      )
    }
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.#start()
    callback()
  }

  override _write(
    chunk: Uint8Array | string,
    encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    // The body decodes UTF-8, because a character can be split between two writes.
    const isOther = typeof chunk === 'string' && !/^utf-?8$/i.test(encoding)
    this.#chunk = isOther ? Buffer.from(chunk, encoding) : chunk
    this.#taken = callback
    this.#wake?.()
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#ended = true
    this.#wake?.()
    this.file.then(() => callback(), callback)
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.#settled) {
      this.#controller.abort(error ?? new StorageError('ABORTED', 'the upload stream was destroyed before its end'))
      this.#wake?.()
    }
    const done = () => callback(error)
    this.file.then(done, done)
  }

  #release(error?: Error): void {
    const taken = this.#taken
    this.#chunk = undefined
    this.#taken = undefined
    taken?.(error)
  }

  async *#chunks(): AsyncGenerator<Uint8Array | string> {
    for (;;) {
      if (this.#controller.signal.aborted) throw this.#controller.signal.reason
      if (this.#chunk !== undefined) {
        yield this.#chunk
        this.#release()
      } else if (this.#ended) {
        return
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    }
  }
}
