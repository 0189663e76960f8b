/** A writable stream that stores a file. */
import { Writable } from 'node:stream'
import { StorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import { BytePipe } from './byte-source.js'
import { TextPieces } from './text-pieces.js'

/** Stores a body as one file. */
export type StoreBody = (body: BytePipe, signal: AbortSignal) => Promise<WrittenFile>

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
  readonly #body = new BytePipe()
  readonly #text = new TextPieces()
  readonly #start: () => void
  #settled = false
  /** The callback of the pending write. */
  #taken: ((error?: Error | null) => void) | undefined

  constructor(store: StoreBody) {
    super({ decodeStrings: false })
    const { promise, resolve, reject } = Promise.withResolvers<WrittenFile>()
    this.file = promise
    promise.catch(() => undefined)
    this.#start = () => {
      store(this.#body, this.#controller.signal).then(
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
    this.#taken = callback
    this.#pass(() => {
      this.#body.write(this.#bytesOf(chunk, encoding)).then(() => {
        // Otherwise the operation fails, with the error for the callback.
        if (!this.#body.isDestroyed) this.#release()
      })
    })
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#pass(() => {
      this.#text.end()
      this.#body.end()
    })
    this.file.then(() => callback(), callback)
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.#settled) {
      this.#controller.abort(error ?? new StorageError('ABORTED', 'the upload stream was destroyed before its end'))
    }
    const done = () => callback(error)
    this.file.then(done, done)
  }

  /** UTF-8 is encoded in pieces, because a character can be split between two writes. */
  #bytesOf(chunk: Uint8Array | string, encoding: BufferEncoding): Uint8Array {
    if (typeof chunk === 'string' && /^utf-?8$/i.test(encoding)) return this.#text.encode(chunk)
    this.#text.end()
    return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
  }

  /** Passes text or the end to the body, which fails if the text is not well-formed. */
  #pass(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#body.destroy(error)
    }
  }

  #release(error?: Error): void {
    const taken = this.#taken
    this.#taken = undefined
    taken?.(error)
  }
}
