/**
 * Reads small response bodies at once. A separate stream would cost more than the body, and a
 * broken connection is then a failed call like any other.
 */
import type { Readable } from 'node:stream'
import { StorageError } from '../contract/errors.js'

/** The maximum size of a small body, in bytes. */
export const smallBodySize = 65_536

/**
 * Reads a body to its end. If it fails, the stream is destroyed.
 *
 * Fails with `CONNECTION_LOST` if the body ends early, and with `BAD_RESPONSE` if it is longer than
 * `length`.
 *
 * @param length The expected size, in bytes.
 * @param explain Makes the error from the stream's failure or the signal's reason.
 */
export function readSmallBody(
  body: Readable,
  length: number,
  signal: AbortSignal,
  explain: (error: unknown) => StorageError,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let received = 0
  const onAbort = () => fail(explain(signal.reason))
  const fail = (error: StorageError) => {
    signal.removeEventListener('abort', onAbort)
    reject(error)
    body.destroy()
  }
  body.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    received += chunk.length
    if (received > length)
      fail(new StorageError('BAD_RESPONSE', `the service sent more than the ${length} requested bytes`))
  })
  // The listener stays: a later failure must not become an uncaught exception.
  body.on('error', (error) => fail(explain(error)))
  body.once('close', () => {
    if (!body.readableEnded) fail(connectionLost())
  })
  body.once('end', () => {
    if (received < length) return fail(connectionLost())
    signal.removeEventListener('abort', onAbort)
    const [only] = chunks
    resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length))
  })
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  else if (body.closed) fail(connectionLost())
  return promise
}

const connectionLost = () => new StorageError('CONNECTION_LOST', 'the connection ended before the end of the file')
