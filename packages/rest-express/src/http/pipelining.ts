/**
 * Pipelined requests (RFC 9112, 9.3.2): those of one connection are handled one at a time.
 *
 * Node parses everything that has arrived and hands out all requests at once, although their responses wait for
 * each other: a packet of a thousand requests for downloads would open a thousand files.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { clientGone } from './connection.js'

/** What rejects the turn of each request that waits. */
type Waiting = Set<(error: Error) => void>

const lines = new WeakMap<Socket, Waiting>()

/**
 * Resolves when the responses before this one are done; `undefined` when there are none, which is the rule.
 * Rejects when the client closes the connection before. Nothing more is read from it while a request waits.
 */
export function turnOf(req: IncomingMessage, res: ServerResponse): Promise<void> | undefined {
  const { socket } = req
  // A response that waits for others has no socket yet.
  if (res.socket !== null || !(socket instanceof Socket)) return undefined
  if (socket.destroyed) return Promise.reject(clientGone())
  const waiting = lines.get(socket) ?? openLine(socket)
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

function openLine(socket: Socket): Waiting {
  const waiting: Waiting = new Set()
  lines.set(socket, waiting)
  // Node resumes a connection whenever its response has drained.
  socket.on('resume', () => {
    if (waiting.size > 0) socket.pause()
  })
  socket.once('close', () => {
    for (const reject of waiting) reject(clientGone())
  })
  return waiting
}
