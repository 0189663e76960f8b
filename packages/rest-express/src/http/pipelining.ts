/**
 * Pipelined requests (RFC 9112, 9.3.2): requests of one connection are handled one at a time.
 *
 * Node parses all data that has arrived and emits all requests at once, although their responses
 * wait for each other: a packet of 1,000 download requests would open 1,000 files.
 */
import { Socket } from 'node:net'
import { clientGone } from './connection.js'
import type { HttpRequest, HttpResponse } from './messages.js'

/** The functions that reject the turns of waiting requests. */
type Waiting = Set<(error: Error) => void>

const queues = new WeakMap<Socket, Waiting>()

/**
 * Resolves when the responses before this one are complete; `undefined` if there are none, which is
 * the common case. Rejects if the client closes the connection before. The connection is paused
 * while a request waits.
 */
export function turnOf(req: HttpRequest, res: HttpResponse): Promise<void> | undefined {
  const { socket } = req
  // A response that waits for others has no socket yet.
  if (res.socket !== null || !(socket instanceof Socket)) return undefined
  if (socket.destroyed) return Promise.reject(clientGone())
  const waiting = queues.get(socket) ?? createQueue(socket)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  waiting.add(reject)
  socket.pause()
  res.once('socket', () => {
    waiting.delete(reject)
    if (waiting.size === 0) socket.resume()
    resolve()
  })
  return promise
}

function createQueue(socket: Socket): Waiting {
  const waiting: Waiting = new Set()
  queues.set(socket, waiting)
  // Node resumes a connection whenever its response has drained.
  socket.on('resume', () => {
    if (waiting.size > 0) socket.pause()
  })
  socket.once('close', () => {
    for (const reject of waiting) reject(clientGone())
  })
  return waiting
}
