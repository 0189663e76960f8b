/** A server with the router, which counts the bytes of files that pass through it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { StorageService } from '@stowage/core'
import { type StorageRouterOptions, storageRouter } from '@stowage/rest-express'
import express from 'express'
import { onTestFinished } from 'vitest'

export interface DirectServer {
  readonly origin: string
  /** The URL of the container below the router. */
  readonly url: string
  /** Bytes of bodies that are neither JSON nor XML. */
  contentBytes(): number
}

export async function startServer(
  storage: StorageService,
  container: string,
  { before, ...options }: StorageRouterOptions & { readonly before?: (app: express.Express) => void } = {},
): Promise<DirectServer> {
  let content = 0
  const app = express()
  before?.(app)
  app.use('/files', (req, _res, next) => {
    if (!/json|xml/.test(req.headers['content-type'] ?? '')) content += Number(req.headers['content-length'] ?? 0)
    next()
  })
  app.use('/files', storageRouter(storage, { direct: true, maxFileSize: 100_000_000, ...options }))
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, url: `${origin}/files/${container}`, contentBytes: () => content }
}

/** The URL of a part. */
export interface Part {
  readonly partNumber: number
  readonly size: number
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

export interface Created {
  readonly file: string
  readonly direct: boolean
  readonly partSize: number
  readonly parts: readonly Part[]
  readonly ticket: string
}

const json = { 'Content-Type': 'application/json' }

export const postJson = (url: string, body: object = {}): Promise<Response> =>
  fetch(url, { method: 'POST', headers: json, body: JSON.stringify(body) })

/** Starts an upload. */
export async function create({ url }: DirectServer, body: object): Promise<Created> {
  const response = await postJson(`${url}/direct`, body)
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`)
  return (await response.json()) as Created
}

/** Sends a part; returns the status. */
export async function send({ url, method, headers }: Part, body: Uint8Array): Promise<number> {
  const response = await fetch(url, { method, headers, body: Buffer.from(body) })
  await response.arrayBuffer()
  return response.status
}

/** Completes an upload; returns the status and the code of an error. */
export async function complete(
  { url }: DirectServer,
  ticket: string,
  body: object = {},
): Promise<[number, string | undefined]> {
  const response = await postJson(`${url}/direct/${ticket}/complete`, body)
  const { error } = (await response.json()) as { error?: { code: string } }
  return [response.status, error?.code]
}
