/**
 * Clients that close early, send several requests at once, or send everything before they read. The
 * tests use sockets, because well-behaved clients do none of this.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { StorageService } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it } from 'vitest'
import { sendError, upload } from '../../src/index.js'
import {
  eventually,
  filePart,
  isFetch,
  listen,
  multipart,
  namesIn,
  openSocket,
  parseResponse,
  rawRequest,
  readToEnd,
  startServer,
} from '../tools/rest-server.js'
import { makeProvider, storageKinds } from '../tools/storages.js'

/** A request as it goes over the wire. */
function message(
  head: string,
  body: string | Buffer = '',
  headers = `Content-Length: ${Buffer.byteLength(body)}`,
): Buffer {
  return Buffer.concat([Buffer.from(`${head} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`), Buffer.from(body)])
}

const content = Buffer.alloc(60_000, 'x')
const chunked = Buffer.concat([Buffer.from('ea60\r\n'), content, Buffer.from('\r\n0\r\n\r\n')])
const formBody = multipart('B', [[filePart('f', 'form'), content]])
const formHeaders = `Content-Type: multipart/form-data; boundary=B\r\nContent-Length: ${formBody.length}`
const json = (value: unknown) => JSON.stringify(value)
const jsonHeaders = (body: string) => `Content-Type: application/json\r\nContent-Length: ${body.length}`
const copy = json({ file: 'there', to: { file: 'copied' } })

/** Whole requests by what they do, the file that each leaves, and their bytes for a mount point. */
const wholeRequests = [
  ['a raw upload', 'raw', (mount: string) => message(`PUT ${mount}/photos/files/raw`, content)],
  [
    'a raw upload of unknown length',
    'chunked',
    (mount: string) => message(`PUT ${mount}/photos/files/chunked`, chunked, 'Transfer-Encoding: chunked'),
  ],
  ['an empty upload', 'empty', (mount: string) => message(`PUT ${mount}/photos/files/empty`)],
  ['a form', 'form', (mount: string) => message(`POST ${mount}/photos/upload`, formBody, formHeaders)],
  ['a copy', 'copied', (mount: string) => message(`POST ${mount}/photos/copy`, copy, jsonHeaders(copy))],
] as const

/** Resolves when the connection of a request is closed, by whichever side. */
const closed = async (req: IncomingMessage | Request) => {
  if (req instanceof Request) {
    if (!req.signal.aborted) await once(req.signal, 'abort')
    return true
  }
  if (!req.socket.closed) await new Promise((resolve) => req.socket.once('close', resolve))
  return true
}

describe.each(storageKinds)('A client that closes right after the last byte, with %s', (kind) => {
  it.each(wholeRequests)('has %s carried out, whenever the closing is noticed', async (_, file, bytesFor) => {
    for (const noticed of ['before the storage is asked', 'at any time']) {
      const { storage, port, mount, failures } = await startServer({
        provider: makeProvider(kind),
        ...(noticed === 'at any time' ? {} : { authorize: ({ req }) => closed(req) }),
      })
      await storage.putFile('photos', 'there', content)
      for (let round = 0; round < 10; round++) {
        const socket = await openSocket(port)
        socket.end(bytesFor(mount), () => socket.destroy())
        await eventually(() => storage.hasFile('photos', file))
        const stored = await (await storage.openFile('photos', file)).bytes()
        expect(stored.equals(file === 'empty' ? Buffer.alloc(0) : content)).toBe(true)
        await storage.removeFile('photos', file)
      }
      expect(failures).toEqual([])
    }
  })

  it('has a container created and files removed', async () => {
    const { storage, port, mount } = await startServer({
      provider: makeProvider(kind),
      authorize: ({ req }) => closed(req),
    })
    await storage.putFile('photos', 'a', 'a')
    for (const [path, value] of [
      ['/', { name: 'created' }],
      ['/photos/remove', { files: ['a'] }],
    ] as const) {
      const socket = await openSocket(port)
      socket.end(message(`POST ${mount}${path}`, json(value), jsonHeaders(json(value))), () => socket.destroy())
    }
    await eventually(async () => (await storage.getContainers()).some(({ name }) => name === 'created'))
    await eventually(async () => !(await storage.hasFile('photos', 'a')))
  })

  it('has a large file stored that is still on its way', async () => {
    const large = Buffer.alloc(5_000_000, 'y')
    const { storage, port, mount } = await startServer({ provider: makeProvider(kind) })
    for (let round = 0; round < 5; round++) {
      const socket = await openSocket(port)
      socket.end(message(`PUT ${mount}/photos/files/large`, large), () => socket.destroy())
      await eventually(() => storage.hasFile('photos', 'large'))
      expect(await storage.getFile('photos', 'large')).toMatchObject({ size: large.length })
      await storage.removeFile('photos', 'large')
    }
  })

  it('that only closes its own side has the file stored too', async () => {
    const { storage, port, mount } = await startServer({
      provider: makeProvider(kind),
      authorize: ({ req }) => closed(req),
    })
    const socket = await openSocket(port)
    socket.resume().end(message(`PUT ${mount}/photos/files/raw`, content))
    await eventually(() => storage.hasFile('photos', 'raw'))
    expect((await storage.getFile('photos', 'raw')).size).toBe(content.length)
  })

  it.each([
    ['a raw upload', 'PUT', '/photos/files/raw', content, ''],
    ['a raw upload of unknown length', 'PUT', '/photos/files/raw', chunked, 'Transfer-Encoding: chunked'],
    ['a form', 'POST', '/photos/upload', formBody, formHeaders],
  ] as const)('before it, has nothing of %s stored', async (_, method, path, body, headers) => {
    for (const noticed of ['before the storage is asked', 'at any time']) {
      const { storage, port, mount, failures } = await startServer({
        provider: makeProvider(kind),
        ...(noticed === 'at any time' ? {} : { authorize: ({ req }) => closed(req) }),
      })
      const whole = message(`${method} ${mount}${path}`, body, headers || undefined)
      for (const missing of [1, 3, 10_000]) {
        failures.length = 0
        const socket = await openSocket(port)
        socket.end(whole.subarray(0, whole.length - missing), () => socket.destroy())
        await eventually(() => failures.length === 1)
        expect(failures[0]?.statusCode).toBe(499)
      }
      expect(await namesIn(storage)).toEqual([])
    }
  })
})

