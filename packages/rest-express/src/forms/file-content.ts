/**
 * The content of one file of a form, handed on by whoever reads the form to whoever stores the file, a chunk at a time.
 */
type Result = IteratorResult<Uint8Array, undefined>

export class FileContent implements AsyncIterableIterator<Uint8Array> {
  #chunk: Uint8Array | undefined
  /** Settles `give`. */
  #taken: (() => void) | undefined
  /** Settles `next`. */
  #asked: PromiseWithResolvers<Result> | undefined
  #ended = false
  #held = false
  #failure: { readonly error: unknown } | undefined

  /** Bytes that were given so far. */
  bytes = 0

  /** Settles when the chunk is used up: when the next one is asked for, or nobody will ask any more. One at a time. */
  async give(chunk: Uint8Array): Promise<void> {
    if (this.#ended || this.#failure !== undefined) return
    this.bytes += chunk.length
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#taken = resolve
    this.#chunk = chunk
    this.#answer()
    await promise
  }

  /** Keeps it from ending until {@link release}, although all of it was given. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#answer()
  }

  /** All of it was given. */
  end(): void {
    this.#ended = true
    this.#answer()
  }

  /** There is no more to come, and what came is not the whole. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#chunk = undefined
    this.#taken?.()
    this.#answer()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    if (this.#chunk === undefined) this.#taken?.()
    this.#asked = Promise.withResolvers<Result>()
    const { promise } = this.#asked
    this.#answer()
    return promise
  }

  /** Whoever stores the file has had enough: the rest is thrown away. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#chunk = undefined
    this.#ended = true
    this.#taken?.()
    return { done: true, value: undefined }
  }

  #answer(): void {
    const asked = this.#asked
    if (asked === undefined) return
    if (this.#failure !== undefined) {
      asked.reject(this.#failure.error)
    } else if (this.#chunk !== undefined) {
      asked.resolve({ done: false, value: this.#chunk })
      this.#chunk = undefined
    } else if (this.#ended && !this.#held) {
      asked.resolve({ done: true, value: undefined })
    } else {
      return
    }
    this.#asked = undefined
  }
}
