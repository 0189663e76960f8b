/**
 * Small bodies of answers, which a provider reads at once: a stream of its own costs more than they
 * do, and a connection that breaks meanwhile is a failed call like any other.
 */
import type { Readable } from 'node:stream'
import { StorageError } from '../contract/errors.js'

/** Bytes: bodies up to here are small. */
export const smallBodySize = 65_536

/**
 * Reads a body to its end. Rejects with what `explain` makes of the stream's failure or of the
 * signal's reason, with `CONNECTION_LOST` when it ends early, and with `BAD_RESPONSE` when it is
 * longer; the stream is destroyed then.
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
      fail(new StorageError('BAD_RESPONSE', `the service sent more than the ${length} bytes asked for`))
  })
  // Stays for failures that come later, which nobody needs to know.
  body.on('error', (error) => fail(explain(error)))
  body.once('close', () => {
    if (!body.readableEnded) fail(lost())
  })
  body.once('end', () => {
    if (received < length) return fail(lost())
    signal.removeEventListener('abort', onAbort)
    const [only] = chunks
    resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length))
  })
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  else if (body.closed) fail(lost())
  return promise
}

const lost = () => new StorageError('CONNECTION_LOST', 'the connection ended before the file did')
