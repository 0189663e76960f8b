/**
 * The description of the API against the API: every route with every status, over real HTTP.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { StorageError, type StorageErrorCode, StorageService, type StorageServiceOptions } from '@stowage/core'
import type { StorageProvider } from '@stowage/core/provider'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it } from 'vitest'
import { openApiDocument, type StorageRouterOptions, storageRouter, storageRoutes } from '../../src/index.js'
import { DescribedApi } from '../tools/described-api.js'
import { BrokenRemovals } from '../tools/faulty-provider.js'
import { form, listen } from '../tools/rest-server.js'
import { makeProvider } from '../tools/storages.js'

const api = new DescribedApi()

interface Asked {
  readonly path: string
  readonly method: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: RequestInit['body']
}

const json = (body: unknown) => ({ headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
const copy = { file: 'a.txt', to: { file: 'b.txt' } }

/** A request for each operation that succeeds where the container `photos` has the file `a.txt`. */
const requests: Readonly<Record<string, Asked>> = {
  getContainers: { method: 'GET', path: '/' },
  createContainer: { method: 'POST', path: '/', ...json({ name: 'music' }) },
  getContainer: { method: 'GET', path: '/photos' },
  destroyContainer: { method: 'DELETE', path: '/photos' },
  getFiles: { method: 'GET', path: '/photos/files' },
  getFile: { method: 'GET', path: '/photos/files/a.txt' },
  putFile: { method: 'PUT', path: '/photos/files/new.txt', body: 'new' },
  removeFile: { method: 'DELETE', path: '/photos/files/a.txt' },
  upload: { method: 'POST', path: '/photos/upload', body: form([['field', 'new.txt', 'new']]) },
  download: { method: 'GET', path: '/photos/download/a.txt' },
  copyFile: { method: 'POST', path: '/photos/copy', ...json(copy) },
  moveFile: { method: 'POST', path: '/photos/move', ...json(copy) },
  removeFiles: { method: 'POST', path: '/photos/remove', ...json({ files: ['a.txt', 'b.txt'] }) },
}

const reads = Object.keys(requests).filter((name) => requests[name]?.method === 'GET')
const everything = [...Object.keys(requests), ...reads.map((name) => `${name}Head`)]
const jsonBodies = ['createContainer', 'copyFile', 'moveFile', 'removeFiles']
const bodies = [...jsonBodies, 'putFile', 'upload']

interface Setting extends StorageRouterOptions {
  readonly provider?: StorageProvider
  /** Every call of the provider fails with this, once the container and the file are there. */
  readonly failure?: StorageErrorCode
}

/** A server with the container `photos` and the file `a.txt`. */
async function startDescribedAt({ provider = new MemoryProvider(), failure, ...options }: Setting = {}) {
  const ready = new StorageService(provider)
  await ready.createContainer({ name: 'photos' })
  await ready.putFile('photos', 'a.txt', 'abc', { metadata: { author: 'Ada' } })
  const once: StorageServiceOptions = { retry: { attempts: 1, maxOutage: 0 } }
  const storage = new StorageService(failure === undefined ? provider : failing(provider, failure), once)
  const router = storageRouter(storage, { onError: () => undefined, ...options })
  return listen(createServer((req, res) => router(req, res)))
}

/** Starts a server whose responses are compared with the description. */
async function startDescribed(setting: Setting = {}) {
  const { url } = await startDescribedAt(setting)
  return async (operation: string, change: Partial<Asked> = {}): Promise<Response> => {
    const head = operation.endsWith('Head')
    const asked = requests[head ? operation.slice(0, -'Head'.length) : operation] as Asked
    const { path, ...init } = { ...asked, ...(head ? { method: 'HEAD' } : {}), ...change }
    const headers = { ...asked.headers, ...change.headers }
    const response = await fetch(url + path, { ...init, headers, duplex: 'half' } as RequestInit)
    const copied = response.clone()
    await api.check(operation, response)
    return copied
  }
}

/** A provider whose service fails: no real one does so on demand. */
function failing(provider: StorageProvider, code: StorageErrorCode): StorageProvider {
  const details = code === 'RATE_LIMITED' || code === 'UNAVAILABLE' ? { retryAfter: 1 } : {}
  return new Proxy(provider, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      return async () => {
        throw new StorageError(code, 'the service failed', { details })
      }
    },
  })
}

