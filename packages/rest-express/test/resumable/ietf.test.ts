import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { StorageError } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it } from 'vitest'
import type { StorageRouterOptions } from '../../src/index.js'
import { DescribedApi } from '../tools/described-api.js'
import {
  errorOf,
  eventually,
  headerOf,
  isFetch,
  openSocket,
  type RestServer,
  startServer,
} from '../tools/rest-server.js'
import { makeProvider, storageKinds } from '../tools/storages.js'

const secret = 'a secret for tests, of 32 characters or more'
const problems = 'https://iana.org/assignments/http-problem-types'
const interop = (version: number) => ({ 'Upload-Draft-Interop-Version': String(version) })
const partial = { 'Content-Type': 'application/partial-upload' }

const start = (options: Parameters<typeof startServer>[0] = {}) =>
  startServer({ resumable: { secrets: [secret] }, maxFileSize: 100_000_000, ...options })

const content = async ({ storage }: RestServer, name: string) => (await storage.openFile('photos', name)).bytes()

/** Where a response's Location leads, as a path below the mount point. */
const uploadOf = ({ url, mount }: RestServer, path: string, response: Response) =>
  new URL(response.headers.get('location') ?? '', url + path).pathname.slice(mount.length)

/** Starts an upload without bytes. Returns its path below the mount point. */
async function create(server: RestServer, path: string, headers: Readonly<Record<string, string>> = {}) {
  const method = path.endsWith('/uploads') ? 'POST' : 'PUT'
  const response = await server.fetch(path, { method, headers: { 'Upload-Complete': '?0', ...headers } })
  expect([response.status, response.headers.get('upload-complete')]).toEqual([201, '?0'])
  return uploadOf(server, path, response)
}

const append = (
  { fetch }: RestServer,
  path: string,
  offset: number,
  body: Uint8Array | string,
  ends: boolean,
  more = {},
) =>
  fetch(path, {
    method: 'PATCH',
    headers: { ...partial, 'Upload-Offset': String(offset), 'Upload-Complete': ends ? '?1' : '?0', ...more },
    body: Buffer.from(body),
  })

async function stateOf({ fetch }: RestServer, path: string, more = {}) {
  const response = await fetch(path, { method: 'HEAD', headers: more })
  const header = (name: string) => response.headers.get(name)
  return [response.status, header('upload-offset'), header('upload-complete'), header('upload-length')]
}