describe('A client that closes right after the last byte', () => {
  it('has its form stored by a route of the application', async () => {
    const storage = new StorageService(new MemoryProvider())
    await storage.createContainer({ name: 'photos' })
    const server = createServer((req, res) => {
      closed(req)
        .then(() => upload(storage, req, res, { container: 'photos' }))
        .catch((error: unknown) => sendError(req, res, error))
    })
    const { port } = await listen(server)
    const socket = await openSocket(port)
    socket.end(message('POST /', formBody, formHeaders), () => socket.destroy())
    await eventually(() => storage.hasFile('photos', 'form'))
  })
})

// The server in front of the handler determines the order of requests, and the end of a connection.
describe.skipIf(isFetch)('Pipelined requests', () => {
  const request = (mount: string, headers = '') => `GET ${mount}/photos/files/a HTTP/1.1\r\nHost: x\r\n${headers}\r\n`

  it('are handled one at a time, and receive their responses in order', async () => {
    let handled = 0
    let most = 0
    const order: (string | undefined)[] = []
    const { port, mount, storage } = await startServer({
      authorize: async ({ file, res }) => {
        handled++
        most = Math.max(most, handled)
        res.once('close', () => handled--)
        order.push(file)
        await nextTurn()
        return true
      },
    })
    const names = Array.from({ length: 50 }, (_, index) => `file ${index}`)
    for (const name of names) await storage.putFile('photos', name, name)
    const socket = await openSocket(port)
    const text = readToEnd(socket)
    socket.write(
      names
        .map((name, index) => {
          const last = index === names.length - 1 ? 'Connection: close\r\n' : ''
          return `GET ${mount}/photos/download/${encodeURIComponent(name)} HTTP/1.1\r\nHost: x\r\n${last}\r\n`
        })
        .join(''),
    )
    const responses = (await text).split('HTTP/1.1 200 OK').slice(1)
    expect(responses.map((response) => response.slice(response.indexOf('\r\n\r\n') + 4))).toEqual(names)
    expect(order).toEqual(names)
    expect(most).toBe(1)
  })

  it('are read from the connection only as far as one packet goes ahead', async () => {
    const count = 5_000
    let waiting = 0
    let most = 0
    const { server, port, mount, storage } = await startServer({ authorize: () => nextTurn(true) })
    await storage.putFile('photos', 'a', 'a')
    server.prependListener('request', (_req, res) => {
      waiting++
      most = Math.max(most, waiting)
      res.once('close', () => waiting--)
    })
    const socket = await openSocket(port)
    const text = readToEnd(socket)
    socket.write(request(mount).repeat(count) + request(mount, 'Connection: close\r\n'))
    expect((await text).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(count + 1)
    expect(most).toBeLessThanOrEqual(Math.ceil(65_536 / request(mount).length) + 1)
  })

  it('of which the last has a body are read to its end', async () => {
    const { port, mount, storage } = await startServer({ authorize: () => nextTurn(true) })
    await storage.putFile('photos', 'a', 'a')
    const body = Buffer.alloc(3_000_000, 'b')
    const socket = await openSocket(port)
    const text = readToEnd(socket)
    socket.write(request(mount).repeat(3))
    socket.write(message(`PUT ${mount}/photos/files/b`, body))
    socket.write(request(mount).repeat(2) + request(mount, 'Connection: close\r\n'))
    expect((await text).match(/HTTP\/1\.1 (\d+)/g)?.map((line) => line.slice(-3))).toEqual([
      ...Array(3).fill('200'),
      '201',
      ...Array(3).fill('200'),
    ])
    expect((await storage.getFile('photos', 'b')).size).toBe(body.length)
  })

  it('whose client goes away are reported, and nothing is done for them', async () => {
    let asked = 0
    const { port, mount, failures, storage } = await startServer({
      authorize: () => {
        asked++
        return true
      },
    })
    await storage.putFile('photos', 'large', Buffer.alloc(50_000_000))
    const socket = await openSocket(port)
    socket.write(`GET ${mount}/photos/download/large HTTP/1.1\r\nHost: x\r\n\r\n${request(mount).repeat(99)}`)
    await once(socket, 'readable')
    socket.destroy()
    await eventually(() => failures.length === 100)
    expect(asked).toBe(1)
    expect(new Set(failures.map(({ statusCode }) => statusCode))).toEqual(new Set([499]))
  })
})

/**
 * Sends everything before it reads, as many programs do. Returns what was received, if anything.
 */
async function sendThenRead(port: number, bytes: Buffer): Promise<string> {
  const socket = await openSocket(port)
  const text = Promise.withResolvers<string>()
  socket.on('error', () => text.resolve(''))
  socket.pause()
  socket.write(bytes, (error) => {
    if (error) return
    text.resolve(readToEnd(socket))
    socket.resume()
  })
  return text.promise
}

describe.skipIf(isFetch)('A response that comes before the body has arrived', () => {
  const body = Buffer.alloc(20_000_000)

  it.each(['close', 'keep-alive'])('reaches a client that sends everything first, with Connection: %s', async (how) => {
    const { port, mount } = await startServer({ maxFileSize: body.length })
    for (let round = 0; round < 20; round++) {
      const headers = `Connection: ${how}\r\nContent-Length: ${body.length}`
      const refused = message(`PUT ${mount}/missing/files/a`, body, headers)
      const last = how === 'close' ? [] : [message(`GET ${mount}/photos`, '', 'Connection: close')]
      const text = await sendThenRead(port, Buffer.concat([refused, ...last]))
      const response = parseResponse(text)
      expect([response.statusCode, response.headers.get('connection')]).toEqual([404, how])
    }
  })

  it.each([
    ['a success', 'DELETE', '/photos/files/a', 200],
    ['a path without routes', 'PUT', '/photos/nothing', 404],
    ['a method that a path does not take', 'PATCH', '/photos', 405],
    ['OPTIONS', 'OPTIONS', '/photos', 204],
    ['a name that is none', 'PUT', '/photos/files/%', 400],
    ['a form for a missing container', 'POST', '/missing/upload', 404],
  ])('reaches it also for %s', async (_, method, path, statusCode) => {
    const { port, mount, storage } = await startServer({ framework: 'node:http', maxFileSize: body.length })
    await storage.putFile('photos', 'a', 'a')
    const form = multipart('B', [[filePart('f', 'a'), body]])
    const headers = `Connection: close\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: ${form.length}`
    const text = await sendThenRead(port, message(`${method} ${mount}${path}`, form, headers))
    expect(parseResponse(text).statusCode).toBe(statusCode)
  })

  it('does not keep the connection of a client that sends for ever', async () => {
    const { port, mount } = await startServer()
    const socket = await openSocket(port)
    socket.on('error', () => undefined)
    const gone = once(socket, 'close')
    socket.resume()
    const headers = 'Connection: close\r\nContent-Length: 999999999999'
    socket.write(message(`PUT ${mount}/missing/files/a`, '', headers))
    const piece = Buffer.alloc(1024 * 1024)
    const send = () => {
      while (!socket.destroyed && socket.write(piece)) {
        // Until the buffers are full.
      }
    }
    socket.on('drain', send)
    send()
    await gone
    expect(socket.bytesWritten).toBeLessThan(512 * 1024 * 1024)
  })
})

/** The text so far, as soon as it holds something. */
async function textWith(socket: Socket, part: string): Promise<string> {
  let text = ''
  socket.setEncoding('latin1')
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    if (text.includes(part)) break
  }
  return text
}

