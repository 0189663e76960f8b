import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { inspect } from 'node:util'
import { isStorageError, type StorageError } from '@stowage/core'
import { startIdleClosingProxy } from '@stowage/test-servers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { HttpTransport } from '../src/index.js'

/** Clean-ups after a test, in reverse order. */
const atEnd: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of atEnd.splice(0).reverse()) await end()
})

async function listen(server: Server | TcpServer): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  atEnd.push(async () => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const serve = (listener: RequestListener) => listen(createServer(listener))

/** A server whose every response is this text, after which it closes the connection. */
const serveText = (text: string) =>
  listen(createTcpServer((socket) => socket.on('error', () => undefined).once('data', () => socket.end(text))))

function transportOf(...options: ConstructorParameters<typeof HttpTransport>): HttpTransport {
  const transport = new HttpTransport(...options)
  atEnd.push(() => transport.close())
  return transport
}

const get = (origin: string) => ({ method: 'GET', origin, path: '/', headers: {} })
const post = (origin: string) => ({ method: 'POST', origin, path: '/', headers: {}, body: Buffer.from('x') })
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable('the call succeeded'),
    (error: unknown) => error as StorageError,
  )

describe('A connection', () => {
  test('is reused, but not after a pause in which the service may have closed it', async () => {
    const server = createServer((_, response) => response.end())
    const origin = await listen(server)
    let connections = 0
    server.on('connection', () => connections++)
    const transport = transportOf()
    for (let count = 0; count < 3; count++) await transport.send(get(origin))
    expect(connections).toBe(1)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 })
    atEnd.push(async () => vi.useRealTimers())
    await transport.send(get(origin))
    expect(connections).toBe(2)
  })

  test('that the service closed while the event loop was blocked loses no request, and no request is sent twice', async () => {
    let posts = 0
    const origin = await serve((_, response) => {
      posts++
      response.end()
    })
    const proxy = await startIdleClosingProxy(origin)
    atEnd.push(() => proxy.stop())
    const transport = transportOf()
    await Promise.all(Array.from({ length: 5 }, () => transport.send(post(proxy.endpoint))))
    for (let round = 0; round < 3; round++) {
      proxy.blockUntilClosed()
      await Promise.all(Array.from({ length: 5 }, () => transport.send(post(proxy.endpoint))))
    }
    expect(posts).toBe(20)
  })

  test.each([1, 3])('is not opened if there are already %i, the maximum', async (maxConnections) => {
    let open = 0
    let most = 0
    const origin = await serve(async (_, response) => {
      most = Math.max(most, ++open)
      await new Promise(setImmediate)
      open--
      response.end()
    })
    const transport = transportOf({ maxConnections })
    await Promise.all(Array.from({ length: 12 }, () => transport.send(get(origin))))
    expect(most).toBeLessThanOrEqual(maxConnections)
  })
})

