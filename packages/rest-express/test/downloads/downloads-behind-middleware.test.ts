/**
 * Large downloads behind middlewares that replace functions of the response: the bytes are those of
 * the file, and the buffers are reused unless a middleware may keep or change a chunk.
 */
import { randomBytes } from 'node:crypto'
import { readdir, readlink } from 'node:fs/promises'
import { Agent, get as httpGet, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import { createServer as createHttpsServer, get as httpsGet } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createGzip, gunzipSync } from 'node:zlib'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import compression from 'compression'
import cors from 'cors'
import express, { type Express, type RequestHandler } from 'express'
import session from 'express-session'
import helmet from 'helmet'
import morgan from 'morgan'
import { describe, expect, it, onTestFinished } from 'vitest'
import { storageRouter } from '../../src/index.js'
import { openSocket, startServer } from '../tools/rest-server.js'
import { temporaryDirectory } from '../tools/storages.js'

/** Text, so that it would be compressed. */
const content = Buffer.from(randomBytes(3_000_001).toString('hex'))

const compress = () => compression({ threshold: 0 })
const logged: string[] = []

const middlewares: Readonly<Record<string, () => RequestHandler>> = {
  helmet: () => helmet(),
  cors: () => cors({ credentials: true, origin: 'https://example.com' }),
  morgan: () => morgan('combined', { stream: { write: (line) => logged.push(line) } }),
  'express.json': () => express.json(),
  // Writes to the session, which is then stored before the response ends.
  'express-session': () => session({ secret: 'secret', resave: false, saveUninitialized: true }),
}
const all = Object.values(middlewares)

/** The middlewares of an application, by their order. */
const applications: readonly (readonly [string, readonly (() => RequestHandler)[]])[] = [
  ['compression', [compress]],
  ...Object.entries(middlewares).flatMap(([name, make]): [string, (() => RequestHandler)[]][] => [
    [name, [make]],
    [`${name} before compression`, [make, compress]],
    [`${name} after compression`, [compress, make]],
  ]),
  ['all of them, before compression', [...all, compress]],
  ['all of them, after compression', [compress, ...all]],
  ['compression twice', [compress, compress]],
]

interface Received {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

async function storageWithFile(): Promise<StorageService> {
  const storage = new StorageService(new FilesystemProvider({ root: temporaryDirectory() }))
  await storage.createContainer({ name: 'photos' })
  await storage.putFile('photos', 'a.txt', content, { contentType: 'text/plain' })
  return storage
}

/** An application with a large file, and the buffers that reach its sockets. */
async function startApplication(handlers: readonly RequestHandler[]) {
  const root = temporaryDirectory()
  const provider = new FilesystemProvider({ root })
  const server = await startServer({ provider, before: (app: Express) => void app.use(...handlers) })
  await server.storage.putFile('photos', 'a.txt', content, { contentType: 'text/plain' })
  const sent = new Set<ArrayBufferLike>()
  const sockets = new Set<Socket>()
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    noteLargeChunks(socket, sent)
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const get = async (headers: Record<string, string> = {}): Promise<Received> => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    httpGet(`${server.url}/photos/download/a.txt`, { agent, headers }, resolve).once('error', reject)
    const response = await promise
    return { status: response.statusCode, headers: response.headers, body: await buffer(response) }
  }
  /** How many times this process has the file open. */
  const openFiles = async () => {
    const links = await readdir('/proc/self/fd')
    const targets = await Promise.all(links.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => undefined)))
    return targets.filter((target) => target === join(root, 'photos', 'a.txt')).length
  }
  return { ...server, get, sent, sockets, openFiles }
}

/** Collects the memory of large chunks that are written to a socket or a stream. */
function noteLargeChunks(writable: { write: Socket['write'] }, seen: Set<ArrayBufferLike>): void {
  const write = writable.write.bind(writable)
  writable.write = (...args: [never]) => {
    const [chunk] = args as unknown as [Buffer | string]
    if (typeof chunk !== 'string' && chunk.length > 10_000) seen.add(chunk.buffer)
    return write(...args)
  }
}

