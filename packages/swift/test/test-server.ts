/** A server with the responses of a test, for the responses that a real one rarely sends. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface Received {
  readonly method: string
  readonly path: string
  readonly token: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly received: Received[]
}

/**
 * @param respond Called with each request. It may respond later or never, and `response` may be
 * ended early.
 */
export async function startServer(
  respond: (request: Received, response: ServerResponse) => unknown,
  readBody = true,
): Promise<TestServer> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const handle = async () => {
      const { method = '', url: path = '', headers } = request
      const token = headers['x-auth-token']
      const complete = {
        method,
        path,
        headers,
        token: typeof token === 'string' ? token : undefined,
        body: readBody ? await buffer(request) : Buffer.alloc(0),
      }
      received.push(complete)
      await respond(complete, response)
    }
    handle().catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
