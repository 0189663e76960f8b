/**
 * A stop that lets requests finish: new connections are refused, idle ones closed, and busy ones closed after their answer.
 */
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface ShutdownLimits {
  /**
   * Milliseconds for which idle connections stay open. Clients may be about to send a request on one, and get its response.
   * Default: 0.
   */
  readonly idleGrace?: number
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
  #keepsIdle = false

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
      if (this.#stopping && !this.#keepsIdle) this.#server.closeIdleConnections()
    })
  }

  /** True when all requests were answered; false when time ran out and connections were cut. */
  async stop({ idleGrace = 0, headGrace, requestGrace }: ShutdownLimits): Promise<boolean> {
    this.#stopping = true
    const closed = once(this.#server, 'close')
    if (idleGrace > 0) {
      this.#keepsIdle = true
      // Unlike the close of an HTTP server, this closes no connection.
      NetServer.prototype.close.call(this.#server)
      await Promise.race([closed, delay(idleGrace, undefined, { ref: false })])
      this.#keepsIdle = false
    }
    this.#server.close()
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
