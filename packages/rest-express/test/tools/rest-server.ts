/**
 * Real servers on 127.0.0.1 for the tests, and their clients: fetch, and sockets for requests that
 * fetch would not send.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { StorageService } from '@stowage/core'
import type { StorageProvider } from '@stowage/core/provider'
import { MemoryProvider } from '@stowage/provider-memory'
import express from 'express'
import express4 from 'express4'
import { onTestFinished } from 'vitest'
import { type ResponseHead, type StorageHandlerOptions, storageHandler } from '../../src/fetch/index.js'
import { type StorageRouterOptions, storageRouter, type UploadResult } from '../../src/index.js'

/** `fetch` is the handler of the web platform, behind Hono's server for Node. */
export type Framework = 'express 5' | 'express 4' | 'node:http' | 'fetch'

/** Whether the tests use the handler instead of the router: those of `vitest.fetch.config.ts`. */
export const isFetch = process.env['STOWAGE_TEST_HANDLER'] === 'fetch'

export const frameworks: readonly Framework[] = isFetch ? ['fetch'] : ['express 5', 'express 4', 'node:http']

export interface Failure {
  readonly error: unknown
  readonly statusCode: number
  readonly action: string | undefined
}

export interface RestServer {
  readonly storage: StorageService
  readonly server: Server
  readonly port: number
  /** Of the mount point, without a slash at the end. */
  readonly url: string
  /** The mount point's path. */
  readonly mount: string
  /** What `onError` was told. */
  readonly failures: Failure[]
  /** A request to a path below the mount point. */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export interface RestServerOptions extends StorageRouterOptions {
  readonly provider?: StorageProvider
  readonly framework?: Framework
  /** Containers that are there from the start. */
  readonly containers?: readonly string[]
  /** Called with the application before the router is mounted. */
  readonly before?: (app: express.Express) => void
  /** Leaves `failures` empty. */
  readonly withoutOnError?: boolean
  /** Called with it afterwards. */
  readonly after?: (app: express.Express) => void
}

/** A server over a storage of its own, closed when the test ends. */
export async function startServer(options: RestServerOptions = {}): Promise<RestServer> {
  const {
    provider = new MemoryProvider(),
    framework = isFetch ? 'fetch' : 'express 5',
    containers = ['photos'],
    before,
    after,
    withoutOnError = false,
    ...router
  } = options
  const storage = new StorageService(provider)
  for (const name of containers) await storage.createContainer({ name })
  const failures: Failure[] = []
  const onError: StorageRouterOptions['onError'] = (error, { statusCode, action }) => {
    failures.push({ error, statusCode, action })
  }
  const given = { ...(withoutOnError ? {} : { onError }), ...router }
  const mount = framework === 'node:http' ? '' : '/api/containers'
  const server = createServer(listener(framework, storage, mount, given, { before, after }))
  const { port, url } = await listen(server)
  return {
    storage,
    server,
    port,
    url: url + mount,
    mount,
    failures,
    fetch: (path, init) => fetch(`${url}${mount}${path}`, init),
  }
}

function listener(
  framework: Framework,
  storage: StorageService,
  mount: string,
  options: StorageRouterOptions,
  around: Pick<RestServerOptions, 'before' | 'after'>,
): RequestListener {
  if (framework === 'fetch') {
    const { before, after } = around
    if (before !== undefined || after !== undefined) throw new Error('the handler has no Express application around it')
    // The functions of the tests use what both kinds of requests have.
    const handler = storageHandler(storage, { basePath: mount, ...(options as StorageHandlerOptions) })
    return getRequestListener(handler)
  }
  const router = storageRouter(storage, options)
  return framework === 'node:http' ? (req, res) => router(req, res) : application(framework, mount, router, around)
}

function application(
  framework: Framework,
  mount: string,
  handler: ReturnType<typeof storageRouter>,
  { before, after }: Pick<RestServerOptions, 'before' | 'after'>,
): express.Express {
  const app = framework === 'express 4' ? express4() : express()
  before?.(app)
  app.use(mount, handler)
  after?.(app)
  return app
}

/** A header of the request that a function among the options receives. */
export function headerOf(req: IncomingMessage | Request, name: string): string | undefined {
  if (req instanceof Request) return req.headers.get(name) ?? undefined
  return req.headers[name] as string | undefined
}

/** Sets a header of the response, in a function among the options. */
export function setHeader(res: ServerResponse | ResponseHead, name: string, value: string): void {
  if ('headers' in res) res.headers.set(name, value)
  else res.setHeader(name, value)
}

/**
 * The statuses of a refused path in which a name is `.` or `..`. A URL has no such segments, so the
 * handler of the web platform finds another path, or none.
 */
export const refusedDots: readonly number[] = isFetch ? [400, 404, 405] : [400]

/** Listens until the test ends. */
export async function listen(server: Server): Promise<{ port: number; url: string }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}` }
}

/** A response, parsed from the bytes that were received. */
export interface RawResponse {
  readonly statusCode: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** Sends bytes unchanged. Returns what was received until the server closed the connection. */
export async function exchangeBytes(port: number, bytes: string | Buffer): Promise<string> {
  const socket = await openSocket(port)
  socket.write(bytes)
  return readToEnd(socket)
}

/** Sends one request unchanged, with `Connection: close` added, and parses the response. */
export async function rawRequest(port: number, head: string, body: string | Buffer = ''): Promise<RawResponse> {
  const lines = head.split('\n').map((line) => line.trim())
  const text = `${[...lines, 'Host: 127.0.0.1', 'Connection: close'].join('\r\n')}\r\n\r\n`
  return parseResponse(await exchangeBytes(port, Buffer.concat([Buffer.from(text, 'latin1'), Buffer.from(body)])))
}

export function parseResponse(text: string): RawResponse {
  const end = text.indexOf('\r\n\r\n')
  const [status = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  return {
    statusCode: Number(status.split(' ')[1]),
    headers,
    body: Buffer.from(text.slice(end + 4), 'latin1').toString(),
  }
}

export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(socket))
    socket.once('error', reject)
  })
}

/** Everything until the connection is closed, by whichever side and however. */
export function readToEnd(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
  })
}

/** The error in LoopBack's body. */
export async function errorOf(
  response: Response,
): Promise<{ statusCode: number; code: string; message: string; name: string }> {
  const body = (await response.json()) as { error: { statusCode: number; code: string; message: string; name: string } }
  return body.error
}

/** A multipart body, written by hand. */
export function multipart(
  boundary: string,
  parts: readonly (readonly [headers: string, content: string | Buffer])[],
): Buffer {
  return Buffer.concat([
    ...parts.flatMap(([headers, content]) => [
      Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n`),
      Buffer.from(content),
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ])
}

export const filePart = (field: string, filename: string, type?: string) =>
  `Content-Disposition: form-data; name="${field}"; filename="${filename}"${type === undefined ? '' : `\r\nContent-Type: ${type}`}`

export const fieldPart = (name: string) => `Content-Disposition: form-data; name="${name}"`

/** A form of files: field, name, content. */
export function form(
  files: readonly (readonly [field: string, name: string, content: string | Buffer, type?: string])[],
): FormData {
  const data = new FormData()
  for (const [field, name, content, type = 'text/plain'] of files) {
    data.append(field, new Blob([new Uint8Array(Buffer.from(content))], { type }), name)
  }
  return data
}

/** The names of all files in a container. */
export async function namesIn(storage: StorageService, container = 'photos'): Promise<string[]> {
  return (await storage.getFiles(container)).map(({ name }) => name)
}

/** Resolves when the condition holds; the test's own time limit ends the wait. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}

export const sendForm = (server: Pick<RestServer, 'fetch'>, body: FormData): Promise<Response> =>
  server.fetch('/photos/upload', { method: 'POST', body })

/** Returns the result in the response to a form. */
export async function resultOf(response: Response): Promise<UploadResult> {
  return ((await response.json()) as { result: UploadResult }).result
}