interface Exchange {
  readonly interim: { readonly status: number; readonly headers: Readonly<Record<string, unknown>> }[]
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** A request whose interim responses are seen. Rejects if the connection breaks. */
function send(url: string, method: string, headers: Readonly<Record<string, string>>, body: string | Buffer) {
  const { promise, resolve, reject } = Promise.withResolvers<Exchange>()
  const interim: Exchange['interim'] = []
  const sending = request(url, {
    agent: false,
    method,
    headers: { 'Content-Length': Buffer.byteLength(body), ...headers },
  })
  sending.on('information', ({ statusCode, headers }) => interim.push({ status: statusCode, headers }))
  sending.on('error', reject)
  sending.on('response', async (response) => {
    const chunks = await Array.fromAsync(response as AsyncIterable<Buffer>)
    resolve({ interim, status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() })
  })
  sending.end(body)
  return { sending, interim, done: promise }
}

/** The handler of the web platform sends no interim responses. */
describe.each(storageKinds)("the IETF's protocol over %s", (kind) => {
  it('PUT in several requests, and the last response is that of the file', async () => {
    const completed: string[] = []
    const onComplete = ({ name }: { readonly name: string }) => void completed.push(name)
    const server = await start({ provider: makeProvider(kind), resumable: { secrets: [secret], onComplete } })
    const file = '/photos/files/cats/of%20spring.txt'
    const path = await create(server, file, { 'Content-Type': 'text/x-cats', 'Upload-Length': '11' })
    expect(path).toMatch(/^\/photos\/uploads\/[\w-]+$/)
    expect(await stateOf(server, path)).toEqual([204, '0', '?0', '11'])
    const first = await append(server, path, 0, 'hello ', false)
    expect([first.status, first.headers.get('upload-offset'), first.headers.get('upload-complete')]).toEqual([
      204,
      '6',
      '?0',
    ])
    expect(first.headers.get('upload-limit')).toMatch(/^max-size=100000000, max-age=86\d\d\d$/)
    expect(await server.storage.hasFile('photos', 'cats/of spring.txt')).toBe(false)
    const last = await append(server, path, 6, 'world', true)
    const info = await server.storage.getFile('photos', 'cats/of spring.txt')
    expect([last.status, last.headers.get('upload-complete'), last.headers.get('etag')]).toEqual([201, '?1', info.etag])
    expect(await last.json()).toMatchObject({ container: 'photos', name: 'cats/of spring.txt', size: 11 })
    expect(info.contentType).toBe('text/x-cats')
    expect((await content(server, 'cats/of spring.txt')).toString()).toBe('hello world')
    expect(completed).toEqual(['cats/of spring.txt'])
    expect(await stateOf(server, path)).toEqual([204, '11', '?1', '11'])
    const again = await append(server, path, 11, '', true)
    expect([again.status, ((await again.json()) as { size: number }).size]).toEqual([201, 11])
    const second = await create(server, file)
    expect((await append(server, second, 0, 'new', true)).status).toBe(200)
  })

  it('POST takes the name from Content-Disposition, and the first bytes', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const response = await server.fetch('/photos/uploads', {
      method: 'POST',
      headers: {
        'Upload-Complete': '?0',
        'Content-Type': 'text/plain',
        'Content-Disposition': `inline; filename="t.txt"; filename*=UTF-8''t%C3%A4uschung.txt`,
      },
      body: 'ab',
    })
    expect([response.status, response.headers.get('upload-offset')]).toEqual([201, '2'])
    const path = uploadOf(server, '/photos/uploads', response)
    expect(await stateOf(server, path)).toEqual([204, '2', '?0', null])
    expect((await append(server, path, 2, 'cd', true)).status).toBe(201)
    expect((await content(server, 'täuschung.txt')).toString()).toBe('abcd')
    expect(await server.storage.getFile('photos', 'täuschung.txt')).toMatchObject({ contentType: 'text/plain' })
  })

  it('takes a whole file in one request, without interim responses for a client without a version', async () => {
    const server = await start({ provider: makeProvider(kind) })
    for (const [method, path] of [
      ['PUT', '/photos/files/whole'],
      ['POST', '/photos/uploads'],
    ] as const) {
      for (const body of ['whole', '']) {
        const sent = { 'Upload-Complete': '?1', 'Content-Disposition': 'inline; filename=whole' }
        const { interim, status, headers, body: json } = await send(server.url + path, method, sent, body).done
        expect(interim).toEqual([])
        expect([status, headers['upload-complete']]).toEqual([method === 'PUT' && body !== '' ? 201 : 200, '?1'])
        expect(JSON.parse(json)).toMatchObject({ name: 'whole', size: body.length })
        expect((await content(server, 'whole')).toString()).toBe(body)
      }
    }
  })

  it.skipIf(isFetch).each([5, 6, 7, 8, 9])('sends 104 to clients of interop version %d', async (version) => {
    const server = await start({ provider: makeProvider(kind) })
    const body = randomBytes(20_000_000)
    const sent = { ...interop(version), 'Upload-Complete': '?1' }
    const { interim, status, headers } = await send(`${server.url}/photos/files/film`, 'PUT', sent, body).done
    expect([status, headers['upload-complete'], headers['upload-offset']]).toEqual([201, '?1', '20000000'])
    expect(interim.map((each) => each.status)).toEqual([104, 104, 104])
    const limits = [undefined, 'expires', 'max-age', 'max-age', 'max-age'][version - 5]
    expect(interim[0]?.headers).toMatchObject({
      'upload-draft-interop-version': String(version),
      location: headers['location'],
      'upload-limit': expect.stringMatching(`^max-size=100000000${limits === undefined ? '' : `, ${limits}=86`}`),
    })
    expect(interim.slice(1).map((each) => each.headers)).toEqual(
      [8, 16].map((mebibytes) => ({
        'upload-draft-interop-version': String(version),
        'upload-offset': String(mebibytes * 1024 * 1024),
      })),
    )
    expect((await content(server, 'film')).equals(body)).toBe(true)
  })

  it.skipIf(isFetch)('keeps what arrived before the connection broke, and goes on at the URL of the 104', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const socket = await openSocket(server.port)
    const { promise: location, resolve } = Promise.withResolvers<string>()
    let received = ''
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      const [, found] = /^location: (\S+)\r\n(?:.+\r\n)*\r\n/im.exec(received) ?? []
      if (found !== undefined) resolve(found)
    })
    socket.write(
      `PUT ${server.mount}/photos/files/a/b.bin HTTP/1.1\r\nHost: localhost\r\nUpload-Complete: ?1\r\nUpload-Draft-Interop-Version: 8\r\nContent-Length: 1000\r\n\r\n`,
    )
    const url = new URL(await location, `${server.url}/photos/files/a/b.bin`)
    expect(received).toMatch(/^HTTP\/1\.1 104 /)
    const path = url.pathname.slice(server.mount.length)
    await new Promise((done) => socket.write('a'.repeat(600), done))
    socket.destroy()
    // A HEAD that comes earlier would end the request before all bytes were read.
    await eventually(() => server.failures.length === 1)
    expect(await stateOf(server, path)).toEqual([204, '600', '?0', '1000'])
    expect((await append(server, path, 600, 'b'.repeat(400), true)).status).toBe(201)
    expect((await content(server, 'a/b.bin')).toString()).toBe('a'.repeat(600) + 'b'.repeat(400))
  })

  it.skipIf(isFetch)('a newer request breaks the connection of a client that had a 104', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const connections: Socket[] = []
    server.server.on('connection', (connection: Socket) => connections.push(connection))
    const sent = { ...interop(8), 'Upload-Complete': '?1', 'Content-Length': '1000' }
    const open = request(`${server.url}/photos/files/open`, { agent: false, method: 'PUT', headers: sent })
    const broken = new Promise((resolve) => open.on('error', resolve))
    const informed = new Promise<string>((resolve) =>
      open.on('information', ({ headers }) => resolve(headers['location'] as string)),
    )
    open.write('a'.repeat(300))
    const path = new URL(await informed, `${server.url}/photos/files/open`).pathname.slice(server.mount.length)
    await eventually(() => connections.some(({ bytesRead }) => bytesRead > 300))
    const [status, offset] = await stateOf(server, path)
    expect(status).toBe(204)
    await broken
    expect((await append(server, path, Number(offset), 'b'.repeat(1000 - Number(offset)), true)).status).toBe(201)
    expect((await content(server, 'open')).length).toBe(1000)
  })
})

