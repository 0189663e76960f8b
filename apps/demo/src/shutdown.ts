/**
 * A graceful shutdown: refuses new connections, closes idle ones, and closes busy ones after their
 * response.
 */
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface ShutdownLimits {
  /**
   * Milliseconds for which idle connections stay open. Clients may be about to send a request on
   * one, and get its response. Default: 0.
   */
  readonly idleGrace?: number
  /** Milliseconds in which a connection must complete the head of a request that it has begun. */
  readonly headGrace: number
  /** Milliseconds that requests may take to finish. */
  readonly requestGrace: number
}

/** Tracks a server's connections, so that a shutdown knows which of them are busy. */
export class GracefulShutdown {
  readonly #server: Server
  /** Every open connection, with its pending responses. */
  readonly #connections = new Map<Socket, Set<ServerResponse>>()
  #stopping = false
  #keepsIdle = false

  constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => {
      this.#connections.set(socket, new Set())
      socket.once('close', () => this.#connections.delete(socket))
    })
    // Before the application's listener, which may send the response's headers at once.
    server.prependListener('request', ({ socket }, response) => this.#watch(socket, response))
  }

  #watch(socket: Socket, response: ServerResponse): void {
    const responses = this.#connections.get(socket)
    responses?.add(response)
    if (this.#stopping) response.shouldKeepAlive = false
    response.once('close', () => {
      responses?.delete(response)
      // If the headers were sent before the shutdown began, the connection stays open.
      if (this.#stopping && !this.#keepsIdle) this.#server.closeIdleConnections()
    })
  }

  /**
   * Returns true if all requests got their response, false if connections were closed at the time
   * limit.
   */
  async stop({ idleGrace = 0, headGrace, requestGrace }: ShutdownLimits): Promise<boolean> {
    this.#stopping = true
    const closed = once(this.#server, 'close')
    if (idleGrace > 0) {
      this.#keepsIdle = true
      // Unlike `close` of an HTTP server, this closes no connection.
      NetServer.prototype.close.call(this.#server)
      await Promise.race([closed, delay(idleGrace, undefined, { ref: false })])
      this.#keepsIdle = false
    }
    this.#server.close()
    for (const responses of this.#connections.values())
      for (const response of responses) response.shouldKeepAlive = false
    // Node 22 counts a connection that has sent nothing yet, such as a browser's spare one, as
    // busy.
    this.#cut((socket, responses) => responses === 0 && socket.bytesRead === 0)
    const heads = setTimeout(() => this.#cut((_, responses) => responses === 0), headGrace)
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

  #cut(chosen: (socket: Socket, responses: number) => boolean): void {
    for (const [socket, responses] of this.#connections) if (chosen(socket, responses.size)) socket.destroy()
  }
}
