/**
 * Responses that are sent before the whole request has arrived. A connection that is closed while
 * its client still sends is reset, and the client may lose the response. The rest is therefore read
 * and discarded, up to a limit.
 */
import { Socket } from 'node:net'
import type { HttpRequest } from './messages.js'

/** Bytes to read and discard after the response to a request whose body is not needed. */
const discardBytes = 64 * 1024 * 1024
/** Milliseconds after which reading stops. */
const discardTime = 30_000

const discarded = new WeakSet<HttpRequest>()

/**
 * Reads and discards the rest of a request, so that a client that sends first and reads afterwards
 * receives the response. A client that exceeds the limits loses the connection. With
 * `Connection: close`, the connection is closed only afterwards: call it before the response is
 * ended, or right after.
 */
export function discardRest(req: HttpRequest): void {
  if (req.complete || req.destroyed) {
    req.resume()
    return
  }
  lingerOnClose(req)
  discard(req)
}

/**
 * Delays the closing of a connection after its last response until the request has arrived, within
 * the limits.
 */
export function lingerOnClose(req: HttpRequest): void {
  const { socket } = req
  if (!(socket instanceof Socket) || req.httpVersionMajor !== 1) return
  // Node calls this when the last response of a connection was flushed.
  socket.destroySoon = () => {
    Reflect.deleteProperty(socket, 'destroySoon')
    const nothingFollows = req.complete || req.destroyed || socket.readableEnded
    if (nothingFollows) {
      socket.destroySoon()
      return
    }
    socket.end()
    req.once('end', () => socket.destroySoon())
    discard(req)
  }
}

function discard(req: HttpRequest): void {
  if (discarded.has(req)) return
  discarded.add(req)
  let left = discardBytes
  const stop = () => req.destroy()
  const timer = setTimeout(stop, discardTime).unref()
  req.on('error', stop)
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) stop()
  })
  // A reader that does not yet know that the body is discarded may pause it.
  req.on('pause', () => req.resume())
  req.once('close', () => clearTimeout(timer))
  req.once('end', () => clearTimeout(timer))
  req.resume()
}
