import type { IncomingMessage } from 'node:http'
import { StorageService } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it } from 'vitest'
import { storageRouter } from '../../src/index.js'
import { Tickets } from '../../src/resumable/ticket.js'
import { DescribedApi } from '../tools/described-api.js'
import { errorOf, frameworks, headerOf, namesIn, type RestServer, startServer } from '../tools/rest-server.js'
import { makeProvider, storageKinds } from '../tools/storages.js'

const secret = 'a secret for tests, of 32 characters or more'
const json = { 'Content-Type': 'application/json' }
const start = (options: Parameters<typeof startServer>[0] = {}) =>
  startServer({ direct: { secrets: [secret] }, maxFileSize: 100_000_000, ...options })

interface Part {
  readonly partNumber: number
  readonly size: number
  readonly url: string
  readonly method: string
  readonly headers: Record<string, string>
}

interface Created {
  readonly file: string
  readonly ticket: string
  readonly partSize: number
  readonly count: number
  readonly direct: boolean
  readonly parts: readonly Part[]
}

const post = ({ fetch }: RestServer, path: string, body?: object) =>
  fetch(path, { method: 'POST', headers: json, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })

async function create(server: RestServer, body: object): Promise<Created> {
  const response = await post(server, '/photos/direct', body)
  expect(response.status).toBe(201)
  return (await response.json()) as Created
}

const send = ({ url, method, headers }: Part, body: string | Uint8Array, more = {}) =>
  fetch(url, { method, headers: { ...headers, ...more }, body: Buffer.from(body) })

const content = async ({ storage }: RestServer, name: string) => (await storage.openFile('photos', name)).text()

describe.each(storageKinds)('Direct uploads over %s, through the router', (kind) => {
  it('store parts, and show the file when the upload is completed', async () => {
    const completed: string[] = []
    const onComplete = ({ name }: { readonly name: string }) => void completed.push(name)
    const server = await start({ provider: makeProvider(kind), direct: { secrets: [secret], onComplete } })
    const api = new DescribedApi({ direct: true })
    const size = 8 * 1024 * 1024 + 5
    const request = { file: 'cats/täuschung.txt', size, contentType: 'text/plain' }
    const response = await post(server, '/photos/direct', request)
    await api.check('createDirectUpload', response.clone())
    const { parts, ticket, ...created } = (await response.json()) as Created
    expect(created).toMatchObject({ kind: 'parts', direct: false, count: 2, partSize: 8 * 1024 * 1024 })
    const body = Buffer.alloc(size, 'abcdefg')
    const [first, second] = parts as [Part, Part]
    const sent = await send(second, body.subarray(created.partSize))
    expect(sent.status).toBe(204)
    expect(sent.headers.get('etag')).toMatch(/^"[^"]+"$/)
    await api.check('receivePut', sent)
    const early = await post(server, `/photos/direct/${ticket}/complete`)
    expect([early.status, (await errorOf(early)).code]).toEqual([400, 'INVALID_PART'])
    await send(first, body.subarray(0, created.partSize))
    const state = await server.fetch(`/photos/direct/${ticket}`)
    await api.check('getDirectUpload', state.clone())
    expect(await state.json()).toMatchObject({
      file: request.file,
      size,
      parts: [
        { partNumber: 1, size: created.partSize },
        { partNumber: 2, size: 5 },
      ],
    })
    expect(await namesIn(server.storage)).toEqual([])
    const done = await post(server, `/photos/direct/${ticket}/complete`, {
      parts: [{ partNumber: 1 }, { partNumber: 2 }],
    })
    expect(done.status).toBe(200)
    await api.check('completeDirectUpload', done.clone())
    expect(await done.json()).toMatchObject({ name: request.file, size, contentType: 'text/plain' })
    expect((await content(server, request.file)) === body.toString()).toBe(true)
    expect(completed).toEqual([request.file])
    const again = await post(server, `/photos/direct/${ticket}/complete`)
    expect(await again.json()).toMatchObject({ name: request.file, size })
  })

  it('sign more URLs', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const { ticket } = await create(server, { file: 'a.bin', size: 3 * 8 * 1024 * 1024 })
    const api = new DescribedApi({ direct: true })
    const response = await post(server, `/photos/direct/${ticket}/parts?from=2`)
    await api.check('signDirectParts', response.clone())
    const { parts } = (await response.json()) as Created
    expect(parts.map(({ partNumber }) => partNumber)).toEqual([2, 3])
    for (const query of ['from=0', 'from=4', 'to=4', 'from=x', 'from=3&to=1x']) {
      expect((await post(server, `/photos/direct/${ticket}/parts?${query}`)).status).toBe(400)
    }
  })

  it('delete an upload, whose parts then are unknown', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const { ticket, parts } = await create(server, { file: 'a.bin', size: 3 })
    await send(parts[0] as Part, 'abc')
    const response = await server.fetch(`/photos/direct/${ticket}`, { method: 'DELETE' })
    await new DescribedApi({ direct: true }).check('deleteDirectUpload', response)
    expect(await Array.fromAsync(server.storage.uploads('photos'))).toEqual([])
    expect((await send(parts[0] as Part, 'abc')).status).toBe(404)
    expect((await post(server, `/photos/direct/${ticket}/complete`)).status).toBe(404)
  })

  it('refuse parts of another size, and keep what was there', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const { ticket, parts } = await create(server, { file: 'a.bin', size: 3 })
    for (const body of ['ab', 'abcd', '']) expect((await send(parts[0] as Part, body)).status).toBe(400)
    await send(parts[0] as Part, 'abc')
    expect((await send(parts[0] as Part, 'abcd')).status).toBe(400)
    expect((await post(server, `/photos/direct/${ticket}/complete`)).status).toBe(200)
    expect(await content(server, 'a.bin')).toBe('abc')
  })

  it('store an empty file without a part', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const { ticket, parts } = await create(server, { file: 'empty', size: 0 })
    expect(parts).toEqual([])
    expect((await post(server, `/photos/direct/${ticket}/complete`)).status).toBe(200)
    expect(await content(server, 'empty')).toBe('')
  })
})

