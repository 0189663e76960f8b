/**
 * A stop that lets requests finish: new connections are refused, idle ones closed, and busy ones closed after their answer.
 */
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface ShutdownLimits {
  /** Milliseconds that a connection may take to send the head of a request that it had begun. */
  readonly headGrace: number
  /** Milliseconds that requests may take to finish. */
  readonly requestGrace: number
}

/** Watches a server's connections from its start on, for a stop that knows which of them are busy. */
export class GracefulShutdown {
  readonly #server: Server
  /** Every open connection, with its answers that are not finished yet. */
  readonly #connections = new Map<Socket, Set<ServerResponse>>()
  #stopping = false

  constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => {
      this.#connections.set(socket, new Set())
      socket.once('close', () => this.#connections.delete(socket))
    })
    // Before the application's own listener, which may send the answer's headers at once.
    server.prependListener('request', ({ socket }, response) => this.#watch(socket, response))
  }

  #watch(socket: Socket, response: ServerResponse): void {
    const answers = this.#connections.get(socket)
    answers?.add(response)
    if (this.#stopping) response.shouldKeepAlive = false
    response.once('close', () => {
      answers?.delete(response)
      // An answer whose headers were sent before the stop left its connection open.
      if (this.#stopping) this.#server.closeIdleConnections()
    })
  }

  /** True when all requests were answered; false when time ran out and connections were cut. */
  async stop({ headGrace, requestGrace }: ShutdownLimits): Promise<boolean> {
    this.#stopping = true
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    for (const answers of this.#connections.values()) for (const answer of answers) answer.shouldKeepAlive = false
    // Node 22 takes a connection that has sent nothing yet, as browsers hold in reserve, for a busy one.
    this.#cut((socket, answers) => answers === 0 && socket.bytesRead === 0)
    const heads = setTimeout(() => this.#cut((_, answers) => answers === 0), headGrace)
    let complete = true
    const requests = setTimeout(() => {
      complete = false
      this.#cut(() => true)
    }, requestGrace)
    await closed
    clearTimeout(heads)
    clearTimeout(requests)
    return complete
  }

  #cut(chosen: (socket: Socket, answers: number) => boolean): void {
    for (const [socket, answers] of this.#connections) if (chosen(socket, answers.size)) socket.destroy()
  }
}