function followContinue(server: Server): void {
  server.on('checkContinue', (req, res) => server.emit('request', req, res))
}

describe('Expect: 100-continue', () => {
  const expecting = (headers: string) => `${headers}\r\nExpect: 100-continue`

  it.each([
    ['authorize', 403, 'PUT /photos/files/a', `Content-Length: ${content.length}`],
    ['maxFileSize', 413, 'PUT /photos/files/a', 'Content-Length: 7000000'],
    ['authorize', 403, 'POST /photos/upload', formHeaders],
    ['the type of a body', 415, 'POST /photos/copy', 'Content-Type: text/plain\r\nContent-Length: 9'],
  ])('is refused without the body by %s: %i', async (by, statusCode, head, headers) => {
    const { server, port, storage } = await startServer({
      framework: 'node:http',
      provider: makeProvider('filesystem'),
      maxFileSize: 5_000_000,
      authorize: () => by !== 'authorize',
    })
    followContinue(server)
    await storage.putFile('photos', 'there', 'there')
    const socket = await openSocket(port)
    socket.write(message(head, '', expecting(headers)))
    const response = parseResponse(await readToEnd(socket))
    expect([response.statusCode, response.headers.get('connection')]).toEqual([statusCode, 'close'])
  })

  it.each([
    ['a raw upload', message('PUT /photos/files/raw', '', expecting(`Content-Length: ${content.length}`)), content],
    ['a form', message('POST /photos/upload', '', expecting(formHeaders)), formBody],
    ['a copy', message('POST /photos/copy', '', expecting(jsonHeaders(copy))), Buffer.from(copy)],
  ])('is continued once %s is wanted, by the router or by Node', async (_, head, body) => {
    for (const byRouter of [true, false]) {
      const { server, port, storage } = await startServer({ framework: 'node:http' })
      if (byRouter) followContinue(server)
      await storage.putFile('photos', 'there', content)
      const socket = await openSocket(port)
      socket.write(head)
      const before = await textWith(socket, '\r\n\r\n')
      expect(before).toBe('HTTP/1.1 100 Continue\r\n\r\n')
      socket.write(body)
      expect(await textWith(socket, '\r\n\r\n')).toMatch(/^HTTP\/1\.1 20[01] /)
      socket.destroy()
    }
  })
})

