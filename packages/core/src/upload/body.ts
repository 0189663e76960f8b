/** Converts every kind of body to one source that can be counted, verified, peeked and stopped. */
import { createHash, type Hash } from 'node:crypto'
import { ReadableStream, type ReadableStreamDefaultReader } from 'node:stream/web'
import { invalid } from '../checks/invalid.js'
import { isStorageError, StorageError } from '../contract/errors.js'
import type { Checksums } from '../contract/files.js'
import type { Body } from '../service/options.js'
import { isNodeStream } from './body-claim.js'
import { encodeText, TextPieces } from './text-pieces.js'

/** The rules of a body. If it breaks one, the body throws and nothing is stored. */
export interface BodyRules {
  readonly size?: number
  readonly maxSize?: number
  readonly checksums: Checksums
}

type Chunks = AsyncIterator<Uint8Array | string> | Iterator<Uint8Array | string>

/**
 * A body on its way to a provider. Iterating it checks the rules. A body that is too long throws at
 * the first excess byte. One that is too short or has the wrong checksum throws instead of ending.
 */
export class Source implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  /** The whole body, if it is in memory. */
  readonly bytes: Uint8Array | undefined
  /** Bytes returned so far. */
  taken = 0
  readonly #rules: BodyRules
  readonly #hashes: (readonly ['md5' | 'sha256', Hash])[] = []
  readonly #onTaken: ((bytes: number) => void) | undefined
  #chunks: Chunks | undefined
  #text: TextPieces | undefined
  #stop: (() => void) | undefined
  #peeked: Uint8Array[] = []
  #ended = false
  #finished = false
  #failure: StorageError | undefined
  #rejectNext: ((error: StorageError) => void) | undefined

  constructor(body: Body, rules: BodyRules, onTaken?: (bytes: number) => void) {
    this.#rules = rules
    this.#onTaken = onTaken
    for (const algorithm of ['md5', 'sha256'] as const) {
      if (rules.checksums[algorithm] !== undefined) this.#hashes.push([algorithm, createHash(algorithm)])
    }
    this.bytes = bytesOf(body)
    if (this.bytes !== undefined) {
      this.#chunks = [this.bytes][Symbol.iterator]()
    } else {
      const { chunks, stop } = chunksOf(body)
      this.#chunks = chunks
      this.#stop = stop
    }
  }

  /** The size in bytes, if known in advance. */
  get size(): number | undefined {
    return this.bytes?.length ?? this.#rules.size
  }

  /** The size of the whole body, after all of it was returned and met the rules. */
  get sent(): number | undefined {
    return this.#finished ? this.taken : undefined
  }

  /** Whether nothing was returned yet, so that the body can be sent again. */
  get untouched(): boolean {
    return this.taken === 0 && !this.#ended && this.#failure === undefined
  }

  /** Checks a body in memory against the rules, before anything is sent. */
  checkBytes(): Uint8Array | undefined {
    if (this.bytes === undefined) return undefined
    this.#count(this.bytes)
    this.#finish()
    return this.bytes
  }

  /**
   * Returns the first bytes, at least `length` unless the body is shorter. `next` returns them
   * again.
   */
  async peek(length: number): Promise<Uint8Array> {
    if (this.bytes !== undefined) return this.bytes.subarray(0, length)
    let have = 0
    while (have < length) {
      const chunk = await this.#pull()
      if (chunk === undefined) break
      this.#peeked.push(chunk)
      have += chunk.length
    }
    return this.#peeked.length === 1 ? (this.#peeked[0] as Uint8Array) : Buffer.concat(this.#peeked)
  }

  /** Returns the whole body in memory. */
  async collect(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      const chunk = this.#peeked.shift() ?? (await this.#pull())
      if (chunk === undefined) {
        this.#finish()
        return { done: true, value: undefined }
      }
      this.#count(chunk)
      return { done: false, value: chunk }
    } catch (error) {
      this.destroy(error)
      throw this.#failure
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.destroy(new StorageError('ABORTED', 'the body was not read to its end'))
    return { done: true, value: undefined }
  }

  /**
   * Ends the source: a pending read rejects at once with the error, and the caller's stream is
   * destroyed.
   */
  destroy(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = isStorageError(error) ? error : sourceFailed(error)
    this.#rejectNext?.(this.#failure)
    this.#peeked = []
    const chunks = this.#chunks
    this.#chunks = undefined
    if (this.#ended) return
    this.#stop?.()
    // A generator with a pending `await` settles `return` after it, so this is not awaited.
    if (this.#stop === undefined) Promise.resolve(chunks?.return?.()).catch(ignoreLateFailure)
  }

  async #pull(): Promise<Uint8Array | undefined> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#ended) return undefined
    for (;;) {
      const result = await new Promise<IteratorResult<Uint8Array | string>>((resolve, reject) => {
        this.#rejectNext = reject
        Promise.resolve((this.#chunks as Chunks).next()).then(resolve, (error: unknown) => reject(sourceFailed(error)))
      })
      if (this.#failure !== undefined) throw this.#failure
      if (typeof result.value !== 'string') this.#text?.end()
      if (result.done === true) {
        this.#ended = true
        return undefined
      }
      const chunk = this.#encode(result.value)
      if (chunk.length > 0) return chunk
    }
  }

  #encode(chunk: Uint8Array | string): Uint8Array {
    if (typeof chunk !== 'string') return toBytes(chunk)
    this.#text ??= new TextPieces()
    return this.#text.encode(chunk)
  }

  #count(chunk: Uint8Array): void {
    this.taken += chunk.length
    const { size, maxSize } = this.#rules
    if (maxSize !== undefined && this.taken > maxSize) {
      throw new StorageError('TOO_LARGE', `the body is larger than ${maxSize} bytes`, { details: { size: maxSize } })
    }
    if (size !== undefined && this.taken > size) {
      throw new StorageError('SIZE_MISMATCH', `the body is longer than the ${size} bytes declared`)
    }
    for (const [, hash] of this.#hashes) hash.update(chunk)
    this.#onTaken?.(this.taken)
  }

  #finish(): void {
    const { size, checksums } = this.#rules
    if (size !== undefined && this.taken !== size) {
      throw new StorageError('SIZE_MISMATCH', `the body has ${this.taken} bytes, not the ${size} declared`)
    }
    for (const [algorithm, hash] of this.#hashes) {
      const actual = hash.copy().digest('hex')
      if (actual !== checksums[algorithm]) {
        throw new StorageError('CHECKSUM_MISMATCH', `the body's ${algorithm} is ${actual}, not ${checksums[algorithm]}`)
      }
    }
    this.#finished = true
  }
}

/** Stops a body that was rejected before it was read. */
export function discardBody(body: unknown): void {
  if (isNodeStream(body)) {
    body.on('error', ignoreLateFailure)
    body.destroy()
  } else if (body instanceof ReadableStream) {
    if (!body.locked) body.cancel().catch(ignoreLateFailure)
  } else if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body) {
    const chunks = (body as AsyncIterable<unknown>)[Symbol.asyncIterator]()
    Promise.resolve(chunks.return?.()).catch(ignoreLateFailure)
  }
}

