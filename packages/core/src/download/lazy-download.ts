/** A download that opens its file on the first read. Until then it uses no resources. */
import { Readable } from 'node:stream'
import { StorageError } from '../contract/errors.js'
import type { OpenedFile } from '../service/options.js'

/**
 * The stream that `downloadStream` returns. Emits `file` with the {@link FileInfo} when the file is
 * open, before the first byte.
 *
 * @example
 * const stream = storage.downloadStream('photos', 'cat.jpg')
 * stream.once('file', ({ contentType }) => console.log(contentType))
 * await Array.fromAsync(stream)
 */
export class LazyDownload extends Readable {
  readonly #open: (signal: AbortSignal) => Promise<OpenedFile>
  readonly #controller = new AbortController()
  #opening: Promise<void> | undefined
  #inner: Readable | undefined

  constructor(open: (signal: AbortSignal) => Promise<OpenedFile>) {
    super()
    this.#open = open
  }

  override _read(): void {
    this.#opening ??= this.#follow().catch((error: Error) => {
      this.destroy(error)
    })
    this.#inner?.resume()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const inner = this.#inner
    const done = () => callback(error)
    if (inner !== undefined && !inner.closed) {
      inner.once('close', done).destroy()
      return
    }
    this.#controller.abort(new StorageError('ABORTED', 'the stream was destroyed before the file was open'))
    if (this.#opening === undefined || error !== null) done()
    else this.#opening.then(done, done)
  }

  async #follow(): Promise<void> {
    const opened = await this.#open(this.#controller.signal)
    if (this.destroyed) return opened.close()
    const inner = opened.stream
    this.#inner = inner
    this.emit('file', opened.info)
    inner.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) inner.pause()
    })
    inner.once('end', () => this.push(null))
    inner.once('error', (error) => this.destroy(error))
  }
}
