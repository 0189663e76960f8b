/**
 * A server that answers as a test tells it to: for what a real one does only now and then.
 */
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

export interface StandIn extends AsyncDisposable {
  readonly url: string
  readonly received: Received[]
}

/** The answer may be given later, or never. `response` is for answers that break off. */
export async function standIn(
  answer: (request: Received, response: ServerResponse) => unknown,
  readBody = true,
): Promise<StandIn> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const respond = async () => {
      const { method = '', url: path = '', headers } = request
      const token = headers['x-auth-token']
      const whole = {
        method,
        path,
        headers,
        token: typeof token === 'string' ? token : undefined,
        body: readBody ? await buffer(request) : Buffer.alloc(0),
      }
      received.push(whole)
      await answer(whole, response)
    }
    respond().catch(() => response.destroy())
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