describe('A coding that would be stored or parsed as it is', () => {
  it.each(['gzip, chunked', 'gzip,chunked', 'deflate, gzip, chunked'])(
    'among the transfer codings is refused: %s',
    async (coding) => {
      const { port, mount, storage } = await startServer()
      for (const [head, type] of [
        [`PUT ${mount}/photos/files/a`, 'text/plain'],
        [`POST ${mount}/photos/upload`, 'multipart/form-data; boundary=B'],
        [`POST ${mount}/photos/copy`, 'application/json'],
      ]) {
        const request = `${head} HTTP/1.1\nContent-Type: ${type}\nTransfer-Encoding: ${coding}`
        expect((await rawRequest(port, request, '3\r\nabc\r\n0\r\n\r\n')).statusCode).toBe(501)
      }
      expect(await namesIn(storage)).toEqual([])
    },
  )

  it.each(['chunked', 'Chunked'])('is not meant by Transfer-Encoding: %s', async (coding) => {
    const { port, mount } = await startServer()
    const head = `PUT ${mount}/photos/files/a HTTP/1.1\nTransfer-Encoding: ${coding}`
    expect((await rawRequest(port, head, '3\r\nabc\r\n0\r\n\r\n')).statusCode).toBe(201)
  })

  it('is refused as the Content-Encoding of JSON, of parameters and of a form, with what is taken instead', async () => {
    const { fetch, storage } = await startServer()
    for (const [path, type] of [
      ['/photos/copy', 'application/json'],
      ['/', 'application/x-www-form-urlencoded'],
      ['/photos/upload', 'multipart/form-data; boundary=B'],
    ] as const) {
      const headers = { 'Content-Type': type, 'Content-Encoding': 'gzip' }
      const response = await fetch(path, { method: 'POST', body: 'name=x', headers })
      expect([response.status, response.headers.get('accept-encoding')]).toEqual([415, 'identity'])
    }
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'identity' }
    expect((await fetch('/', { method: 'POST', body: json({ name: 'new' }), headers })).status).toBe(200)
    expect((await storage.getContainers()).map(({ name }) => name)).toEqual(['new', 'photos'])
  })

  it.skipIf(isFetch)('of JSON does no harm when the application has decoded it before', async () => {
    const { default: express } = await import('express')
    const { gzipSync } = await import('node:zlib')
    const { fetch } = await startServer({ before: (app) => app.use(express.json()) })
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }
    const body = new Uint8Array(gzipSync(json({ name: 'new' })))
    expect((await fetch('/', { method: 'POST', body, headers })).status).toBe(200)
  })
})
