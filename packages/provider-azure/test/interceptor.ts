import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of a request: answers it, or says `forward` and the server does. */
export type Interception = (asked: IncomingMessage, answer: ServerResponse, forward: () => void) => Promise<void> | void

/** A proxy in front of the service, through which a test sees requests, answers some itself, or breaks connections. */
export class Interceptor implements AsyncDisposable {
  intercept: Interception = (_asked, _answer, forward) => forward()
  readonly #server
  readonly #target: URL

  constructor(endpoint: string) {
    this.#target = new URL(endpoint)
    this.#server = createServer((asked, answer) => {
      Promise.resolve(this.intercept(asked, answer, () => this.#forward(asked, answer))).catch((error: Error) =>
        answer.destroy(error),
      )
    })
  }

  /** The service's URL, as seen through the proxy. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}${this.#target.pathname}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #forward(asked: IncomingMessage, answer: ServerResponse): void {
    const { hostname, port } = this.#target
    const { method, url: path, headers } = asked
    const forwarded = request({ hostname, port, method, path, headers }, (received) => {
      answer.writeHead(received.statusCode ?? 500, received.headers)
      received.pipe(answer)
    })
    forwarded.on('error', () => answer.destroy())
    asked.pipe(forwarded)
  }
}