describe('A response', () => {
  test.each([
    ['shorter than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n<list>'],
    ['shorter, with Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n<list>'],
    ['without its last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<list>\r\n'],
    [
      'without its last chunk, with Connection: close',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<list>\r\n',
    ],
    ['in the middle of its headers', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['before its first byte', ''],
  ])('that ends %s is CONNECTION_LOST, in memory and as a stream', async (_, text) => {
    const origin = await serveText(text)
    const transport = transportOf()
    expect(await failure(transport.send(get(origin)))).toMatchObject({ code: 'CONNECTION_LOST' })
    const streamed = transport.send({ ...get(origin), streamFrom: 0 }).then(({ body }) => buffer(body as Readable))
    expect(await failure(streamed)).toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test('that is not HTTP is BAD_RESPONSE', async () => {
    const origin = await serveText('<html>hello</html>\r\n\r\n')
    expect(await failure(transportOf().send(get(origin)))).toMatchObject({ code: 'BAD_RESPONSE' })
  })

  test('that does not arrive within the timeout is CONNECTION_LOST', async () => {
    const origin = await serve(() => undefined)
    const error = await failure(transportOf({ idleTimeout: 50 }).send(get(origin)))
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', message: 'no data from the service within the timeout' })
  })

  test('is in memory up to streamFrom bytes, and a stream if it is longer', async () => {
    const origin = await serve((request, response) => response.end('x'.repeat(Number(request.url?.slice(1)))))
    const transport = transportOf()
    const open = (size: number) => transport.send({ ...get(origin), path: `/${size}`, streamFrom: 100 })
    expect((await open(100)).body).toEqual(Buffer.alloc(100, 'x'))
    const { body } = await open(101)
    expect(Buffer.isBuffer(body)).toBe(false)
    expect(await buffer(body as Readable)).toEqual(Buffer.alloc(101, 'x'))
  })
})

describe('A request', () => {
  test('to an unreachable service is UNAVAILABLE', async () => {
    const server = createServer()
    const origin = await listen(server)
    server.close()
    await once(server, 'close')
    expect(await failure(transportOf().send(get(origin)))).toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('with a header that is invalid in HTTP is INVALID_ARGUMENT', async () => {
    const origin = await serve((_, response) => response.end())
    const request = { ...get(origin), headers: { 'x-a': 'b\r\nx-injected: c' } }
    expect(await failure(transportOf().send(request))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test("rejects with its signal's reason", async () => {
    const controller = new AbortController()
    const origin = await serve(() => controller.abort(new Error('enough')))
    const sending = transportOf().send({ ...get(origin), signal: controller.signal })
    await expect(sending).rejects.toThrow('enough')
  })

  test('and every later one fails with CLOSED if the transport is closed', async () => {
    const transport = transportOf()
    const origin = await serve(() => void transport.close())
    expect(await failure(transport.send(get(origin)))).toMatchObject({ code: 'CLOSED' })
    expect(await failure(transport.send(get(origin)))).toMatchObject({ code: 'CLOSED' })
  })

  test('that fails has an error without its headers, path and body', async () => {
    const secret = 'hunter2'
    const server = createServer()
    const gone = await listen(server)
    server.close()
    await once(server, 'close')
    const origins = [gone, await serveText(''), await serveText('garbage\r\n\r\n'), await serve(() => undefined)]
    for (const origin of origins) {
      const request = {
        ...post(origin),
        path: `/?sig=${secret}`,
        headers: { authorization: secret },
        body: Buffer.from(secret),
      }
      const error = await failure(transportOf({ idleTimeout: 50 }).send(request))
      expect(isStorageError(error)).toBe(true)
      expect(`${inspect(error, { depth: 9, showHidden: true })}${JSON.stringify(error)}`).not.toContain(secret)
    }
  })

  test('uses the proxy in the environment variables', async () => {
    const origin = await serve((_, response) => response.end('behind the proxy'))
    const tunnelled: (string | undefined)[] = []
    const proxy = createServer().on('connect', (request, socket) => {
      tunnelled.push(request.url)
      const { hostname, port } = new URL(`http://${request.url}`)
      const upstream = connect(Number(port), hostname, () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'))
      socket.pipe(upstream).pipe(socket)
      socket.on('error', () => upstream.destroy())
      upstream.on('error', () => socket.destroy())
    })
    vi.stubEnv('HTTP_PROXY', await listen(proxy))
    atEnd.push(async () => vi.unstubAllEnvs())
    const { body } = await transportOf().send(get(origin))
    expect(body.toString()).toBe('behind the proxy')
    expect(tunnelled).toEqual([new URL(origin).host])
  })
})

test('an abort after the reader has left causes no uncaught error', async () => {
  const origin = await serve((_, response) =>
    response.writeHead(200, { 'content-length': '1000000' }).write('beginning'),
  )
  const controller = new AbortController()
  const { signal } = controller
  const { body } = await transportOf().send({ ...get(origin), signal, streamFrom: 0 })
  // `once` would listen to errors too.
  const closed = new Promise<void>((resolve) => (body as Readable).on('close', resolve))
  controller.abort(new Error('enough'))
  await closed
})
