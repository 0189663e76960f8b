/**
 * The content of one file of a form, passed from the form parser to the storage one chunk at a
 * time.
 */
type Result = IteratorResult<Uint8Array, undefined>

export class FileContent implements AsyncIterableIterator<Uint8Array> {
  #chunk: Uint8Array | undefined
  /** Resolves the pending `give`. */
  #resolveGive: (() => void) | undefined
  /** The pending `next`. */
  #pendingNext: PromiseWithResolvers<Result> | undefined
  #ended = false
  #held = false
  #failure: { readonly error: unknown } | undefined

  /** Bytes received so far. */
  bytes = 0

  /**
   * Passes on a chunk. Resolves when the chunk was consumed: when the next one is requested, or
   * reading has ended. Call it again only after that.
   */
  async give(chunk: Uint8Array): Promise<void> {
    if (this.#ended || this.#failure !== undefined) return
    this.bytes += chunk.length
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#resolveGive = resolve
    this.#chunk = chunk
    this.#settleNext()
    await promise
  }

  /** Holds back the end of the content until {@link release}. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#settleNext()
  }

  /** The content is complete. */
  end(): void {
    this.#ended = true
    this.#settleNext()
  }

  /** The content is incomplete: reading fails with this error. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#chunk = undefined
    this.#resolveGive?.()
    this.#settleNext()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    if (this.#chunk === undefined) this.#resolveGive?.()
    this.#pendingNext = Promise.withResolvers<Result>()
    const { promise } = this.#pendingNext
    this.#settleNext()
    return promise
  }

  /** The reader has stopped: the rest is discarded. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#chunk = undefined
    this.#ended = true
    this.#resolveGive?.()
    return { done: true, value: undefined }
  }

  #settleNext(): void {
    const pending = this.#pendingNext
    if (pending === undefined) return
    if (this.#failure !== undefined) {
      pending.reject(this.#failure.error)
    } else if (this.#chunk !== undefined) {
      pending.resolve({ done: false, value: this.#chunk })
      this.#chunk = undefined
    } else if (this.#ended && !this.#held) {
      pending.resolve({ done: true, value: undefined })
    } else {
      return
    }
    this.#pendingNext = undefined
  }
}