describe.each(applications)('Behind %s', (_, makers) => {
  it.each(['gzip, br', 'identity'])('a large download reuses its buffers (Accept-Encoding: %s)', async (coding) => {
    const { get, sent, sockets, failures } = await startApplication(makers.map((make) => make()))
    for (let times = 0; times < 2; times++) {
      const { status, headers, body } = await get({ 'Accept-Encoding': coding })
      expect([status, headers['content-encoding'], body.equals(content)]).toEqual([200, undefined, true])
    }
    const part = await get({ 'Accept-Encoding': coding, Range: 'bytes=1000-4000000' })
    expect([part.status, part.body.equals(content.subarray(1000, 4_000_001))]).toEqual([206, true])
    expect(sent.size).toBe(2)
    expect([failures, sockets.size]).toEqual([[], 1])
  })
})

/** Replaces `write`. */
const replace =
  (
    replacement: (res: ServerResponse, write: (chunk: Buffer) => boolean) => (chunk: Buffer) => boolean,
  ): RequestHandler =>
  (_req, res, next) => {
    const write = res.write.bind(res) as (chunk: Buffer) => boolean
    res.write = replacement(res, write) as typeof res.write
    next()
  }

const inverted = (chunk: Buffer) => Buffer.from(chunk.map((byte) => byte ^ 0xff))

/** Middlewares whose chunks must be new memory, and what the client receives. */
const others: readonly (readonly [string, (seen: Buffer[]) => RequestHandler, (body: Buffer) => Buffer])[] = [
  [
    'keeps the chunks',
    (seen) =>
      replace((_res, write) => (chunk) => {
        seen.push(chunk)
        return write(chunk)
      }),
    (body) => body,
  ],
  [
    'changes the bytes',
    (seen) =>
      replace((_res, write) => (chunk) => {
        seen.push(chunk)
        return write(inverted(chunk))
      }),
    inverted,
  ],
  [
    'delays the chunks',
    (seen) =>
      replace((res, write) => {
        const end = res.end.bind(res)
        let last = Promise.resolve()
        res.end = () => {
          last.then(() => end())
          return res
        }
        return (chunk) => {
          seen.push(chunk)
          last = last.then(() => void setImmediate(() => res.emit('drain'))).then(() => void write(chunk))
          return false
        }
      }),
    (body) => body,
  ],
  [
    'compresses in spite of no-transform',
    (seen) =>
      replace((res, write) => {
        const gzip = createGzip()
        const end = res.end.bind(res)
        const { writeHead } = res
        // compression passes the headers on with `setHeader`.
        res.writeHead = ((status: number, headers: Record<string, string> = {}) => {
          const { 'Content-Length': _, ...others } = headers
          res.removeHeader('Content-Length')
          return writeHead.call(res, status, { ...others, 'Content-Encoding': 'gzip' })
        }) as typeof res.writeHead
        gzip.on('data', (chunk: Buffer) => write(chunk))
        gzip.on('end', () => end())
        gzip.on('drain', () => res.emit('drain'))
        res.end = () => {
          gzip.end()
          return res
        }
        return (chunk) => {
          seen.push(chunk)
          return gzip.write(chunk)
        }
      }),
    gunzipSync,
  ],
]

describe.each(others)('A middleware that %s', (_, make, decode) => {
  it.each([
    ['alone', (own: RequestHandler) => [own]],
    ['before compression', (own: RequestHandler) => [own, compress()]],
    ['after compression', (own: RequestHandler) => [compress(), own]],
    ['among others', (own: RequestHandler) => [helmet(), compress(), own, compress(), cors()]],
  ] as const)('%s, sees all bytes in memory of their own', async (_order, order) => {
    const seen: Buffer[] = []
    const { get, failures } = await startApplication(order(make(seen)))
    const { body } = await get({ 'Accept-Encoding': 'gzip' })
    expect(decode(body).equals(content)).toBe(true)
    expect(Buffer.concat(seen).equals(content)).toBe(true)
    expect(failures).toEqual([])
  })
})

