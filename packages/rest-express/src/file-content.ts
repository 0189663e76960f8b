/**
 * The content of one file of a form, handed on by whoever reads the form to whoever stores the file, a chunk at a time.
 */
type Result = IteratorResult<Uint8Array, undefined>

export class FileContent implements AsyncIterableIterator<Uint8Array, undefined> {
  #chunk: Uint8Array | undefined
  /** Settles `give`. */
  #taken: (() => void) | undefined
  /** Settles `next`. */
  #asked: PromiseWithResolvers<Result> | undefined
  #ended = false
  #failure: { readonly error: unknown } | undefined

  /** Settles when the chunk is used up: when the next one is asked for, or nobody will ask any more. One at a time. */
  async give(chunk: Uint8Array): Promise<void> {
    if (this.#ended || this.#failure !== undefined) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#taken = resolve
    this.#chunk = chunk
    this.#answer()
    await promise
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
    this.end()
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
    } else if (this.#ended) {
      asked.resolve({ done: true, value: undefined })
    } else {
      return
    }
    this.#asked = undefined
  }
}
