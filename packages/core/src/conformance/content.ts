/**
 * Content for tests, and sources that can be watched.
 */
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

/** Bytes that differ at every offset and for every seed, so that a range taken from the wrong place is noticed. */
export function bytes(length: number, seed = 1): Buffer<ArrayBuffer> {
  const content = Buffer.alloc(length)
  let state = Math.imul(seed, 0x9e3779b1) | 1
  for (let offset = 0; offset < length; offset++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    content[offset] = state
  }
  return content
}

/** Large content at little cost: a block repeated, each time with its number in front. */
export function* blocks(total: number, blockSize: number): Generator<Buffer> {
  const pattern = bytes(blockSize)
  for (let offset = 0, number = 0; offset < total; offset += blockSize, number++) {
    const block = Buffer.from(pattern.subarray(0, Math.min(blockSize, total - offset)))
    if (block.length >= 4) block.writeUInt32BE(number)
    yield block
  }
}

export const hex = (algorithm: 'md5' | 'sha256', content: Uint8Array): string =>
  createHash(algorithm).update(content).digest('hex')

/** Content in pieces, as an async iterable. */
export async function* pieces(content: Uint8Array, pieceSize: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < content.length; offset += pieceSize) yield content.subarray(offset, offset + pieceSize)
}

/** A source that counts what was taken from it, and knows whether it was left in order. */
export class WatchedSource implements AsyncIterable<Uint8Array> {
  /** Bytes given out. */
  pulled = 0
  /** Whether somebody called `return`, or the end was reached. */
  ended = false
  readonly #chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  readonly #onPull: ((pulled: number) => void) | undefined

  constructor(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, onPull?: (pulled: number) => void) {
    this.#chunks = chunks
    this.#onPull = onPull
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#chunks) {
        this.pulled += chunk.length
        this.#onPull?.(this.pulled)
        yield chunk
      }
    } finally {
      this.ended = true
    }
  }
}

/** The given chunks, then `then` is called once and nothing comes any more: neither a chunk nor the end. */
export function stallingAfter(chunks: readonly Uint8Array[], then: () => void): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      let index = 0
      return {
        next() {
          const value = chunks[index++]
          if (value !== undefined) return Promise.resolve({ done: false as const, value })
          if (index === chunks.length + 1) then()
          return new Promise<never>(() => {})
        },
        return: () => Promise.resolve({ done: true as const, value: undefined }),
      }
    },
  }
}

/** The given chunks, then the error. */
export async function* failingAfter(chunks: Iterable<Uint8Array>, error: unknown): AsyncGenerator<Uint8Array> {
  yield* chunks
  throw error
}

/** Waits until something holds that other threads or programs bring about, for at most ten seconds. */
export async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !holds(); tries++) await delay(10)
}

/** Waits until a number stays the same while the event loop goes round many times. */
export async function settled(read: () => number): Promise<number> {
  let before = read()
  for (let quiet = 0; quiet < 50; quiet++) {
    await new Promise(setImmediate)
    const now = read()
    if (now !== before) quiet = 0
    before = now
  }
  return before
}