describe("the IETF's protocol", () => {
  it('tells its limits, and how bodies continue uploads', async () => {
    const { fetch } = await start({ maxFileSize: 12_345 })
    for (const path of ['/photos/uploads', '/photos/uploads/x', '/photos/files/a/b']) {
      const response = await fetch(path, { method: 'OPTIONS' })
      expect(response.status).toBe(204)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'accept-patch': 'application/partial-upload',
        'upload-limit': 'max-size=12345, max-age=86400',
      })
      expect(response.headers.get('allow')).toContain('OPTIONS')
    }
    const unlimited = await start({ maxFileSize: () => 1 })
    const headers = interop(5)
    const response = await unlimited.fetch('/photos/files/a', { method: 'OPTIONS', headers })
    expect(response.headers.get('upload-limit')).toBe('min-size=0')
  })

  it('is off by default: a part of a file is not stored as a whole, and a whole file is', async () => {
    const { fetch, storage } = await startServer()
    const put = async (isComplete: string) => {
      const sent = { 'Upload-Complete': isComplete, ...interop(8) }
      return (await fetch('/photos/files/a', { method: 'PUT', headers: sent, body: 'a' })).status
    }
    expect(await put('?0')).toBe(501)
    expect(await storage.hasFile('photos', 'a')).toBe(false)
    expect(await put('?1')).toBe(201)
    expect((await fetch('/photos/files/a', { method: 'OPTIONS' })).headers.get('upload-limit')).toBeNull()
  })

  it.each([
    ['no Boolean in Upload-Complete', { 'Upload-Complete': 'true' }, 400, 'INVALID_ARGUMENT'],
    ['no Upload-Complete', interop(8), 400, 'INVALID_ARGUMENT'],
    ['more than the maximum', { 'Upload-Length': '1001', 'Content-Type': 'image/png' }, 413, 'TOO_LARGE'],
    ['a type that is not allowed', { 'Content-Type': 'text/x' }, 415, 'TYPE_NOT_ALLOWED'],
    ['an unknown coding', { 'Content-Encoding': 'utf-8', 'Content-Type': 'image/png' }, 415, 'TYPE_NOT_ALLOWED'],
    [
      'an empty name',
      { 'Content-Disposition': 'inline; filename=""', 'Content-Type': 'image/png' },
      400,
      'INVALID_NAME',
    ],
  ] as const)('a creation with %s is refused', async (_, headers, status, code) => {
    const { fetch, storage } = await start({ maxFileSize: 1000, allowedContentTypes: ['image/png'] })
    const isMissing = 'Upload-Draft-Interop-Version' in headers
    const sent = { ...(isMissing ? {} : { 'Upload-Complete': '?0' }), ...headers } as Record<string, string>
    const response = await fetch('/photos/uploads', { method: 'POST', headers: sent })
    expect([response.status, await errorOf(response)]).toMatchObject([status, { code }])
    expect(response.headers.get('upload-complete')).toBe('?0')
    expect(await Array.fromAsync(storage.uploads('photos'))).toEqual([])
  })

  it('lengths that contradict each other are a problem of their own type', async () => {
    const server = await start()
    const inconsistent = { type: `${problems}#inconsistent-upload-length`, status: 400, code: 'INVALID_ARGUMENT' }
    const problemOf = async (response: Response) => {
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(response.headers.get('upload-complete')).toBe('?0')
      return response.json()
    }
    const sent = { 'Upload-Complete': '?1', 'Upload-Length': '5' }
    const creation = await server.fetch('/photos/uploads', { method: 'POST', headers: sent, body: 'abcd' })
    expect(await problemOf(creation)).toMatchObject(inconsistent)
    expect(await Array.fromAsync(server.storage.uploads('photos'))).toEqual([])
    const path = await create(server, '/photos/files/a', { 'Upload-Length': '5' })
    await append(server, path, 0, 'ab', false)
    expect(await problemOf(await append(server, path, 2, 'cd', true))).toMatchObject(inconsistent)
    expect(await problemOf(await append(server, path, 2, 'c', false, { 'Upload-Length': '6' }))).toMatchObject(
      inconsistent,
    )
    expect(await stateOf(server, path)).toEqual([204, '2', '?0', '5'])
    // More than the length ends the upload.
    expect(await problemOf(await append(server, path, 2, 'cdef', false))).toMatchObject(inconsistent)
    expect((await stateOf(server, path))[0]).toBe(404)
  })

  it('more than the maximum is 413, with the limits, and the upload can go on', async () => {
    const server = await start({ maxFileSize: 10 })
    const path = await create(server, '/photos/files/a')
    const response = await append(server, path, 0, '0123456789a', false)
    expect([response.status, response.headers.get('upload-limit')]).toEqual([
      413,
      expect.stringMatching(/^max-size=10, max-age=86\d\d\d$/),
    ])
    expect((await append(server, path, 0, '0123456789', true)).status).toBe(201)
  })

  it('a body of another type, offset or checksum is refused, and changes nothing', async () => {
    const server = await start()
    const path = await create(server, '/photos/files/a')
    await append(server, path, 0, 'abc', false)
    const typed = await append(server, path, 3, 'd', false, { 'Content-Type': 'text/plain' })
    expect([typed.status, typed.headers.get('accept-patch')]).toEqual([415, 'application/partial-upload'])
    const response = await append(server, path, 2, 'd', true)
    expect([response.status, response.headers.get('upload-offset'), response.headers.get('upload-complete')]).toEqual([
      409,
      '3',
      '?0',
    ])
    expect(await response.json()).toMatchObject({
      type: `${problems}#mismatching-upload-offset`,
      'expected-offset': 3,
      'provided-offset': 2,
    })
    for (const headers of [{ 'Upload-Offset': '3.0' }, { 'Upload-Complete': '1' }]) {
      expect((await append(server, path, 3, 'd', false, headers)).status).toBe(400)
    }
    const digest = (text: string) => ({
      'Content-Digest': `sha-256=:${createHash('sha256').update(text).digest('base64')}:`,
    })
    expect((await append(server, path, 3, 'd', false, digest('e'))).status).toBe(422)
    expect((await append(server, path, 3, 'd', false, { 'Content-Digest': 'sha-256=:YQ==:' })).status).toBe(400)
    expect(await stateOf(server, path)).toEqual([204, '3', '?0', null])
    expect((await append(server, path, 3, 'd', true, digest('d'))).status).toBe(201)
    expect((await content(server, 'a')).toString()).toBe('abcd')
  })

  it('a completed upload takes no more bytes', async () => {
    const server = await start()
    const path = await create(server, '/photos/files/a')
    await append(server, path, 0, 'abc', true)
    const more = await append(server, path, 3, 'd', true)
    expect([more.status, ((await more.json()) as { type: string }).type]).toEqual([400, `${problems}#completed-upload`])
    expect((await append(server, path, 0, 'abc', true)).status).toBe(409)
    expect((await content(server, 'a')).toString()).toBe('abc')
  })

  it('an upload that has its length stays open until a request says that it is complete', async () => {
    const server = await start()
    const path = await create(server, '/photos/files/a', { 'Upload-Length': '3' })
    expect((await append(server, path, 0, 'abc', false)).status).toBe(204)
    expect(await stateOf(server, path)).toEqual([204, '3', '?0', '3'])
    // tus-js-client would take the length for success.
    expect(await stateOf(server, path, interop(6))).toEqual([204, '3', '?0', null])
    expect(await server.storage.hasFile('photos', 'a')).toBe(false)
    expect((await append(server, path, 3, '', true)).status).toBe(201)
    expect((await content(server, 'a')).toString()).toBe('abc')
  })

  it('conditions are checked at the start, and again at the end', async () => {
    const server = await start()
    const file = '/photos/files/a'
    const path = await create(server, file, { 'If-None-Match': '*' })
    const { etag } = await server.storage.putFile('photos', 'a', 'other')
    const late = await append(server, path, 0, 'abc', true)
    expect([late.status, late.headers.get('upload-complete')]).toEqual([412, '?1'])
    expect((await stateOf(server, path))[0]).toBe(404)
    const put = (headers: Record<string, string>) =>
      server.fetch(file, { method: 'PUT', headers: { 'Upload-Complete': '?0', ...headers } })
    expect((await put({ 'If-None-Match': '*' })).status).toBe(412)
    expect((await put({ 'If-Match': '"x"' })).status).toBe(412)
    const right = await create(server, file, { 'If-Match': etag })
    expect((await append(server, right, 0, 'abc', true)).status).toBe(200)
  })

  it('is authorized at every request, and again before it is complete', async () => {
    let allowed = 2
    const asked: unknown[] = []
    const authorize: StorageRouterOptions['authorize'] = ({ action, file }) => {
      asked.push([action, file])
      return allowed-- > 0
    }
    const server = await start({ authorize })
    const path = await create(server, '/photos/files/a')
    allowed = 1
    const refused = await append(server, path, 0, 'abc', true)
    expect([refused.status, refused.headers.get('upload-complete')]).toEqual([403, '?1'])
    expect(asked).toEqual(Array(3).fill(['putFile', 'a']))
    expect(await server.storage.hasFile('photos', 'a')).toBe(false)
    allowed = 3
    expect(await stateOf(server, path)).toEqual([204, '3', '?0', null])
    expect((await append(server, path, 3, '', true)).status).toBe(201)
  })

  it('belongs to its owner, is deleted, and expires', async () => {
    const server = await start({
      resumable: { secrets: [secret], owner: (req) => headerOf(req, 'x-user') || undefined, maxAge: 1 },
    })
    const path = await create(server, '/photos/files/a', { 'X-User': 'ada' })
    expect((await stateOf(server, path))[0]).toBe(404)
    expect((await stateOf(server, path, { 'X-User': 'ada' }))[0]).toBe(204)
    expect((await server.fetch(path, { method: 'DELETE', headers: { 'X-User': 'ada' } })).status).toBe(204)
    expect((await stateOf(server, path, { 'X-User': 'ada' }))[0]).toBe(404)
    const other = await create(server, '/photos/files/a')
    await eventually(async () => (await stateOf(server, other))[0] === 410)
    expect((await append(server, other, 0, 'a', true)).status).toBe(410)
  })

  it('knows no ticket that was made up, and none of tus without its version', async () => {
    const server = await start()
    expect((await stateOf(server, '/photos/uploads/x'))[0]).toBe(404)
    const created = await server.fetch('/photos/uploads', {
      method: 'POST',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '1' },
    })
    const path = uploadOf(server, '/photos/uploads', created)
    expect((await stateOf(server, path))[0]).toBe(412)
    expect((await append(server, path, 0, 'a', true)).status).toBe(201)
  })

  it('an upload with a digest cannot be completed without its verification, by tus', async () => {
    const server = await start()
    const digest = `sha-256=:${createHash('sha256').update('other').digest('base64')}:`
    const created = await server.fetch('/photos/files/a', {
      method: 'PUT',
      headers: { 'Upload-Complete': '?0', 'Upload-Length': '3', 'Repr-Digest': digest, ...interop(8) },
      body: 'abc',
    })
    const path = uploadOf(server, '/photos/files/a', created)
    const tus = { 'Tus-Resumable': '1.0.0' }
    expect((await server.fetch(path, { method: 'HEAD', headers: tus })).status).toBe(404)
    const headers = { ...tus, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '3' }
    expect((await server.fetch(path, { method: 'PATCH', headers })).status).toBe(404)
    expect(await server.storage.hasFile('photos', 'a')).toBe(false)
    expect((await append(server, path, 3, '', true)).status).toBe(422)
    expect(await server.storage.hasFile('photos', 'a')).toBe(false)
  })

  it.skipIf(isFetch)(
    'a failure of the storage breaks the connection of a client that had a 104, and is 502 to others',
    async () => {
      const provider = new MemoryProvider()
      let isReachable = true
      const { uploadPart } = provider
      provider.uploadPart = (...args) =>
        isReachable ? uploadPart.apply(provider, args) : Promise.reject(new StorageError('BAD_RESPONSE', 'down'))
      const server = await start({ provider })
      const body = randomBytes(9_000_000)
      const sent = { 'Upload-Complete': '?1', ...interop(8) }
      isReachable = false
      const { interim, done } = send(`${server.url}/photos/files/a`, 'PUT', sent, body)
      await expect(done).rejects.toMatchObject({ code: 'ECONNRESET' })
      expect(server.failures).toMatchObject([{ statusCode: 502, action: 'putFile' }])
      const url = new URL(String(interim[0]?.headers['location']), `${server.url}/photos/files/a`)
      const path = url.pathname.slice(server.mount.length)
      const careful = await create(server, '/photos/files/b')
      expect((await append(server, careful, 0, body, true)).status).toBe(502)
      isReachable = true
      const [, offset] = await stateOf(server, path)
      expect((await append(server, path, Number(offset), body.subarray(Number(offset)), true)).status).toBe(201)
      expect((await content(server, 'a')).equals(body)).toBe(true)
    },
  )

  it.each([
    ['one request', [9_000_000]],
    ['several requests', [3, 8_500_000, 499_997]],
  ] as const)('verifies and tells the digest of a file that comes in %s', async (_, sizes) => {
    const server = await start()
    const body = randomBytes(9_000_000)
    const digest = (of: Buffer) => `sha-256=:${createHash('sha256').update(of).digest('base64')}:`
    /** Returns the last response. */
    const sendAll = async (headers: Record<string, string>) => {
      let path = '/photos/files/a'
      let offset = 0
      let last = new Response()
      for (const [index, size] of sizes.entries()) {
        const ends = index === sizes.length - 1
        const part = body.subarray(offset, offset + size)
        const sent = { 'Upload-Complete': ends ? '?1' : '?0', ...interop(8), ...headers }
        if (index > 0) last = await append(server, path, offset, part, ends)
        else last = await server.fetch(path, { method: 'PUT', headers: sent, body: part })
        if (index === 0) path = uploadOf(server, path, last)
        offset += size
      }
      return last
    }
    // A whole file is a plain upload to a client that gets no interim responses.
    if (isFetch && sizes.length === 1) return
    const right = await sendAll({ 'Repr-Digest': digest(body) })
    expect([right.status, right.headers.get('repr-digest')]).toEqual([201, digest(body)])
    await server.storage.removeFile('photos', 'a')
    const wanted = await sendAll({ 'Want-Repr-Digest': 'md5=0, sha-512=3, sha-256=9, crc32c=10' })
    expect([wanted.status, wanted.headers.get('repr-digest')]).toEqual([201, digest(body)])
    await server.storage.removeFile('photos', 'a')
    const wrong = await sendAll({ 'Repr-Digest': digest(Buffer.from('x')) })
    expect([wrong.status, wrong.headers.get('upload-complete'), (await errorOf(wrong)).code]).toEqual([
      422,
      '?1',
      'CHECKSUM_MISMATCH',
    ])
    expect(await server.storage.hasFile('photos', 'a')).toBe(false)
    expect(await Array.fromAsync(server.storage.uploads('photos'))).toEqual([])
    // A wrong digest never costs the file that the upload would have replaced.
    await server.storage.putFile('photos', 'a', 'old')
    expect((await sendAll({ 'Repr-Digest': digest(Buffer.from('x')) })).status).toBe(422)
    expect(await (await server.storage.openFile('photos', 'a')).text()).toBe('old')
  })

  it('is described by OpenAPI', async () => {
    const api = new DescribedApi({ resumable: true })
    const server = await start()
    const { fetch } = server
    await api.check('describeFile', await fetch('/photos/files/a', { method: 'OPTIONS' }))
    await api.check('describeUploads', await fetch('/photos/uploads', { method: 'OPTIONS' }))
    const post = (isComplete: string, body?: string) =>
      fetch('/photos/uploads', {
        method: 'POST',
        headers: { 'Upload-Complete': isComplete, 'Content-Disposition': 'inline; filename=a' },
        ...(body === undefined ? {} : { body }),
      })
    const created = await post('?0')
    const path = uploadOf(server, '/photos/uploads', created)
    await api.check('createUpload', created)
    await api.check('createUpload', await post('?1', 'abc'))
    await api.check('createUpload', await post('?1', 'abc'))
    await api.check('createUpload', await post('true'))
    await api.check('getUpload', await fetch(path, { method: 'HEAD' }))
    await api.check('appendToUpload', await append(server, path, 0, 'abc', false))
    await api.check('appendToUpload', await append(server, path, 0, 'abc', false))
    await api.check('appendToUpload', await append(server, path, 3, 'd', true, { 'Content-Digest': 'md5=:YQ==:' }))
    await api.check('appendToUpload', await append(server, path, 3, 'd', true))
    await api.check('appendToUpload', await append(server, path, 4, 'd', true))
    const override = { ...partial, 'X-HTTP-Method-Override': 'PATCH', 'Upload-Offset': '4', 'Upload-Complete': '?1' }
    await api.check('overrideMethod', await fetch(path, { method: 'POST', headers: override }))
    await api.check('deleteUpload', await fetch(path, { method: 'DELETE' }))
    await api.check('deleteUpload', await fetch(path, { method: 'DELETE' }))
  })

  it('refuses the concatenation of tus, and a malformed digest, before anything is stored', async () => {
    const { fetch, storage } = await start()
    for (const headers of [{ 'Upload-Concat': 'partial' }, { 'Repr-Digest': 'sha-256=:YQ==:' }]) {
      const sent = { 'Upload-Complete': '?0', ...headers }
      expect((await fetch('/photos/uploads', { method: 'POST', headers: sent })).status).toBe(400)
    }
    expect(await Array.fromAsync(storage.uploads('photos'))).toEqual([])
  })

  it('leaves nothing of a creation that failed and whose URL the client does not know', async () => {
    const server = await start({ idleTimeout: 50 })
    const sent = { 'Upload-Complete': '?0', 'Content-Length': '100' }
    const open = request(`${server.url}/photos/files/a`, { agent: false, method: 'PUT', headers: sent })
    const status = new Promise((resolve) => open.on('response', ({ statusCode }) => resolve(statusCode)))
    open.on('error', () => undefined)
    open.write('abc')
    expect(await status).toBe(408)
    open.destroy()
    expect(await Array.fromAsync(server.storage.uploads('photos'))).toEqual([])
  })
})
