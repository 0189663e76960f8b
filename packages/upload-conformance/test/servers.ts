/**
 * Servers for the tests: Stowage's router, with a defect or without one, and one that does nothing.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StorageService } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { storageRouter } from '@stowage/rest-express'
import { onTestFinished } from 'vitest'

/** The headers of a response, in lower case. */
export type Fields = Record<string, string>

/** What a broken server does differently. Each function returns what replaces its argument. */
export interface Defect {
  /** Changes the request, or responds to it and returns true. */
  readonly request?: (req: IncomingMessage, res: ServerResponse) => boolean | undefined
  readonly response?: (status: number, fields: Fields, req: IncomingMessage) => number | undefined
  /** Changes the fields of an interim response. */
  readonly interim?: (fields: Record<string, string>) => void
  readonly body?: (text: string) => string
}

/** Starts a server with Stowage's router. */
export async function startStowage(defect: Defect = {}) {
  const storage = new StorageService(new MemoryProvider())
  await storage.createContainer({ name: 'uploads' })
  const router = storageRouter(storage, { maxFileSize: 100_000_000, resumable: true })
  const origin = await listen((req, res) => {
    if (defect.request?.(req, res) === true) return
    change(req, res, defect)
    router(req, res)
  })
  return { url: `${origin}/uploads/uploads`, content: `${origin}/uploads/download/{name}` }
}

function change(req: IncomingMessage, res: ServerResponse, { response, interim, body }: Defect): void {
  const { writeHead, writeInformation, end } = res
  if (response !== undefined) {
    res.writeHead = ((status: number, given: Record<string, unknown> = {}) => {
      const fields = Object.fromEntries(
        Object.entries({ ...res.getHeaders(), ...given }).map(([name, value]) => [name.toLowerCase(), String(value)]),
      )
      for (const name of res.getHeaderNames()) res.removeHeader(name)
      const changed = response(status, fields, req) ?? status
      return writeHead.call(res, changed, fields)
    }) as typeof res.writeHead
  }
  if (interim !== undefined) {
    res.writeInformation = ((status: number, fields: Record<string, string>) => {
      const changed = { ...fields }
      interim(changed)
      return Reflect.apply(writeInformation, res, [status, changed])
    }) as typeof res.writeInformation
  }
  if (body !== undefined) {
    res.end = ((chunk?: string | Buffer) =>
      end.call(res, chunk === undefined ? '' : body(String(chunk)), 'utf8')) as typeof res.end
  }
}

/** Starts a server that offers everything, and responds to every request with 204. */
export async function startIdle(): Promise<string> {
  const extensions = ['creation', 'creation-with-upload', 'creation-defer-length', 'checksum', 'checksum-trailer']
  const more = ['termination', 'expiration', 'concatenation', 'concatenation-unfinished']
  return listen((req, res) => {
    req.resume()
    const offer = {
      'Tus-Version': '1.0.0',
      'Tus-Extension': [...extensions, ...more].join(','),
      'Tus-Max-Size': '1000',
      'Tus-Checksum-Algorithm': 'sha1',
      'Upload-Limit': 'max-size=1000',
    }
    if (req.method === 'POST') res.writeInformation(104)
    res.writeHead(204, req.method === 'OPTIONS' ? offer : {}).end()
  })
}

async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
