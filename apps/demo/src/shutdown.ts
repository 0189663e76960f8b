/**
 * A stop that lets requests finish: new connections are refused, idle ones closed, and busy ones closed after their answer.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
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
  /** Every open connection, with the number of its requests that are not answered yet. */
  readonly #connections = new Map<Socket, number>()
  #stopping = false

  constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => {
      this.#connections.set(socket, 0)
      socket.once('close', () => this.#connections.delete(socket))
    })
    // Before the application's own listener: an answer's headers cannot be set once they are sent.
    server.prependListener('request', (request, response) => this.#watch(request, response))
  }

  #watch({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#count(socket, 1)
    if (this.#stopping) response.shouldKeepAlive = false
    response.once('close', () => {
      this.#count(socket, -1)
      if (this.#stopping) this.#server.closeIdleConnections()
    })
  }

  #count(socket: Socket, change: number): void {
    const requests = this.#connections.get(socket)
    if (requests !== undefined) this.#connections.set(socket, requests + change)
  }

  /** True when all requests were answered; false when time ran out and connections were cut. */
  async stop({ headGrace, requestGrace }: ShutdownLimits): Promise<boolean> {
    this.#stopping = true
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    // The server takes a connection that has sent nothing yet, as browsers hold in reserve, for a busy one.
    this.#cut((socket, requests) => requests === 0 && socket.bytesRead === 0)
    const heads = setTimeout(() => this.#cut((_, requests) => requests === 0), headGrace)
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

  #cut(chosen: (socket: Socket, requests: number) => boolean): void {
    for (const [socket, requests] of this.#connections) if (chosen(socket, requests)) socket.destroy()
  }
}
