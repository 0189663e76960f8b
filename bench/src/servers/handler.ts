/**
 * Stowage: the handler for web-standard requests over a directory, behind Hono's server for Node,
 * or on Bun or Deno.
 *
 *     node handler.ts ROOT [PORT]
 */
import type { AddressInfo } from 'node:net'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import { storageHandler } from '@stowage/rest-express/fetch'

/** What Bun and Deno have of their own; the types are Node's. */
interface Servers {
  readonly Bun?: { serve(options: object): unknown }
  readonly Deno?: { serve(options: object, handler: (request: Request) => Promise<Response>): unknown }
}

const [, , root = '', port = '0'] = process.argv
const storage = new StorageService(new FilesystemProvider({ root }))
const maxSize = 100 * 1024 ** 3
const handler = storageHandler(storage, { basePath: '/api/containers', maxFileSize: maxSize })
const address = { port: Number(port), hostname: '127.0.0.1' }
const { Bun, Deno } = globalThis as Servers

if (Bun !== undefined) {
  Bun.serve({ ...address, maxRequestBodySize: maxSize, fetch: handler })
} else if (Deno !== undefined) {
  Deno.serve(address, handler)
} else {
  const { serve } = await import('@hono/node-server')
  const server = serve({ ...address, fetch: handler }, (info: AddressInfo) => process.send?.({ port: info.port }))
  if ('requestTimeout' in server) server.requestTimeout = 0
  process.on('disconnect', () => process.exit())
}
