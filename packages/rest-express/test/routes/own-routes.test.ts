/** Resumable uploads in routes of an application's own. */
import { createServer, type IncomingMessage } from 'node:http'
import { StorageService } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import express from 'express'
import { Upload } from 'tus-js-client'
import { expect, it } from 'vitest'
import { resumableUploads, type StorageRouterOptions } from '../../src/index.js'
import { errorOf, listen } from '../tools/rest-server.js'

const tus = { 'Tus-Resumable': '1.0.0' }

async function newStorage() {
  const storage = new StorageService(new MemoryProvider())
  await storage.createContainer({ name: 'films' })
  return storage
}

/** A server whose only paths are `/studio/<n>/uploads` and those below. */
async function start(options: StorageRouterOptions = {}) {
  const storage = await newStorage()
  const upload = resumableUploads(storage, options)
  const { url } = await listen(
    createServer((req, res) => {
      const [, ticket] = /^\/studio\/\d+\/uploads\/([\w-]+)$/.exec(req.url ?? '') ?? []
      return upload(req, res, { container: 'films', ticket })
    }),
  )
  return { storage, url: `${url}/studio/7/uploads` }
}

const send = async (endpoint: string, body: Buffer, options: object) => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  new Upload(body as never, {
    endpoint,
    metadata: { filename: 'film' },
    retryDelays: null,
    onSuccess: () => resolve(),
    onError: reject,
    ...options,
  }).start()
  await promise
}

const content = async (storage: StorageService) => (await storage.openFile('films', 'film')).text()

it.each(['tus-v1', 'ietf-draft-05'] as const)('serve a client of %s', async (protocol) => {
  const { storage, url } = await start()
  await send(url, Buffer.from('hello world'), { protocol, chunkSize: 5 })
  expect(await content(storage)).toBe('hello world')
})

it('serve parallel uploads', async () => {
  const { storage, url } = await start()
  await send(url, Buffer.from('hello world'), { parallelUploads: 2 })
  expect(await content(storage)).toBe('hello world')
})

it('have the URL that the application makes', async () => {
  const storage = await newStorage()
  const upload = resumableUploads(storage)
  const app = express()
  app.use('/api', (req, res) => {
    const { u } = req.query
    const ticket = typeof u === 'string' ? u : undefined
    return upload(req, res, { container: 'films', ticket, url: (text) => `/api/films?u=${text}` })
  })
  const { url } = await listen(createServer(app))
  const headers = { ...tus, 'Upload-Length': '5', 'Upload-Metadata': 'filename ZmlsbQ==' }
  const created = await fetch(`${url}/api/films`, { method: 'POST', headers })
  expect(created.headers.get('location')).toMatch(/^\/api\/films\?u=[\w-]+$/)
  await send('', Buffer.from('hello'), { uploadUrl: url + created.headers.get('location') })
  expect(await content(storage)).toBe('hello')
})

it('respond to other methods, unknown tickets and refusals', async () => {
  const { url } = await start({
    authorize: ({ req }: { req: IncomingMessage }) => req.headers.authorization === 'yes' || 401,
    onError: () => undefined,
  })
  expect((await fetch(url)).status).toBe(405)
  expect((await fetch(url)).headers.get('allow')).toBe('OPTIONS, POST')
  expect((await fetch(`${url}/made-up`, { method: 'HEAD', headers: tus })).status).toBe(404)
  const refused = await fetch(url, { method: 'POST', headers: { ...tus, 'Upload-Length': '5' } })
  expect(await errorOf(refused)).toMatchObject({ statusCode: 401, code: 'UNAUTHENTICATED' })
  expect((await fetch(url, { method: 'OPTIONS' })).headers.get('tus-version')).toBe('1.0.0')
})

it('reject with failures of the server if the application wants them', async () => {
  const storage = await newStorage()
  await storage.close()
  const upload = resumableUploads(storage, { forwardErrors: true, onError: () => undefined })
  const failures: unknown[] = []
  const { url } = await listen(
    createServer((req, res) =>
      upload(req, res, { container: 'films' }).catch((error: unknown) => {
        failures.push(error)
        res.writeHead(500).end('the application')
      }),
    ),
  )
  const response = await fetch(url, { method: 'POST', headers: { ...tus, 'Upload-Length': '5' } })
  expect([response.status, await response.text()]).toEqual([500, 'the application'])
  expect(failures).toHaveLength(1)
})

it('check their options', async () => {
  const storage = await newStorage()
  expect(() => resumableUploads(storage, { maxfilesize: 5 } as object)).toThrow(
    'unknown option "maxfilesize" for resumableUploads',
  )
  expect(() => resumableUploads(storage, { resumable: false })).toThrow('resumable')
})