it('compression compresses a download whose no-transform another middleware removes', async () => {
  const transformable: RequestHandler = (_req, res, next) => {
    const { writeHead } = res
    res.writeHead = ((status: number, headers: Record<string, string>) =>
      writeHead.call(res, status, { ...headers, 'Cache-Control': 'private' })) as typeof writeHead
    next()
  }
  const { get, failures } = await startApplication([compress(), transformable])
  const { headers, body } = await get({ 'Accept-Encoding': 'gzip' })
  expect([headers['content-encoding'], gunzipSync(body).equals(content)]).toEqual(['gzip', true])
  expect(failures).toEqual([])
})

it('a middleware that throws for a chunk ends the download and closes the file', async () => {
  const throwing = replace(() => () => {
    throw new Error('no chunks')
  })
  const { get, failures, openFiles } = await startApplication([throwing, compress()])
  await expect(get()).rejects.toThrow()
  await expect.poll(() => failures.map(({ error }) => error)).toMatchObject([{ message: 'no chunks' }])
  await expect.poll(openFiles).toBe(0)
})

it('compression passes on the downloads of slow clients at the same time', async () => {
  const { port, mount } = await startApplication([compress()])
  const slow = async () => {
    const socket = await openSocket(port)
    socket.write(`GET ${mount}/photos/download/a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const parts: Buffer[] = []
    for await (const part of socket as AsyncIterable<Buffer>) {
      parts.push(part)
      if (parts.length % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const response = Buffer.concat(parts)
    return response.subarray(response.indexOf('\r\n\r\n') + 4).equals(content)
  }
  expect(await Promise.all(Array.from({ length: 8 }, slow))).toEqual(Array(8).fill(true))
})

it('compression passes on the head alone, and an unchanged file', async () => {
  const { url } = await startApplication([...all.map((make) => make()), compress()])
  const head = await fetch(`${url}/photos/download/a.txt`, { method: 'HEAD' })
  expect([head.status, head.headers.get('Content-Length')]).toEqual([200, String(content.length)])
  const headers = { 'If-None-Match': head.headers.get('ETag') as string }
  const unchanged = await fetch(`${url}/photos/download/a.txt`, { headers })
  expect([unchanged.status, await unchanged.text()]).toEqual([304, ''])
})

it('a large download over TLS behind compression reuses its buffers', async () => {
  const storage = await storageWithFile()
  const app = express().use(compress(), storageRouter(storage))
  // A shared key instead of a certificate.
  const psk = randomBytes(16)
  const tls = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const
  const server = createHttpsServer({ ...tls, pskCallback: () => psk }, app)
  const sent = new Set<ArrayBufferLike>()
  server.on('secureConnection', (socket) => noteLargeChunks(socket, sent))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  for (let times = 0; times < 2; times++) {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const client = { ...tls, pskCallback: () => ({ psk, identity: 'client' }), checkServerIdentity: () => undefined }
    httpsGet({ ...client, port, host: '127.0.0.1', path: '/photos/download/a.txt' }, resolve).once('error', reject)
    expect((await buffer(await promise)).equals(content)).toBe(true)
  }
  expect(sent.size).toBe(2)
})

it('a large download on HTTP/2 reuses its buffers', async () => {
  const router = storageRouter(await storageWithFile())
  const server = createHttp2Server((req, res) => router(req as never, res as never))
  const sent = new Set<ArrayBufferLike>()
  server.on('stream', (stream) => noteLargeChunks(stream as never, sent))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  for (let times = 0; times < 2; times++) {
    expect((await buffer(client.request({ ':path': '/photos/download/a.txt' }))).equals(content)).toBe(true)
  }
  expect(sent.size).toBe(2)
})
