/**
 * Bodies that can be read once. One that was read before, or is being read, would be stored without
 * the bytes that are gone.
 */
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { invalid } from '../checks/invalid.js'
import type { StorageError } from '../contract/errors.js'

/** Bodies that can be read once and were handed to core, whatever became of them. */
const claimed = new WeakSet<object>()

/** Whether a value is a readable stream of Node's, of whichever implementation. */
export const isNodeStream = (value: unknown): value is Readable =>
  value instanceof Readable ||
  (typeof value === 'object' &&
    value !== null &&
    'pipe' in value &&
    typeof value.pipe === 'function' &&
    Symbol.asyncIterator in value)

/**
 * Takes a body for one operation. The error, when it belongs to another reader already: then it
 * must be left alone. Of an iterator that was used elsewhere nobody can tell, since a finished one
 * looks like an empty one.
 */
export function claimBody(body: unknown): StorageError | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  if (body instanceof Uint8Array || body instanceof ArrayBuffer) {
    const { detached } = (body instanceof ArrayBuffer ? body : body.buffer) as ArrayBuffer
    return detached ? invalid('body', 'the body is a buffer whose memory was transferred to another owner') : undefined
  }
  const used = claimed.has(body) || wasRead(body)
  if (used)
    return invalid('body', 'the body was read before, or is being read: a stream or an iterator can be stored once')
  if (isNodeStream(body) || body instanceof ReadableStream || ('next' in body && typeof body.next === 'function')) {
    claimed.add(body)
  }
  return undefined
}

function wasRead(body: object): boolean {
  if (body instanceof ReadableStream) return body.locked || Readable.isDisturbed(body as unknown as Readable)
  if (!isNodeStream(body)) return false
  // One that failed is read all the same, so that its own error is the cause.
  if ((body.errored ?? undefined) !== undefined) return false
  return Readable.isDisturbed(body) || body.readableEnded || body.destroyed
}