describe('Responses match the description', () => {
  it.each(Object.keys(requests))('%s succeeds', async (operation) => {
    const ask = await startDescribed()
    expect((await ask(operation)).ok).toBe(true)
  })

  it.each(Object.keys(requests))('%s succeeds over a directory', async (operation) => {
    const ask = await startDescribed({ provider: makeProvider('filesystem') })
    expect((await ask(operation)).ok).toBe(true)
  })

  it.each(reads)('%s succeeds with HEAD', async (operation) => {
    const ask = await startDescribed()
    expect((await ask(`${operation}Head`)).status).toBe(200)
  })

  it('lists come in pages and with folders', async () => {
    const ask = await startDescribed()
    await ask('putFile', { path: '/photos/files/2024/b.txt' })
    const page = await ask('getFiles', { path: '/photos/files?delimiter=/&limit=1' })
    expect(await page.json()).toMatchObject([{ name: '2024/', folder: true }])
    expect(page.headers.get('Link')).toMatch(/rel="next"$/)
  })

  it('a file that is replaced is 200, and a part of one 206', async () => {
    const ask = await startDescribed()
    expect((await ask('putFile', { path: '/photos/files/a.txt' })).status).toBe(200)
    expect((await ask('download', { headers: { Range: 'bytes=0-1' } })).status).toBe(206)
  })

  it.each(['getFile', 'getFileHead', 'download', 'downloadHead'])('%s knows what the client has', async (operation) => {
    const ask = await startDescribed()
    const etag = (await ask(operation)).headers.get('etag') ?? ''
    expect((await ask(operation, { headers: { 'If-None-Match': etag } })).status).toBe(304)
    expect((await ask(operation, { headers: { 'If-Match': '"other"' } })).status).toBe(412)
  })

  it('a batch removal tells what failed for each name', async () => {
    const ask = await startDescribed({ provider: new BrokenRemovals('b.txt') })
    expect(await (await ask('removeFiles')).json()).toMatchObject([
      { file: 'a.txt' },
      { file: 'b.txt', error: { statusCode: 502, code: 'SERVICE_FAILED' } },
    ])
  })
})

describe('Refusals are as the description says', () => {
  it.each(everything)('%s is refused by the application with any status', async (operation) => {
    for (const status of [401, 403, 402]) {
      const ask = await startDescribed({ authorize: () => status })
      expect((await ask(operation)).status).toBe(status)
    }
  })

  it('and so in the form of RFC 9457', async () => {
    const ask = await startDescribed({ authorize: () => false })
    const response = await ask('getFile', { headers: { Accept: 'application/problem+json' } })
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  it.each(everything)('%s with a bad name or argument is 400', async (operation) => {
    const ask = await startDescribed()
    const changes: Record<string, Partial<Asked>> = {
      createContainer: json({}),
      getContainers: { path: '/?limit=0' },
      getContainersHead: { path: '/?limit=0' },
    }
    const change = changes[operation] ?? {
      path: requests[operation.replace('Head', '')]?.path.replace('photos', '%FF'),
    }
    expect((await ask(operation, change)).status).toBe(400)
  })

  it.each(everything.filter((name) => !/^(?:getContainers|createContainer)/.test(name)))(
    '%s in a container that is not there is 404',
    async (operation) => {
      const ask = await startDescribed()
      const path = requests[operation.replace('Head', '')]?.path.replace('photos', 'nope')
      expect((await ask(operation, { path })).status).toBe(404)
    },
  )

  it.each(bodies)('%s whose body stops in the middle is 408', async (operation) => {
    const ask = await startDescribed({ idleTimeout: 50 })
    const beginning =
      operation === 'upload' ? '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' : '{'
    const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from(beginning)) })
    const headers: Record<string, string> =
      operation === 'upload' ? { 'Content-Type': 'multipart/form-data; boundary=b' } : {}
    expect((await ask(operation, { body, headers })).status).toBe(408)
  })

  it('what stands in the way is 409', async () => {
    const ask = await startDescribed({ provider: makeProvider('filesystem') })
    expect((await ask('createContainer', json({ name: 'photos' }))).status).toBe(409)
    expect((await ask('destroyContainer', { path: '/photos?onlyIfEmpty=true' })).status).toBe(409)
    expect((await ask('putFile', { path: '/photos/files/a.txt/b' })).status).toBe(409)
    const inTheWay = json({ file: 'a.txt', to: { file: 'b.txt/c' } })
    await ask('putFile', { path: '/photos/files/b.txt' })
    expect((await ask('copyFile', inTheWay)).status).toBe(409)
    expect((await ask('moveFile', inTheWay)).status).toBe(409)
    const twins = form([
      ['field', 'c.txt', 'c'],
      ['field', 'c.txt', 'd'],
    ])
    expect((await ask('upload', { body: twins })).status).toBe(409)
  })

  it.each(['putFile', 'removeFile', 'copyFile', 'moveFile'])(
    '%s under a condition that fails is 412',
    async (operation) => {
      const ask = await startDescribed()
      expect((await ask(operation, { headers: { 'If-Match': '"other"' } })).status).toBe(412)
    },
  )

  it.each(bodies)('%s with a body that is too large is 413', async (operation) => {
    const ask = await startDescribed({ maxFileSize: 2 })
    const large = jsonBodies.includes(operation) ? { body: 'x'.repeat(2 * 1024 * 1024 + 1) } : {}
    expect((await ask(operation, large)).status).toBe(413)
  })

  it.each(['putFile', 'upload'])('%s with a body whose content is refused is 422', async (operation) => {
    const ask = await startDescribed({ policy: { scan: async () => ({ clean: false, reason: 'a test' }) } })
    expect((await ask(operation)).status).toBe(422)
  })

  it.each(bodies)('%s with a body of another type is 415', async (operation) => {
    const ask = await startDescribed({ allowedContentTypes: ['image/png'] })
    const typed = jsonBodies.includes(operation) ? { headers: { 'Content-Type': 'text/csv' } } : {}
    expect((await ask(operation, typed)).status).toBe(415)
  })

  it.each(bodies)('%s in a transfer coding is 501', async (operation) => {
    const { url } = await startDescribedAt()
    const { path, method, headers } = requests[operation] as Asked
    const type = operation === 'upload' ? 'multipart/form-data; boundary=b' : 'text/plain'
    // Not by fetch, which codes no transfer.
    const sent = request(url + path, {
      method,
      headers: { 'Content-Type': type, ...headers, 'Transfer-Encoding': 'gzip, chunked' },
    }).end('x')
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const answerHeaders = Object.entries(response.headers).map(([name, value]): [string, string] => [
      name,
      String(value),
    ])
    const copied = new Response(await text(response), { status: response.statusCode ?? 0, headers: answerHeaders })
    await api.check(operation, copied)
    expect(response.statusCode).toBe(501)
  })

  it('a range past the end is 416', async () => {
    const ask = await startDescribed()
    expect((await ask('download', { headers: { Range: 'bytes=3-' } })).status).toBe(416)
  })

  it('a body with another checksum is 422', async () => {
    const ask = await startDescribed()
    expect((await ask('putFile', { headers: { 'Content-MD5': 'AAAAAAAAAAAAAAAAAAAAAA==' } })).status).toBe(422)
  })
})

