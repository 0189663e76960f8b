import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { StorageError, StorageService } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { Upload, type UploadOptions } from 'tus-js-client'
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
const tus = { 'Tus-Resumable': '1.0.0' }
const patch = { ...tus, 'Content-Type': 'application/offset+octet-stream' }
const metadata = (pairs: Readonly<Record<string, string>>) =>
  Object.entries(pairs)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')

const start = (options: Parameters<typeof startServer>[0] = {}) =>
  startServer({ resumable: { secrets: [secret] }, maxFileSize: 100_000_000, ...options })

/** Starts an upload. Returns its path below the mount point. */
async function create(server: RestServer, headers: Readonly<Record<string, string>>): Promise<string> {
  const response = await server.fetch('/photos/uploads', { method: 'POST', headers: { ...tus, ...headers } })
  expect(response.status).toBe(201)
  expect(response.headers.get('tus-resumable')).toBe('1.0.0')
  return `/photos/${response.headers.get('location')}`
}

const append = ({ fetch }: RestServer, path: string, offset: number, body: Uint8Array | string, more = {}) =>
  fetch(path, {
    method: 'PATCH',
    headers: { ...patch, 'Upload-Offset': String(offset), ...more },
    body: Buffer.from(body),
  })

async function offsetOf({ fetch }: RestServer, path: string): Promise<number> {
  const response = await fetch(path, { method: 'HEAD', headers: tus })
  expect(response.status).toBe(200)
  return Number(response.headers.get('upload-offset'))
}

const content = async ({ storage }: RestServer, name: string) => (await storage.openFile('photos', name)).bytes()

