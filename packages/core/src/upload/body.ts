/** A body on its way to a provider: counted, verified, peeked and stopped. */
import { createHash, type Hash } from 'node:crypto'
import { isStorageError, StorageError } from '../contract/errors.js'
import type { Checksums } from '../contract/files.js'
import type { Body } from '../service/options.js'
import { bytesOf, sourceOf } from './body-source.js'
import type { ByteSource } from './byte-source.js'

/** The rules of a body. If it breaks one, the body throws and nothing is stored. */
export interface BodyRules {
  readonly size?: number
  readonly maxSize?: number
  readonly checksums: Checksums
  /** Makes the error of a body that is larger than `maxSize`. */
  readonly tooLarge?: (maxSize: number) => StorageError
}

/** Sees every byte of a body before its reader does. The body ends only if it agrees. */
export interface BodyWatcher {
  /** Takes the next bytes, whose memory may be reused afterwards. */
  write(chunk: Uint8Array): Promise<void>
  /** The body is complete and met its own rules. */
  finish(): Promise<void>
}

/**
 * A body on its way to a provider. Iterating it checks the rules. A body that is too long throws at
 * the first excess byte. One that is too short or has the wrong checksum throws instead of ending.
 */
export class CheckedBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  /** The whole body, if it is in memory. It is not iterated then. */
  readonly bytes: Uint8Array | undefined
  /** Bytes returned so far. */
  taken = 0
  readonly #rules: BodyRules
  readonly #hashes: (readonly ['md5' | 'sha256', Hash])[] = []
  readonly #onTaken: ((bytes: number) => void) | undefined
  /** Where the body comes from, unless it is in memory. */
  readonly #source: ByteSource | undefined
  #watcher: BodyWatcher | undefined
  #judged: Promise<void> | undefined
  #peeked: Uint8Array[] = []
  #finished = false
  #failure: StorageError | undefined

  constructor(body: Body, rules: BodyRules, onTaken?: (bytes: number) => void) {
    this.#rules = rules
    this.#onTaken = onTaken
    for (const algorithm of ['md5', 'sha256'] as const) {
      if (rules.checksums[algorithm] !== undefined) this.#hashes.push([algorithm, createHash(algorithm)])
    }
    this.bytes = bytesOf(body)
    if (this.bytes === undefined) this.#source = sourceOf(body)
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
    return this.taken === 0 && !this.#finished && this.#failure === undefined
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
    const wanted = Math.min(length, this.#rules.size ?? length)
    try {
      while (have < wanted) {
        const chunk = (await this.#source?.next())?.value
        if (chunk === undefined) break
        this.#peeked.push(chunk)
        have += chunk.length
      }
    } catch (error) {
      this.destroy(error)
    }
    if (this.#failure !== undefined) throw this.#failure
    return this.#peeked.length === 1 ? (this.#peeked[0] as Uint8Array) : Buffer.concat(this.#peeked)
  }

  /**
   * Lets a watcher see every byte before the reader. A body in memory is passed to it at once; any
   * other while it is read.
   */
  async watch(watcher: BodyWatcher): Promise<void> {
    if (this.bytes !== undefined) {
      await watcher.write(this.bytes)
      await watcher.finish()
      return
    }
    this.#watcher = watcher
    const source = this.#source
    source?.onHeld(() => {
      this.#judge().then(
        () => source.accept(),
        (error: unknown) => this.destroy(error),
      )
    })
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
      const chunk = this.#peeked.shift() ?? (await this.#source?.next())?.value
      // The body may have been destroyed in the meantime.
      if (this.#failure !== undefined) throw this.#failure
      if (chunk === undefined) {
        if (this.#watcher !== undefined) await this.#judge()
        this.#finish()
        return { done: true, value: undefined }
      }
      this.#count(chunk)
      if (this.#watcher !== undefined) {
        await this.#watcher.write(chunk)
        if (this.#failure !== undefined) throw this.#failure
      }
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

  /** Ends the body: a pending read rejects at once, and the source is stopped. */
  destroy(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = isStorageError(error) ? error : sourceFailed(error)
    this.#peeked = []
    this.#source?.destroy(this.#failure)
  }

  /** Checks the complete body, and asks the watcher. */
  #judge(): Promise<void> {
    this.#judged ??= (async () => {
      this.#check()
      await this.#watcher?.finish()
    })()
    return this.#judged
  }

  #count(chunk: Uint8Array): void {
    this.taken += chunk.length
    const { size, maxSize, tooLarge } = this.#rules
    if (maxSize !== undefined && this.taken > maxSize) {
      if (tooLarge !== undefined) throw tooLarge(maxSize)
      throw new StorageError('TOO_LARGE', `the body is larger than ${maxSize} bytes`, { details: { size: maxSize } })
    }
    if (size !== undefined && this.taken > size) {
      throw new StorageError('SIZE_MISMATCH', `the body is longer than the ${size} bytes declared`)
    }
    for (const [, hash] of this.#hashes) hash.update(chunk)
    this.#onTaken?.(this.taken)
  }

  #finish(): void {
    this.#check()
    this.#finished = true
  }

  #check(): void {
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
  }
}

function sourceFailed(error: unknown): StorageError {
  return new StorageError('SOURCE_FAILED', 'the body failed before its end', { cause: error })
}