describe('Failures of the storage are as the description says', () => {
  const writes = ['putFile', 'upload', 'copyFile', 'moveFile']
  it.each([
    ['RATE_LIMITED', 429, everything],
    ['INTERNAL', 500, everything],
    ['BAD_RESPONSE', 502, everything],
    ['UNAVAILABLE', 503, everything],
    ['TIMEOUT', 504, everything],
    ['LENGTH_REQUIRED', 411, writes],
    ['NOT_SUPPORTED', 501, [...writes, 'removeFile']],
    ['NO_SPACE', 507, [...writes, 'createContainer']],
  ] as const)('%s is %i', async (failure, status, names) => {
    for (const operation of names) {
      const ask = await startDescribed({ failure })
      expect((await ask(operation)).status, operation).toBe(status)
    }
  })
})

it('every status of every operation was seen, and none that is not described', () => {
  expect(api.seen.toSorted()).toEqual(api.described.toSorted())
})

describe('The description', () => {
  it('has every route of the table, and nothing else', () => {
    const described = Object.entries(api.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${method} ${path} ${operationId}`),
    )
    const routes = storageRoutes.flatMap(({ method, path, name, option }) => {
      if (option !== undefined) return []
      const template = path.replace(/[:*](\w+)/g, '{$1}')
      const route = `${method.toLowerCase()} ${template} ${name}`
      return method === 'GET' ? [route, `head ${template} ${name}Head`] : [route]
    })
    expect(described.toSorted()).toEqual(routes.toSorted())
  })

  it('lints clean', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] })
    const problems = await lintFromString({ source: JSON.stringify(api.document), config })
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([])
  })

  it('tells where the routes are, what they are called, and which version they are', () => {
    const mounted = [{ url: 'https://files.example/api', description: 'On Amazon' }]
    const { servers, info } = openApiDocument({ servers: mounted, title: 'Files', version: '2.1' })
    expect(servers).toEqual(mounted)
    expect(info).toMatchObject({ title: 'Files', version: '2.1' })
  })
})
