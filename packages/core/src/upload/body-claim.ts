/**
 * Ensures that a body that can be read only once is stored once. If it was read before, or is being
 * read, its first bytes would be missing.
 */
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { invalid } from '../checks/invalid.js'
import type { StorageError } from '../contract/errors.js'

/** Bodies that can be read only once and were passed to core. */
const claimed = new WeakSet<object>()

/** Returns whether a value is a readable stream of Node, of any implementation. */
export const isNodeStream = (value: unknown): value is Readable =>
  value instanceof Readable ||
  (typeof value === 'object' &&
    value !== null &&
    'pipe' in value &&
    typeof value.pipe === 'function' &&
    Symbol.asyncIterator in value)

/**
 * Claims a body for one operation. Returns the error if another reader has it; then the body must
 * not be touched. Iterators that were used elsewhere are not recognized, because a finished one
 * looks like an empty one.
 */
export function claimBody(body: unknown): StorageError | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  if (body instanceof Uint8Array || body instanceof ArrayBuffer) {
    const { detached } = (body instanceof ArrayBuffer ? body : body.buffer) as ArrayBuffer
    return detached ? invalid('body', 'body is a buffer whose memory was transferred') : undefined
  }
  const used = claimed.has(body) || wasRead(body)
  if (used) return invalid('body', 'body was read before, or is being read: a stream or an iterator can be stored once')
  if (isNodeStream(body) || body instanceof ReadableStream || ('next' in body && typeof body.next === 'function')) {
    claimed.add(body)
  }
  return undefined
}

function wasRead(body: object): boolean {
  if (body instanceof ReadableStream) return body.locked || Readable.isDisturbed(body as unknown as Readable)
  if (!isNodeStream(body)) return false
  // A failed stream is read, so that its own error becomes the cause.
  if ((body.errored ?? undefined) !== undefined) return false
  return Readable.isDisturbed(body) || body.readableEnded || body.destroyed
}
