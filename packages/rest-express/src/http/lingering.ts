/**
 * Responses that are sent before the whole request has arrived. A connection that is closed while its client still
 * sends is reset, and the client may lose the response with it; so the rest is read and thrown away, up to a bound.
 */
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

/** Bytes that are still read, and thrown away, after the response to a request whose body was not wanted. */
const discardBytes = 64 * 1024 * 1024
/** Milliseconds that this may take. */
const discardTime = 30_000

const discarded = new WeakSet<IncomingMessage>()

/**
 * Reads and throws away what remains of a request, so that a client which sends first and reads afterwards sees the
 * response. One that goes on and on loses the connection. With `Connection: close`, the connection is closed only
 * afterwards: call it before the response is ended, or right after.
 */
export function discardRest(req: IncomingMessage): void {
  if (req.complete || req.destroyed) {
    req.resume()
    return
  }
  lingerOnClose(req)
  discard(req)
}

/** Puts off the closing of a connection whose last response was sent until the request has arrived, within the bounds. */
export function lingerOnClose(req: IncomingMessage): void {
  const { socket } = req
  if (!(socket instanceof Socket) || req.httpVersionMajor !== 1) return
  // What Node calls when the last response of a connection was flushed.
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

function discard(req: IncomingMessage): void {
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
  // A reader that has not noticed yet that the body is not wanted any more pauses it.
  req.on('pause', () => req.resume())
  req.once('close', () => clearTimeout(timer))
  req.once('end', () => clearTimeout(timer))
  req.resume()
}
