/**
 * The connection of a request: whether the client is still connected, and backpressure.
 */
import type { Http2ServerRequest } from 'node:http2'
import { StorageError } from '@stowage/core'
import type { HttpRequest, HttpResponse } from './messages.js'

export const clientGone = (): StorageError => new StorageError('ABORTED', 'the client closed the connection')

const cutOff = new WeakSet<HttpRequest | Http2ServerRequest>()

/**
 * Has to be called when the body ends. On HTTP/2, the body of a request that the client resets ends
 * normally, and the request counts as complete. Only the stream shows, at that moment, that it is
 * closed before the response (RFC 9113, 8.1).
 */
export function noteEnd(req: HttpRequest | Http2ServerRequest): void {
  if ('stream' in req && req.stream.aborted) cutOff.add(req)
}

/** Whether the client has reset the request before its end, which is possible only in HTTP/2. */
export const wasReset = (req: HttpRequest | Http2ServerRequest): boolean =>
  'stream' in req && (cutOff.has(req) || (req.stream.aborted && !req.readableEnded))

/** Whether the whole request has arrived. */
export const arrivedWhole = (req: HttpRequest): boolean => req.complete && !wasReset(req)

/** For reads: aborted if the connection closes before the whole response was passed to it. */
export function responseSignal(res: HttpResponse): AbortSignal {
  return closeSignal(res, () => !res.writableFinished)
}

/**
 * For writes: aborted if the connection closes before the whole request has arrived. A complete
 * request is carried out, because many clients close the connection after the last byte and read no
 * response.
 */
export function requestSignal(req: HttpRequest, res: HttpResponse): AbortSignal {
  return closeSignal(res, () => !arrivedWhole(req))
}

function closeSignal(res: HttpResponse, isGone: () => boolean): AbortSignal {
  const controller = new AbortController()
  const abort = () => {
    if (isGone()) controller.abort(clientGone())
  }
  if (res.closed) abort()
  else res.once('close', abort)
  return controller.signal
}

/**
 * Writes a piece of the response and waits until there is room for the next one. Throws if the
 * client closed the connection.
 */
export async function writePiece(res: HttpResponse, piece: string | Uint8Array): Promise<void> {
  if (res.destroyed) throw clientGone()
  if (res.write(piece)) return
  await new Promise<void>((resolve, reject) => {
    const settle = () => {
      res.off('drain', settle)
      res.off('close', settle)
      if (res.destroyed) reject(clientGone())
      else resolve()
    }
    res.on('drain', settle)
    res.on('close', settle)
  })
}
