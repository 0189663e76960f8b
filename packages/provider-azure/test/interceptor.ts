import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Handles a request: responds itself, or calls `forward` to pass it to the server. */
export type Interception = (
  incoming: IncomingMessage,
  response: ServerResponse,
  forward: () => void,
) => Promise<void> | void

/**
 * A proxy in front of the service: a test observes requests, responds to some itself, or breaks
 * connections.
 */
export class Interceptor implements AsyncDisposable {
  intercept: Interception = (_request, _response, forward) => forward()
  readonly #server
  readonly #target: URL

  constructor(endpoint: string) {
    this.#target = new URL(endpoint)
    this.#server = createServer((incoming, response) => {
      Promise.resolve(this.intercept(incoming, response, () => this.#forward(incoming, response))).catch(
        (error: Error) => response.destroy(error),
      )
    })
  }

  /** Starts the proxy, and returns the service's URL through it. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}${this.#target.pathname}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #forward(incoming: IncomingMessage, response: ServerResponse): void {
    const { hostname, port } = this.#target
    const { method, url: path, headers } = incoming
    const forwarded = request({ hostname, port, method, path, headers }, (received) => {
      response.writeHead(received.statusCode ?? 500, received.headers)
      received.pipe(response)
    })
    forwarded.on('error', () => response.destroy())
    incoming.pipe(forwarded)
  }
}