describe('The rules of uploads', () => {
  it('hold for the size, the type and the name', async () => {
    const server = await start({
      maxFileSize: 10,
      allowedContentTypes: ['text/plain'],
      getFilename: ({ name }) => `safe/${name}`,
    })
    expect((await post(server, '/photos/direct', { file: 'a.txt', size: 11 })).status).toBe(413)
    expect((await post(server, '/photos/direct', { file: 'a.txt', size: 5, contentType: 'text/html' })).status).toBe(
      415,
    )
    const { file, ticket, parts } = await create(server, { file: 'a.txt', size: 5 })
    expect(file).toBe('safe/a.txt')
    await send(parts[0] as Part, 'hello', { 'Content-Type': 'text/html' })
    await post(server, `/photos/direct/${ticket}/complete`)
    expect(await server.storage.getFile('photos', 'safe/a.txt')).toMatchObject({ contentType: 'text/plain' })
  })

  it('hold for conditions, at the completion', async () => {
    const server = await start()
    const { ticket, parts } = await create(server, { file: 'a.txt', size: 5, conditions: { ifNoneMatch: '*' } })
    await send(parts[0] as Part, 'hello')
    await server.storage.putFile('photos', 'a.txt', 'first')
    const response = await post(server, `/photos/direct/${ticket}/complete`)
    expect([response.status, (await errorOf(response)).code]).toEqual([412, 'PRECONDITION_FAILED'])
    expect(await content(server, 'a.txt')).toBe('first')
  })

  it('reject a body that is not understood', async () => {
    const server = await start()
    for (const body of [
      {},
      { file: 'a' },
      { file: 1, size: 1 },
      { file: 'a', size: -1 },
      { file: 'a', size: 1.5 },
      { file: 'a', size: 1, contentType: 7 },
      { file: 'a', size: 1, conditions: { ifNoneMatch: 'x' } },
      { file: 'a', size: 1, conditions: { ifModifiedSince: 'x' } },
      { file: 'a', size: 1, sha256: '0' },
    ]) {
      const response = await post(server, '/photos/direct', body)
      expect([response.status, JSON.stringify(body)]).toEqual([400, JSON.stringify(body)])
    }
    expect(await Array.fromAsync(server.storage.uploads('photos'))).toEqual([])
  })
})

describe('authorize', () => {
  it('is called with the name for every request with a ticket, and not for a signed URL', async () => {
    const calls: string[] = []
    const server = await start({
      authorize: ({ action, container, file, req }) => {
        calls.push(`${action} ${container} ${file ?? ''}`)
        return headerOf(req, 'authorization') === 'yes'
      },
    })
    const request = (path: string, method: string, authorization?: string) =>
      server.fetch(path, {
        method,
        headers: { ...json, ...(authorization === undefined ? {} : { authorization }) },
        ...(path === '/photos/direct' ? { body: '{"file":"a.txt","size":1}' } : {}),
      })
    expect((await request('/photos/direct', 'POST')).status).toBe(403)
    const { ticket, parts } = (await (await request('/photos/direct', 'POST', 'yes')).json()) as Created
    expect((await send(parts[0] as Part, 'a')).status).toBe(204)
    calls.length = 0
    for (const [path, method] of [
      ['', 'GET'],
      ['/parts', 'POST'],
      ['/complete', 'POST'],
      ['', 'DELETE'],
    ] as const) {
      expect((await request(`/photos/direct/${ticket}${path}`, method)).status).toBe(403)
    }
    expect(calls).toEqual(Array(4).fill('putFile photos a.txt'))
    expect((await request(`/photos/direct/${ticket}/complete`, 'POST', 'yes')).status).toBe(200)
  })

  it('keeps uploads of other owners unknown', async () => {
    const owner = (req: IncomingMessage) => String(headerOf(req, 'x-user'))
    const server = await start({ direct: { secrets: [secret], owner } })
    const { ticket } = await create(server, { file: 'a', size: 0 })
    const complete = (user: string) =>
      server.fetch(`/photos/direct/${ticket}/complete`, { method: 'POST', headers: { 'X-User': user } })
    expect((await complete('mallory')).status).toBe(404)
    expect((await complete('undefined')).status).toBe(200)
  })
})

