/**
 * Content of files, and sources of it.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

/** Pseudorandom bytes, which reveal a range from the wrong offset. */
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

/** Large content at low cost: one repeated block that starts with its number. */
export function* blocks(total: number, blockSize: number): Generator<Buffer> {
  const pattern = bytes(blockSize)
  for (let offset = 0, number = 0; offset < total; offset += blockSize, number++) {
    const block = Buffer.from(pattern.subarray(0, Math.min(blockSize, total - offset)))
    if (block.length >= 4) block.writeUInt32BE(number)
    yield block
  }
}

/** Asserts that a stream has these chunks except the first bytes. Returns the number of bytes. */
export async function sameChunks(
  stream: AsyncIterable<Buffer>,
  chunks: Iterable<Uint8Array>,
  skipped: number,
): Promise<number> {
  const [actual, expected] = [createHash('md5'), createHash('md5')]
  let length = 0
  for await (const chunk of stream) {
    actual.update(chunk)
    length += chunk.length
  }
  let left = skipped
  for (const chunk of chunks) {
    expected.update(chunk.subarray(left))
    left = Math.max(0, left - chunk.length)
  }
  assert.equal(actual.digest('hex'), expected.digest('hex'), 'the content of the stream')
  return length
}

export const hex = (algorithm: 'md5' | 'sha256', content: Uint8Array): string =>
  createHash(algorithm).update(content).digest('hex')

/** Content in pieces, as an async iterable. */
export async function* pieces(content: Uint8Array, pieceSize: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < content.length; offset += pieceSize) yield content.subarray(offset, offset + pieceSize)
}

/** A source that counts the bytes that were read, and records whether it was ended. */
export class WatchedSource implements AsyncIterable<Uint8Array> {
  /** Bytes that were read. */
  pulled = 0
  /** Whether the reader called `return` or reached the end. */
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

/** The chunks; then calls `then` once and never continues or ends. */
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

/** The chunks, then the error. */
export async function* failingAfter(chunks: Iterable<Uint8Array>, error: unknown): AsyncGenerator<Uint8Array> {
  yield* chunks
  throw error
}

/** Waits, for at most ten seconds, for a condition that other threads or programs cause. */
export async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !holds(); tries++) await delay(10)
}

/** Waits until a number does not change in many turns of the event loop, and returns it. */
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
