/**
 * A body of bytes that are still to come, copied into parts. A part's buffer is filled again once
 * its part was stored: new memory for each would be waited for by the collector, and cost as much
 * as sending it.
 */

import { freeChunk } from '../kit/chunk-memory.js'
import type { Source } from './body.js'

export interface Part {
  readonly bytes: Uint8Array
  /**
   * To be called when nobody needs the bytes any more, and only then; never for those of a part
   * that was given up.
   */
  readonly release: () => void
}

/**
 * Buffers that are done with, for whichever upload comes next; the collector has them when it comes
 * first. Without this each upload of a series would take its memory beside that of the one before.
 */
const spare: WeakRef<Buffer>[] = []

/** A buffer of so many bytes, whatever they are. */
export function takeBuffer(size: number): Buffer {
  for (let reference = spare.pop(); reference !== undefined; reference = spare.pop()) {
    const buffer = reference.deref()
    if (buffer?.length === size) return buffer
  }
  return Buffer.allocUnsafeSlow(size)
}

/** To be called when nobody needs the bytes any more, and only then. */
function giveBack(buffer: Buffer): void {
  spare.push(new WeakRef(buffer))
}

export class PartBuffers {
  readonly #source: Source
  /** What was read of the source before, and is yet to be copied. */
  readonly #head: Uint8Array[]
  /** What is being copied, and what is left of it. */
  #chunk: Uint8Array | undefined
  #rest: Uint8Array | undefined

  constructor(source: Source, head: readonly Uint8Array[]) {
    this.#source = source
    this.#head = [...head]
  }

  /**
   * Copies into the buffer, which holds `length` bytes, until it holds `end` or the source has
   * ended; how many it holds then.
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

  /** Whether the source has more; it throws here when it is not what it should be. */
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
   * The body in parts of the given sizes, of which the first is in its buffer already; the last is
   * as long as it is.
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