describe('Tickets and URLs', () => {
  it('are unknown if they are changed, swapped, or of another container', async () => {
    const server = await start({ containers: ['photos', 'music'] })
    const { ticket, parts } = await create(server, { file: 'a', size: 1 })
    const [{ url }] = parts as [Part]
    const permit = url.split('/').at(-1) ?? ''
    const last = ticket.endsWith('A') ? 'B' : 'A'
    for (const path of [
      `/photos/direct/${ticket.slice(0, -1)}${last}/complete`,
      `/photos/direct/${permit}/complete`,
      `/music/direct/${ticket}/complete`,
      '/photos/direct/x/complete',
      // Another spelling of the same bytes in Base64.
      `/photos/direct/${ticket}=/complete`,
    ]) {
      expect((await post(server, path)).status).toBe(404)
    }
    for (const path of [`/photos/direct/signed/${ticket}`, `/music/direct/signed/${permit}`]) {
      expect((await server.fetch(path, { method: 'PUT', body: 'a' })).status).toBe(404)
    }
  })

  it('expire', async () => {
    const server = await start({ direct: { secrets: [secret], maxAge: 1, urlLifetime: 1 } })
    const { ticket, parts } = await create(server, { file: 'a', size: 1 })
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect((await send(parts[0] as Part, 'a')).status).toBe(410)
    expect((await post(server, `/photos/direct/${ticket}/complete`)).status).toBe(410)
  })

  it('are opened by every secret, and by those of resumable uploads', async () => {
    const provider = new MemoryProvider()
    const old = await start({ provider, direct: true, resumable: { secrets: [secret] } })
    const { ticket, parts } = await create(old, { file: 'a', size: 1 })
    const other = await start({ provider, containers: [], direct: { secrets: [`new ${secret}`, secret] } })
    const path = new URL((parts[0] as Part).url).pathname.replace('/api/containers', '')
    expect((await other.fetch(path, { method: 'PUT', body: 'a' })).status).toBe(204)
    expect((await post(other, `/photos/direct/${ticket}/complete`)).status).toBe(200)
  })

  it('are encrypted by the first secret, and are of one version', async () => {
    const provider = new MemoryProvider()
    const first = `new ${secret}`
    const server = await start({ provider, direct: { secrets: [first, secret] } })
    const later = await start({ provider, containers: [], direct: { secrets: [first] } })
    const { ticket, parts } = await create(server, { file: 'a', size: 1 })
    const path = new URL((parts[0] as Part).url).pathname.replace('/api/containers', '')
    expect((await later.fetch(path, { method: 'PUT', body: 'a' })).status).toBe(204)
    expect((await post(later, `/photos/direct/${ticket}/complete`)).status).toBe(200)
    const tickets = new Tickets<{ readonly version?: number; readonly expires: number }>([secret])
    expect(tickets.open(tickets.seal({ expires: 1 }))).toEqual({ expires: 1 })
    expect(tickets.open(tickets.seal({ version: 2, expires: 1 }))).toBeUndefined()
  })

  it.each(frameworks)('have the URL of the request under %s, or baseUrl', async (framework) => {
    const server = await start({ framework })
    const { parts } = await create(server, { file: 'a', size: 1 })
    expect((parts[0] as Part).url.startsWith(`${server.url}/photos/direct/signed/`)).toBe(true)
    const baseUrl = 'https://files.example/here/'
    const behind = await start({ framework, direct: { secrets: [secret], baseUrl } })
    const created = await create(behind, { file: 'a', size: 1 })
    expect((created.parts[0] as Part).url).toMatch(/^https:\/\/files\.example\/here\/photos\/direct\/signed\//)
  })
})

it('is off by default', async () => {
  const server = await startServer()
  expect((await post(server, '/photos/direct', { file: 'a', size: 1 })).status).toBe(404)
})

it('rejects invalid options', () => {
  const storage = new StorageService(new MemoryProvider())
  for (const [direct, message] of [
    [{ secrets: [] }, /direct\.secrets/],
    [{ secrets: ['short'] }, /direct\.secrets/],
    [{ maxAge: 0 }, /direct\.maxAge/],
    [{ urlLifetime: 1.5 }, /direct\.urlLifetime/],
    [{ baseUrl: 'files.example' }, /direct\.baseUrl/],
    [{ owner: 'me' }, /direct\.owner/],
    [{ unknown: 1 }, /unknown/],
  ] as const) {
    expect(() => storageRouter(storage, { direct: direct as object })).toThrow(message)
  }
})