describe.each(storageKinds)('tus over %s', (kind) => {
  it('stores a file in pieces, and shows it when it is complete', async () => {
    const completed: string[] = []
    const onComplete = ({ name }: { readonly name: string }) => void completed.push(name)
    const server = await start({
      provider: makeProvider(kind),
      resumable: { secrets: [secret], onComplete },
    })
    const { fetch, storage } = server
    const sent = metadata({ filename: 'cats/täuschung.txt', filetype: 'text/plain', relativePath: 'x' })
    const path = await create(server, { 'Upload-Length': '11', 'Upload-Metadata': sent })
    const head = await fetch(path, { method: 'HEAD', headers: tus })
    expect(Object.fromEntries(head.headers)).toMatchObject({
      'upload-offset': '0',
      'upload-length': '11',
      'upload-metadata': sent,
      'cache-control': 'no-store',
      'tus-resumable': '1.0.0',
    })
    const first = await append(server, path, 0, 'hello ')
    expect([first.status, first.headers.get('upload-offset')]).toEqual([204, '6'])
    expect(await offsetOf(server, path)).toBe(6)
    expect(await storage.hasFile('photos', 'cats/täuschung.txt')).toBe(false)
    expect(completed).toEqual([])
    const last = await append(server, path, 6, 'world')
    expect([last.status, last.headers.get('upload-offset')]).toEqual([204, '11'])
    expect(await offsetOf(server, path)).toBe(11)
    expect((await content(server, 'cats/täuschung.txt')).toString()).toBe('hello world')
    expect(await storage.getFile('photos', 'cats/täuschung.txt')).toMatchObject({ contentType: 'text/plain' })
    expect(completed).toEqual(['cats/täuschung.txt'])
  })

  it('takes the first bytes with the creation', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const response = await server.fetch('/photos/uploads', {
      method: 'POST',
      headers: { ...patch, 'Upload-Length': '4', 'Upload-Metadata': metadata({ name: 'a.txt' }) },
      body: 'ab',
    })
    expect([response.status, response.headers.get('upload-offset')]).toEqual([201, '2'])
    await append(server, `/photos/${response.headers.get('location')}`, 2, 'cd')
    expect((await content(server, 'a.txt')).toString()).toBe('abcd')
  })

  it('learns the length later, stores an empty file, and names one that has no name', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const path = await create(server, { 'Upload-Defer-Length': '1', 'Upload-Metadata': metadata({ name: 'late' }) })
    const head = await server.fetch(path, { method: 'HEAD', headers: tus })
    expect([head.headers.get('upload-defer-length'), head.headers.get('upload-length')]).toEqual(['1', null])
    await append(server, path, 0, 'abc')
    expect((await append(server, path, 3, 'd', { 'Upload-Length': '5' })).status).toBe(204)
    expect((await append(server, path, 4, 'e', { 'Upload-Length': '6' })).status).toBe(400)
    expect((await append(server, path, 4, 'e')).status).toBe(204)
    expect((await content(server, 'late')).toString()).toBe('abcde')
    await create(server, { 'Upload-Length': '0', 'Upload-Metadata': metadata({ name: 'empty' }) })
    expect((await content(server, 'empty')).length).toBe(0)
    await create(server, { 'Upload-Length': '0' })
    const names = (await server.storage.getFiles('photos')).map(({ name }) => name)
    expect(names.filter((name) => /^[0-9a-f-]{36}$/.test(name))).toHaveLength(1)
  })

  it('keeps what arrived before the connection broke', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const path = await create(server, { 'Upload-Length': '1000', 'Upload-Metadata': metadata({ name: 'broken' }) })
    const socket = await openSocket(server.port)
    const head = Object.entries({ ...patch, 'Upload-Offset': '0', 'Content-Length': '1000', Host: 'localhost' })
    socket.write(`PATCH ${server.mount}${path} HTTP/1.1\r\n${head.map((each) => each.join(': ')).join('\r\n')}\r\n\r\n`)
    await new Promise((resolve) => socket.write('a'.repeat(600), resolve))
    socket.destroy()
    // A HEAD that comes earlier would end the request before all bytes were read.
    await eventually(() => server.failures.length === 1)
    expect(await offsetOf(server, path)).toBe(600)
    await append(server, path, 600, 'b'.repeat(400))
    expect((await content(server, 'broken')).toString()).toBe('a'.repeat(600) + 'b'.repeat(400))
  })

  it('a HEAD ends a request that is still open', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const path = await create(server, { 'Upload-Length': '1000', 'Upload-Metadata': metadata({ name: 'open' }) })
    const connections: Socket[] = []
    server.server.on('connection', (connection: Socket) => connections.push(connection))
    const open = request(`${server.url}${path}`, {
      agent: false,
      method: 'PATCH',
      headers: { ...patch, 'Upload-Offset': '0', 'Content-Length': 1000 },
    })
    open.on('error', () => undefined)
    open.write('a'.repeat(300))
    await eventually(() => connections.some(({ bytesRead }) => bytesRead > 300))
    const offset = await offsetOf(server, path)
    expect(offset).toBeLessThanOrEqual(300)
    open.destroy()
    await append(server, path, offset, 'b'.repeat(1000 - offset))
    expect((await content(server, 'open')).length).toBe(1000)
  })

  it('is deleted, with what is stored of it; a complete file stays', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const path = await create(server, { 'Upload-Length': '10', 'Upload-Metadata': metadata({ name: 'a' }) })
    await append(server, path, 0, 'abc')
    expect((await server.fetch(path, { method: 'DELETE', headers: tus })).status).toBe(204)
    const head = await server.fetch(path, { method: 'HEAD', headers: tus })
    expect([head.status, head.headers.get('upload-offset'), head.headers.get('tus-resumable')]).toEqual([
      404,
      null,
      '1.0.0',
    ])
    expect(await Array.fromAsync(server.storage.uploads('photos'))).toEqual([])
    const other = await create(server, { 'Upload-Length': '1', 'Upload-Metadata': metadata({ name: 'b' }) })
    await append(server, other, 0, 'x')
    expect((await server.fetch(other, { method: 'DELETE', headers: tus })).status).toBe(204)
    expect(await server.storage.hasFile('photos', 'b')).toBe(true)
  })

  it('verifies a checksum of a header or a trailer before any byte counts', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const path = await create(server, { 'Upload-Length': '9', 'Upload-Metadata': metadata({ name: 'sum' }) })
    const sum = (algorithm: string, text: string) =>
      `${algorithm} ${createHash(algorithm).update(text).digest('base64')}`
    const wrong = await append(server, path, 0, 'abc', { 'Upload-Checksum': sum('sha1', 'abd') })
    expect([wrong.status, await errorOf(wrong)]).toMatchObject([460, { code: 'CHECKSUM_MISMATCH' }])
    expect((await append(server, path, 0, 'abc', { 'Upload-Checksum': 'crc32 abcd' })).status).toBe(400)
    expect((await append(server, path, 0, 'abc', { 'Upload-Checksum': 'sha1 abcd' })).status).toBe(400)
    expect(await offsetOf(server, path)).toBe(0)
    for (const [offset, algorithm] of [
      [0, 'sha1'],
      [3, 'sha256'],
    ] as const) {
      const right = await append(server, path, offset, 'abc', { 'Upload-Checksum': sum(algorithm, 'abc') })
      expect(right.status).toBe(204)
    }
    const trailing = (checksum: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const sending = request(`${server.url}${path}`, {
          method: 'PATCH',
          headers: { ...patch, 'Upload-Offset': '6', Trailer: 'Upload-Checksum' },
        })
        sending.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject)
        sending.write('abc')
        sending.addTrailers({ 'Upload-Checksum': checksum })
        sending.end()
      })
    if (isFetch) {
      // The web platform does not show trailers.
      expect(await trailing(sum('sha1', 'abd'))).toBe(501)
      return
    }
    expect(await trailing(sum('sha1', 'abd'))).toBe(460)
    expect(await offsetOf(server, path)).toBe(6)
    expect(await trailing(sum('sha1', 'abc'))).toBe(204)
    expect((await content(server, 'sum')).toString()).toBe('abcabcabc')
  })

  const uploadWith = async (server: RestServer, body: Buffer, options: Partial<UploadOptions> = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const upload = new Upload(body as never, {
      endpoint: `${server.url}/photos/uploads`,
      metadata: { filename: 'client.bin' },
      retryDelays: [10, 50],
      onSuccess: () => resolve(),
      onError: reject,
      ...options,
    })
    upload.start()
    await promise
    return upload
  }

  it('joins partial uploads, of which one may occur twice', async () => {
    const completed: string[] = []
    const server = await start({
      provider: makeProvider(kind),
      resumable: { secrets: [secret], onComplete: ({ name }) => void completed.push(name) },
    })
    const partial = { 'Upload-Concat': 'partial' }
    const first = await create(server, { ...partial, 'Upload-Length': '6' })
    const second = await create(server, { ...partial, 'Upload-Defer-Length': '1' })
    for (const [offset, text] of ['he', 'llo', ' '].map((text, index) => [[0, 2, 5][index], text] as const)) {
      expect((await append(server, first, offset ?? 0, text)).status).toBe(204)
    }
    await append(server, second, 0, 'wor')
    const join = (concat: string, more = {}) =>
      server.fetch('/photos/uploads', {
        method: 'POST',
        headers: { ...tus, 'Upload-Concat': concat, 'Upload-Metadata': metadata({ filename: 'joined.txt' }), ...more },
      })
    const urls = `${server.url}${first} ${second.slice('/photos/'.length)} ${server.url}${first}`
    expect((await join(`final;${urls}`)).status).toBe(400)
    expect((await append(server, second, 3, 'ld, ', { 'Upload-Length': '7' })).status).toBe(204)
    expect((await join(`final;${urls}`, { 'Upload-Length': '19' })).status).toBe(400)
    expect((await join('final;')).status).toBe(400)
    expect((await join('final;/unknown')).status).toBe(404)
    expect(completed).toEqual([])
    const joined = await join(`final;${urls}`)
    expect(joined.status).toBe(201)
    expect((await content(server, 'joined.txt')).toString()).toBe('hello world, hello ')
    expect(completed).toEqual(['joined.txt'])
    const path = `/photos/${joined.headers.get('location')}`
    const head = await server.fetch(path, { method: 'HEAD', headers: tus })
    expect(Object.fromEntries(head.headers)).toMatchObject({
      'upload-offset': '19',
      'upload-length': '19',
      'upload-concat': `final;${urls}`,
    })
    expect((await append(server, path, 19, 'x')).status).toBe(403)
    expect((await join(`final;${server.url}${path}`)).status).toBe(400)
    const part = await server.fetch(first, { method: 'HEAD', headers: tus })
    expect([part.headers.get('upload-concat'), part.headers.get('upload-offset')]).toEqual(['partial', '6'])
    expect((await server.fetch(path, { method: 'DELETE', headers: tus })).status).toBe(204)
    for (const each of [first, second]) {
      expect((await server.fetch(each, { method: 'DELETE', headers: tus })).status).toBe(204)
      expect((await server.fetch(each, { method: 'HEAD', headers: tus })).status).toBe(404)
    }
    expect(await server.storage.hasFile('photos', 'joined.txt')).toBe(true)
  })

  it('serves tus-js-client with four parallel uploads', async () => {
    const server = await start({ provider: makeProvider(kind) })
    const body = randomBytes(20_000_003)
    await uploadWith(server, body, { parallelUploads: 4 })
    expect((await content(server, 'client.bin')).equals(body)).toBe(true)
  })

  it.each([Number.POSITIVE_INFINITY, 1_234_567])('serves tus-js-client in chunks of %d bytes', async (chunkSize) => {
    const server = await start({ provider: makeProvider(kind) })
    const body = randomBytes(20_000_001)
    await uploadWith(server, body, { chunkSize })
    expect((await content(server, 'client.bin')).equals(body)).toBe(true)
    await server.storage.purgeUploads('photos')
    expect(await Array.fromAsync(server.storage.uploads('photos'))).toEqual([])
  })

  it('serves tus-js-client that is aborted and goes on by its URL, with another server process', async () => {
    const provider = makeProvider(kind)
    const first = await start({ provider })
    const body = randomBytes(10_000_001)
    const { promise: half, resolve } = Promise.withResolvers<string | null>()
    const upload = new Upload(body as never, {
      endpoint: `${first.url}/photos/uploads`,
      metadata: { filename: 'client.bin' },
      chunkSize: 1_000_000,
      onChunkComplete: (_size, accepted) => {
        if (accepted >= 4_000_000) resolve(upload.url)
      },
    })
    upload.start()
    const url = new URL((await half) ?? '')
    await upload.abort()
    const second = await startServer({ provider, containers: [], resumable: { secrets: ['x'.repeat(32), secret] } })
    await uploadWith(second, body, { uploadUrl: `http://127.0.0.1:${second.port}${url.pathname}` })
    expect((await content(second, 'client.bin')).equals(body)).toBe(true)
  })
})

