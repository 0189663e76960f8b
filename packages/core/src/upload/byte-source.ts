/**
 * The one source of bytes between a client and a provider: a request, the file of a form, an upload
 * stream and every other body is a {@link ByteSource}.
 *
 * The reader pulls, so a slow storage slows down the client. Either side can end the source with an
 * error: a pending read rejects at once.
 */
import { StorageError } from '../contract/errors.js'

/**
 * Bytes that are read once, chunk by chunk. A subclass produces them: `pull` asks it for the next
 * chunk, which it passes to `push`, now or later.
 */
export abstract class ByteSource<Chunk extends Uint8Array = Uint8Array>
  implements AsyncIterable<Chunk>, AsyncIterator<Chunk, undefined>
{
  /** Chunks that the reader has not asked for. Empty while a read is pending. */
  readonly #waiting: Chunk[] = []
  /** The pending read. */
  #read: PromiseWithResolvers<IteratorResult<Chunk, undefined>> | undefined
  #ended = false
  #held = false
  #accepted: PromiseWithResolvers<void> | undefined
  #onHeld = () => this.accept()
  #failure: { readonly error: unknown } | undefined

  /** The reader waits. Followed by `push`, `end` or `destroy`. May be called again before that. */
  protected abstract pull(): void

  /** Called once if the source fails, or its reader stops, before the end. */
  protected abstract stop(): void

  /** Whether a read is pending. */
  protected get isWanted(): boolean {
    return this.#read !== undefined
  }

  /** Whether the source has failed, or its reader has stopped. */
  get isDestroyed(): boolean {
    return this.#failure !== undefined
  }

  /** Passes on a chunk. It is dropped if it is empty, or the source was destroyed. */
  push(chunk: Chunk): void {
    if (this.#ended || this.#failure !== undefined) return
    const read = this.#read
    if (chunk.length === 0) {
      if (read !== undefined) this.pull()
    } else if (read === undefined) {
      this.#waiting.push(chunk)
    } else {
      this.#read = undefined
      read.resolve({ done: false, value: chunk })
    }
  }

  /** The source is complete. */
  end(): void {
    this.#ended = true
    this.#settle()
  }

  /** Holds back the end of the source until {@link release}. */
  hold(): void {
    this.#held = true
    this.#accepted = Promise.withResolvers()
  }

  /**
   * Resolves when the reader of a source that is held has all bytes, and accepts them. Does not
   * settle if the reader fails.
   */
  get accepted(): Promise<void> {
    return this.#accepted?.promise ?? Promise.resolve()
  }

  /** The reader accepts all bytes. */
  accept(): void {
    this.#accepted?.resolve()
  }

  /**
   * Calls a function when the reader has all bytes and only the end is held back. The function
   * calls {@link accept} if it accepts them, which is done at once by default.
   */
  onHeld(judge: () => void): void {
    this.#onHeld = judge
  }

  release(): void {
    this.#held = false
    this.#settle()
  }

  /**
   * Ends the source with an error, unless it already has one. A pending read rejects at once, and
   * every later one.
   */
  destroy(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.#waiting.length = 0
    this.#settle()
    if (!this.#ended) this.stop()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Chunk, undefined>> {
    if (this.#read !== undefined) return this.#read.promise.then(() => this.next())
    const chunk = this.#waiting.shift()
    if (chunk !== undefined) return Promise.resolve({ done: false, value: chunk })
    const read = Promise.withResolvers<IteratorResult<Chunk, undefined>>()
    this.#read = read
    this.#settle()
    if (this.#read !== undefined && !this.#ended) this.pull()
    return read.promise
  }

  /** The reader stops. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.destroy(new StorageError('ABORTED', 'the body was not read to its end'))
    return { done: true, value: undefined }
  }

  /** Settles the pending read if the source has failed or ended. */
  #settle(): void {
    if (this.#failure !== undefined) {
      this.#read?.reject(this.#failure.error)
    } else if (this.#ended && !this.#held) {
      this.#read?.resolve({ done: true, value: undefined })
    } else {
      if (this.#ended && this.#read !== undefined) this.#onHeld()
      return
    }
    this.#read = undefined
  }
}

/** A source whose bytes are written to it, by a producer that waits for its reader. */
export class BytePipe extends ByteSource {
  /** Bytes written so far. */
  written = 0
  #wanted: (() => void) | undefined

  /**
   * Passes on a chunk. Resolves when the reader wants the next one, or reads no more. The memory of
   * the chunk may be used again then. Call it again only after that.
   */
  write(chunk: Uint8Array): Promise<void> {
    this.written += chunk.length
    if (this.isDestroyed) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wanted = resolve
    this.push(chunk)
    return promise
  }

  protected override pull(): void {
    this.#wanted?.()
  }

  protected override stop(): void {
    this.#wanted?.()
  }
}
