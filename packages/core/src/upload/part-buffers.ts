/**
 * Copies a body that is still arriving into parts. The buffer of a part is reused after the part
 * was stored. New buffers would have to be collected, which costs as much as sending them.
 */

import { freeChunk } from '../kit/chunk-memory.js'
import type { CheckedBody } from './body.js'

export interface Part {
  readonly bytes: Uint8Array
  /** Call it when the bytes are no longer used. Never call it for an aborted part. */
  readonly release: () => void
}

/**
 * Buffers for the next upload, weakly referenced. Without them, each upload of a series would
 * allocate memory in addition to that of the previous one.
 */
const spare: WeakRef<Buffer>[] = []

/** Returns a buffer of this size, with any content. */
export function takeBuffer(size: number): Buffer {
  for (let reference = spare.pop(); reference !== undefined; reference = spare.pop()) {
    const buffer = reference.deref()
    if (buffer?.length === size) return buffer
  }
  return Buffer.allocUnsafeSlow(size)
}

/** Makes a buffer available again. Call it when the bytes are no longer used. */
export function giveBack(buffer: Buffer): void {
  spare.push(new WeakRef(buffer))
}

export class PartBuffers {
  readonly #source: CheckedBody
  /** Chunks that were read earlier and are not copied yet. */
  readonly #head: Uint8Array[]
  /** The chunk that is being copied, and its remaining bytes. */
  #chunk: Uint8Array | undefined
  #rest: Uint8Array | undefined

  constructor(source: CheckedBody, head: readonly Uint8Array[]) {
    this.#source = source
    this.#head = [...head]
  }

  /**
   * Copies bytes into the buffer until the buffer holds `end` bytes or the source ends.
   *
   * @param length Bytes that the buffer already holds.
   * @returns The bytes that the buffer holds then.
   */
  async fill(buffer: Buffer, length: number, end: number): Promise<number> {
    let filled = length
    while (filled < end && (await this.more())) {
      const rest = this.#rest as Uint8Array
      const taken = Math.min(rest.length, end - filled)
      buffer.set(taken === rest.length ? rest : rest.subarray(0, taken), filled)
      this.#rest = rest.subarray(taken)
      filled += taken
    }
    return filled
  }

  /** Returns whether the source has more bytes. Throws if the body breaks a rule. */
  async more(): Promise<boolean> {
    while (this.#rest === undefined || this.#rest.length === 0) {
      if (this.#chunk !== undefined) freeChunk(this.#chunk)
      this.#chunk = this.#head.shift() ?? (await this.#source.next()).value
      if (this.#chunk === undefined) return false
      this.#rest = this.#chunk
    }
    return true
  }

  /**
   * Yields the body in parts of the given sizes. The first part is already in its buffer; the last
   * may be shorter.
   */
  async *parts(first: Buffer, sizeOf: (partNumber: number) => number): AsyncGenerator<Part, undefined> {
    yield { bytes: first, release: () => giveBack(first) }
    for (let partNumber = 2; await this.more(); partNumber++) {
      const buffer = takeBuffer(sizeOf(partNumber))
      const length = await this.fill(buffer, 0, buffer.length)
      yield { bytes: buffer.subarray(0, length), release: () => giveBack(buffer) }
    }
  }
}