describe('tus', () => {
  it('says what it supports, without a version in the request', async () => {
    const { fetch } = await start({ maxFileSize: 12_345 })
    for (const path of ['/photos/uploads', '/photos/uploads/x']) {
      const response = await fetch(path, { method: 'OPTIONS' })
      expect(response.status).toBe(204)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'tus-resumable': '1.0.0',
        'tus-version': '1.0.0',
        'tus-max-size': '12345',
        'tus-checksum-algorithm': 'sha1,md5,sha256,sha512',
      })
      expect(response.headers.get('tus-extension')?.split(',')).toContain('creation')
    }
  })

  it('is off by default', async () => {
    const { fetch } = await startServer()
    expect((await fetch('/photos/uploads', { method: 'POST', headers: tus })).status).toBe(404)
  })

  it.each([
    ['another version', { 'Tus-Resumable': '0.2.2', 'Upload-Length': '1' }, 412, 'PRECONDITION_FAILED'],
    ['no length', {}, 400, 'INVALID_ARGUMENT'],
    ['two lengths', { 'Upload-Length': '1', 'Upload-Defer-Length': '1' }, 400, 'INVALID_ARGUMENT'],
    ['a deferral of 2', { 'Upload-Defer-Length': '2' }, 400, 'INVALID_ARGUMENT'],
    ['a negative length', { 'Upload-Length': '-1' }, 400, 'INVALID_ARGUMENT'],
    ['a length in words', { 'Upload-Length': 'many' }, 400, 'INVALID_ARGUMENT'],
    ['more than the maximum', { 'Upload-Length': '1001', 'Upload-Metadata': 'type aW1hZ2UvcG5n' }, 413, 'TOO_LARGE'],
    ['a key twice', { 'Upload-Length': '1', 'Upload-Metadata': 'a YQ==,a YQ==' }, 400, 'INVALID_ARGUMENT'],
    ['a value that is no Base64', { 'Upload-Length': '1', 'Upload-Metadata': 'a ???' }, 400, 'INVALID_ARGUMENT'],
    ['too much metadata', { 'Upload-Length': '1', 'Upload-Metadata': `a ${'YWFh'.repeat(1100)}` }, 413, 'TOO_LARGE'],
    ['an empty name', { 'Upload-Length': '1', 'Upload-Metadata': 'name' }, 400, 'INVALID_NAME'],
    [
      'a type that is not allowed',
      { 'Upload-Length': '1', 'Upload-Metadata': 'type dGV4dC94' },
      415,
      'TYPE_NOT_ALLOWED',
    ],
  ] as const)('a creation with %s is refused', async (_, headers, status, code) => {
    const { fetch, storage } = await start({ maxFileSize: 1000, allowedContentTypes: ['image/png'] })
    const response = await fetch('/photos/uploads', { method: 'POST', headers: { ...tus, ...headers } })
    expect([response.status, await errorOf(response)]).toMatchObject([status, { code }])
    expect(response.headers.get('tus-resumable')).toBe('1.0.0')
    expect(await Array.fromAsync(storage.uploads('photos'))).toEqual([])
  })

  it('a creation in a missing container is 404, and one with a body of another type 415', async () => {
    const { fetch } = await start()
    const headers = { ...tus, 'Upload-Length': '1' }
    expect((await fetch('/missing/uploads', { method: 'POST', headers })).status).toBe(404)
    const typed = { ...headers, 'Content-Type': 'text/plain' }
    expect((await fetch('/photos/uploads', { method: 'POST', headers: typed, body: 'a' })).status).toBe(415)
  })

  it('a PATCH of another type, offset or size is refused, and changes nothing', async () => {
    const server = await start()
    const path = await create(server, { 'Upload-Length': '10' })
    await append(server, path, 0, 'abc')
    expect((await append(server, path, 3, 'd', { 'Content-Type': 'text/plain' })).status).toBe(415)
    const mismatch = await append(server, path, 2, 'd')
    expect([mismatch.status, await errorOf(mismatch)]).toMatchObject([409, { code: 'OFFSET_MISMATCH' }])
    const without = await server.fetch(path, { method: 'PATCH', headers: patch, body: 'd' })
    expect(without.status).toBe(400)
    expect((await append(server, path, 3, '12345678')).status).toBe(413)
    expect((await append(server, path, 3, '1', { 'Upload-Length': '11' })).status).toBe(400)
    expect(await offsetOf(server, path)).toBe(3)
  })

  it('takes PATCH and DELETE as POST with X-HTTP-Method-Override, and no other', async () => {
    const server = await start()
    const path = await create(server, { 'Upload-Length': '10' })
    const post = (method: string, more = {}, body?: string) =>
      server.fetch(path, {
        method: 'POST',
        headers: { ...patch, 'X-HTTP-Method-Override': method, ...more },
        ...(body === undefined ? {} : { body }),
      })
    expect((await post('PATCH', { 'Upload-Offset': '0' }, 'abc')).status).toBe(204)
    expect(await offsetOf(server, path)).toBe(3)
    expect((await post('HEAD')).status).toBe(405)
    expect((await post('DELETE')).status).toBe(204)
  })

  it('knows no ticket that was made up, changed, of other secrets or of another container', async () => {
    const server = await start({ containers: ['photos', 'music'] })
    const path = await create(server, { 'Upload-Length': '10' })
    const ticket = path.slice('/photos/uploads/'.length)
    const changed = `${ticket.slice(0, 40)}${ticket[40] === 'A' ? 'B' : 'A'}${ticket.slice(41)}`
    const strangers = ['x', changed, `${ticket}A`, ticket.slice(0, -4)].map((each) => `/photos/uploads/${each}`)
    for (const stranger of [...strangers, `/music/uploads/${ticket}`]) {
      for (const method of ['HEAD', 'PATCH', 'DELETE']) {
        const response = await server.fetch(stranger, { method, headers: { ...patch, 'Upload-Offset': '0' } })
        expect(response.status, `${method} ${stranger}`).toBe(404)
      }
    }
    expect(await offsetOf(server, path)).toBe(0)
  })

  it('belongs to its owner', async () => {
    const server = await start({
      resumable: { secrets: [secret], owner: (req) => headerOf(req, 'x-user') || undefined },
    })
    const path = await create(server, { 'Upload-Length': '10', 'X-User': 'ada' })
    const headers = { ...tus, 'X-User': 'ada' }
    expect((await server.fetch(path, { method: 'HEAD', headers })).status).toBe(200)
    for (const other of [{}, { 'X-User': 'bob' }]) {
      expect((await server.fetch(path, { method: 'HEAD', headers: { ...tus, ...other } })).status).toBe(404)
    }
  })

  it('expires', async () => {
    const server = await start({ resumable: { secrets: [secret], maxAge: 1 } })
    const path = await create(server, { 'Upload-Length': '10' })
    await eventually(async () => (await server.fetch(path, { method: 'HEAD', headers: tus })).status === 410)
    expect((await append(server, path, 0, 'a')).status).toBe(410)
  })

  it('is authorized at every request, under the name of the file', async () => {
    let allowed = true
    const asked: unknown[] = []
    const authorize: StorageRouterOptions['authorize'] = ({ action, container, file }) => {
      asked.push([action, container, file])
      return allowed
    }
    const server = await start({ authorize })
    const path = await create(server, { 'Upload-Length': '2', 'Upload-Metadata': metadata({ name: 'a.txt' }) })
    expect(asked).toEqual([
      ['putFile', 'photos', undefined],
      ['putFile', 'photos', 'a.txt'],
    ])
    allowed = false
    for (const method of ['HEAD', 'PATCH', 'DELETE']) {
      asked.length = 0
      const response = await server.fetch(path, { method, headers: { ...patch, 'Upload-Offset': '0' } })
      expect(response.status).toBe(403)
      expect(asked).toEqual([['putFile', 'photos', 'a.txt']])
    }
  })

  it('responds to HEAD with 423 while the storage is unreachable, so that clients do not start over', async () => {
    const provider = new MemoryProvider()
    let reachable = true
    const listHiddenFiles = provider.listHiddenFiles.bind(provider)
    provider.listHiddenFiles = (...args) => {
      if (reachable) return listHiddenFiles(...args)
      return Promise.reject(new StorageError('UNAVAILABLE', 'down', { details: { retryAfter: 1 } }))
    }
    const server = await start({ provider })
    const path = await create(server, { 'Upload-Length': '10' })
    await append(server, path, 0, 'abc')
    reachable = false
    const response = await server.fetch(path, { method: 'HEAD', headers: tus })
    expect([response.status, response.headers.get('retry-after')]).toEqual([423, '1'])
    reachable = true
    expect(await offsetOf(server, path)).toBe(3)
  }, 60_000)

  it.each(storageKinds)('creates only if the file is missing, over %s', async (kind) => {
    const server = await start({ provider: makeProvider(kind) })
    const { storage, fetch } = server
    const headers = { 'If-None-Match': '*', 'Upload-Length': '2', 'Upload-Metadata': metadata({ filename: 'a.txt' }) }
    const path = await create(server, headers)
    await storage.putFile('photos', 'a.txt', 'other')
    // The name was taken after the upload had started.
    const last = await append(server, path, 0, 'ab')
    expect([last.status, await errorOf(last)]).toMatchObject([412, { code: 'PRECONDITION_FAILED' }])
    expect((await content(server, 'a.txt')).toString()).toBe('other')
    expect((await fetch(path, { method: 'DELETE', headers: tus })).status).toBe(204)
    // Before any byte is sent.
    const response = await fetch('/photos/uploads', { method: 'POST', headers: { ...tus, ...headers } })
    expect([response.status, await errorOf(response)]).toMatchObject([412, { code: 'PRECONDITION_FAILED' }])
  })

  it('replaces only the version that If-Match names', async () => {
    const server = await start()
    const { storage, fetch } = server
    const { etag } = await storage.putFile('photos', 'a.txt', 'old')
    const creation = { 'Upload-Length': '3', 'Upload-Metadata': metadata({ filename: 'a.txt' }) }
    const path = await create(server, { ...creation, 'If-Match': etag })
    const late = await create(server, { ...creation, 'If-Match': etag })
    expect((await append(server, path, 0, 'new')).status).toBe(204)
    expect((await append(server, late, 0, 'bad')).status).toBe(412)
    const stale = { ...tus, ...creation, 'If-Match': etag }
    expect((await fetch('/photos/uploads', { method: 'POST', headers: stale })).status).toBe(412)
    expect((await content(server, 'a.txt')).toString()).toBe('new')
    const several = { ...tus, ...creation, 'If-None-Match': '"x"' }
    expect((await fetch('/photos/uploads', { method: 'POST', headers: several })).status).toBe(400)
  })

  it('applies the rules for names of forms', async () => {
    const server = await start({ getFilename: ({ name }) => `in/${name}` })
    const path = await create(server, { 'Upload-Length': '1', 'Upload-Metadata': metadata({ name: 'a.txt' }) })
    await append(server, path, 0, 'a')
    expect(await server.storage.hasFile('photos', 'in/a.txt')).toBe(true)
  })

  it.each([
    ['secrets: []', { secrets: [] }],
    ['a short secret', { secrets: ['short'] }],
    ['maxAge: 0', { maxAge: 0 }],
    ['an owner that is no function', { owner: 'ada' }],
    ['an unknown option', { secret }],
  ])('refuses %s', async (_, resumable) => {
    const options = { resumable } as unknown as StorageRouterOptions
    await expect(start(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('is described by OpenAPI', async () => {
    const api = new DescribedApi({ resumable: true })
    const server = await start()
    const { fetch } = server
    await api.check('describeUploads', await fetch('/photos/uploads', { method: 'OPTIONS' }))
    const creation = { method: 'POST', headers: { ...tus, 'Upload-Length': '9' } }
    const created = await fetch('/photos/uploads', creation)
    const path = `/photos/${created.headers.get('location')}`
    await api.check('createUpload', created)
    await api.check('createUpload', await fetch('/photos/uploads', { method: 'POST', headers: tus }))
    await api.check('describeUpload', await fetch(path, { method: 'OPTIONS' }))
    await api.check('getUpload', await fetch(path, { method: 'HEAD', headers: tus }))
    await api.check('appendToUpload', await append(server, path, 0, 'abc'))
    await api.check('appendToUpload', await append(server, path, 0, 'abc'))
    await api.check(
      'appendToUpload',
      await append(server, path, 3, 'abc', { 'Upload-Checksum': `sha1 ${'A'.repeat(27)}=` }),
    )
    const override = { method: 'POST', headers: { ...patch, 'X-HTTP-Method-Override': 'PATCH', 'Upload-Offset': '3' } }
    await api.check('overrideMethod', await fetch(path, { ...override, body: 'd' }))
    await api.check('overrideMethod', await fetch(path, { method: 'POST', headers: tus }))
    await api.check('deleteUpload', await fetch(path, { method: 'DELETE', headers: tus }))
    await api.check('deleteUpload', await fetch(path, { method: 'DELETE', headers: { 'Tus-Resumable': '2' } }))
  })

  it('needs a provider with resumable uploads', async () => {
    const provider = new MemoryProvider({ capabilities: { resumableUploads: false } })
    const { fetch } = await start({ provider })
    const response = await fetch('/photos/uploads', { method: 'POST', headers: { ...tus, 'Upload-Length': '9' } })
    expect([response.status, await errorOf(response)]).toMatchObject([501, { code: 'NOT_SUPPORTED' }])
    expect(new StorageService(provider).capabilities.resumableUploads).toBe(false)
  })
})