function bytesOf(body: Body): Uint8Array | undefined {
  if (typeof body === 'string') return encodeText(body)
  if (body instanceof Uint8Array) return body
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  return undefined
}

function chunksOf(body: unknown): { chunks: Chunks; stop?: () => void } {
  if (isNodeStream(body)) {
    // Decoded chunks lose the bytes that are not text in this encoding.
    if (typeof body.readableEncoding === 'string') {
      throw invalid('body', `body decodes its bytes as ${body.readableEncoding}: pass a stream without an encoding`)
    }
    // A stream may fail before its first read, without a listener. The iterator reports the
    // failure.
    body.on('error', ignoreLateFailure)
    return { chunks: body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>, stop: () => body.destroy() }
  }
  if (body instanceof Blob) return chunksOf(body.stream())
  if (body instanceof ReadableStream) {
    const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader()
    // Unlike the stream's iterator, its reader can be cancelled during a read.
    return { chunks: { next: () => reader.read() }, stop: () => reader.cancel().catch(ignoreLateFailure) }
  }
  if (typeof body === 'object' && body !== null) {
    if (Symbol.asyncIterator in body) {
      return { chunks: (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]() }
    }
    if (Symbol.iterator in body && !ArrayBuffer.isView(body)) {
      return { chunks: (body as Iterable<Uint8Array>)[Symbol.iterator]() }
    }
  }
  throw invalid(
    'body',
    'body must be bytes, a string, a Blob, a stream or an iterable of bytes; for a Response, pass its body',
  )
}

function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk)
  throw invalid('body', `body returned a chunk of type ${typeof chunk}; chunks must be bytes or text`)
}

function sourceFailed(error: unknown): StorageError {
  if (isStorageError(error)) return error
  return new StorageError('SOURCE_FAILED', 'the body failed before its end', { cause: error })
}

function ignoreLateFailure(): void {
  // The operation receives this failure in another way, or already has an error.
}
