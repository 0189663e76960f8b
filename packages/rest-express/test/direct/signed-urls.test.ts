/** URLs that the storage signs for the router: what they allow, and what they do not. */
import { inspect } from 'node:util'
import { createStorage, isStorageError, type SignUrlOptions, StorageService } from '@stowage/core'
import { ProviderWrapper, type SignedUrlSettings } from '@stowage/core/provider'
import { FilesystemProvider } from '@stowage/provider-fs'
import { createMemoryStore, MemoryProvider } from '@stowage/provider-memory'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { storageRouter } from '../../src/index.js'
import { DescribedApi } from '../tools/described-api.js'
import { errorOf, type RestServerOptions, startServer } from '../tools/rest-server.js'
import { makeProvider, type StorageKind, storageKinds, temporaryDirectory } from '../tools/storages.js'

const baseUrl = 'https://files.example/api/containers'
const secret = 'the first secret of these tests, which is long'
const settings: SignedUrlSettings = { baseUrl, secrets: [secret] }
const api = new DescribedApi({ signedUrls: true })

const providerOf = (kind: StorageKind, signedUrls = settings) =>
  kind === 'memory'
    ? new MemoryProvider({ signedUrls })
    : new FilesystemProvider({ root: temporaryDirectory(), signedUrls })

interface Changes {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: NonNullable<RequestInit['body']>
  /** Changes the URL. */
  readonly change?: (url: URL) => unknown
}

/** A server with the file `a.txt`, behind a proxy that has the base URL. */
async function start(options: RestServerOptions = {}) {
  const server = await startServer({ provider: providerOf('memory'), ...options })
  await server.storage.putFile('photos', 'a.txt', 'abcdef', { contentType: 'text/plain' })
  const sign = (options: Partial<SignUrlOptions> = {}, file = 'a.txt') =>
    server.storage.signUrl('photos', file, { method: 'GET', expiresIn: 60, ...options })
  const send = async (options: Partial<SignUrlOptions>, changes: Changes = {}, file?: string): Promise<Response> => {
    const { url, method, headers } = await sign(options, file)
    expect(url.startsWith(`${baseUrl}/photos/signed/`)).toBe(true)
    const target = new URL(server.url + url.slice(baseUrl.length))
    changes.change?.(target)
    return fetch(target, {
      method: changes.method ?? method,
      headers: { ...headers, ...changes.headers },
      ...(changes.body === undefined ? {} : { body: changes.body, duplex: 'half' }),
    } as RequestInit)
  }
  return { ...server, sign, send }
}

async function refusal(response: Response): Promise<string> {
  const { statusCode, code } = await errorOf(response)
  expect(response.status).toBe(statusCode)
  return `${statusCode} ${code}`
}

const contentOf = async ({ storage }: { storage: StorageService }, file = 'a.txt') =>
  (await storage.getFile('photos', file).catch(() => undefined))?.size

afterEach(() => void vi.restoreAllMocks())

describe.each(storageKinds)('on the provider "%s"', (kind) => {
  it('a URL for GET has ranges, conditions and the headers of downloads', async () => {
    const { send } = await start({ provider: providerOf(kind) })
    const whole = await send({})
    await api.check('getSigned', whole.clone())
    expect(await whole.text()).toBe('abcdef')
    expect(whole.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(whole.headers.get('Content-Security-Policy')).toMatch(/^sandbox/)
    const part = await send({}, { headers: { Range: 'bytes=1-2' } })
    expect([part.status, await part.text()]).toEqual([206, 'bc'])
    const etag = whole.headers.get('ETag') ?? ''
    expect((await send({}, { headers: { 'If-None-Match': etag } })).status).toBe(304)
    expect((await send({}, { headers: { 'If-Match': '"other"' } })).status).toBe(412)
    expect((await send({}, { headers: { Range: 'bytes=9-' } })).status).toBe(416)
    const head = await send({}, { method: 'HEAD' })
    expect([head.status, head.headers.get('Content-Length')]).toEqual([200, '6'])
  })

  it('a URL for PUT stores a file, with conditions and a digest', async () => {
    const server = await start({ provider: providerOf(kind) })
    const put = { method: 'PUT', contentType: 'text/plain; charset=utf-8', size: 3 } as const
    const stored = await server.send(put, { body: 'new', headers: { 'If-None-Match': '*' } }, 'b.txt')
    await api.check('putSigned', stored.clone())
    expect(stored.status).toBe(201)
    expect(await stored.json()).toMatchObject({ name: 'b.txt', size: 3, contentType: 'text/plain; charset=utf-8' })
    expect((await server.send(put, { body: 'new', headers: { 'If-None-Match': '*' } }, 'b.txt')).status).toBe(412)
    const digest = { 'Content-MD5': 'AAAAAAAAAAAAAAAAAAAAAA==' }
    expect(await refusal(await server.send({ method: 'PUT' }, { body: 'x', headers: digest }))).toMatch(/^422 /)
    expect(await contentOf(server)).toBe(6)
  })
})

describe('a URL for a part', () => {
  const size = 1024 * 1024 + 3

  async function startParts(options: RestServerOptions = {}) {
    const server = await start(options)
    const upload = await server.storage.createDirectUpload('photos', 'b.bin', { size, partSize: 1024 * 1024 })
    const parts = await server.storage.signDirectParts(upload)
    const put = (
      body: NonNullable<RequestInit['body']>,
      { number = 2, ...changes }: Changes & { readonly number?: number } = {},
    ) => {
      const target = new URL(server.url + (parts[number - 1]?.url.slice(baseUrl.length) ?? ''))
      changes.change?.(target)
      const { method = 'PUT', headers = {} } = changes
      return fetch(target, { method, headers, body, duplex: 'half' } as RequestInit)
    }
    const stored = async () => (await Array.fromAsync(server.storage.parts(upload))).map(({ size }) => size)
    return { ...server, upload, put, stored }
  }

  it.each(storageKinds)(
    'stores it on the provider "%s", without authorize and the rules of whole files',
    async (kind) => {
      const rules = { authorize: () => 401, maxFileSize: 1, allowedContentTypes: ['text/plain'] } as const
      const { put, stored, storage, upload } = await startParts({ provider: providerOf(kind), ...rules })
      const sent = await put('abc', { headers: { 'Content-Type': 'text/html' } })
      await api.check('putSigned', sent.clone())
      const [part] = await Array.fromAsync(storage.parts(upload))
      expect([sent.status, sent.headers.get('etag')]).toEqual([204, part?.etag])
      expect((await put(new Uint8Array(1024 * 1024), { number: 1 })).status).toBe(204)
      expect(await stored()).toEqual([1024 * 1024, 3])
      expect(await storage.completeDirectUpload(upload)).toMatchObject({ name: 'b.bin', size })
      expect(await refusal(await put('xyz'))).toBe('404 UPLOAD_NOT_FOUND')
    },
  )

  it('allows only its size, also if the request states none', async () => {
    const { put, stored } = await startParts()
    for (const body of ['ab', 'abcd', '']) {
      expect(await refusal(await put(body))).toBe('400 SIZE_MISMATCH')
      expect(await refusal(await put(new Blob([body]).stream()))).toBe('400 SIZE_MISMATCH')
    }
    expect(await stored()).toEqual([])
    expect((await put(new Blob(['abc']).stream())).status).toBe(204)
  })

  it('of unknown size is no larger than the parts of the upload', async () => {
    const server = await start()
    const upload = await server.storage.createDirectUpload('photos', 'b.bin', { partSize: 1024 * 1024 })
    const [part] = await server.storage.signDirectParts(upload)
    const target = server.url + (part?.url.slice(baseUrl.length) ?? '')
    const put = (length: number) => fetch(target, { method: 'PUT', body: new Uint8Array(length) })
    expect(await refusal(await put(1024 * 1024 + 1))).toBe('413 TOO_LARGE')
    expect((await put(1024 * 1024)).status).toBe(204)
  })

  const partForgeries: Readonly<Record<string, (url: URL) => unknown>> = {
    'another upload': (url) => url.searchParams.set('upload', 'x'),
    'no upload': (url) => url.searchParams.delete('upload'),
    'another number': (url) => url.searchParams.set('part', '1'),
    'no number': (url) => url.searchParams.delete('part'),
    'another part size': (url) => url.searchParams.set('part-size', '9999999'),
    'no part, but a whole file': (url) =>
      ['upload', 'part', 'part-size'].forEach((name) => void url.searchParams.delete(name)),
    'another size': (url) => url.searchParams.set('size', '4'),
    'another file': (url) => Object.assign(url, { pathname: url.pathname.replace('b.bin', 'a.txt') }),
  }
  it.each(Object.entries(partForgeries))('%s is refused', async (_, change) => {
    const server = await startParts()
    expect(await refusal(await server.put('abc', { change }))).toBe('403 SIGNATURE_MISMATCH')
    expect(await server.stored()).toEqual([])
    expect(await contentOf(server)).toBe(6)
  })

  it('is not one for a file that gets the same parameters', async () => {
    const server = await start()
    const upload = await server.storage.createDirectUpload('photos', 'b.bin', { size: 3 })
    const added = Object.entries({ upload: upload.id, part: '1', 'part-size': '1048576' })
    const toPart = (url: URL) => {
      for (const [name, value] of added) url.searchParams.set(name, value)
    }
    const put = { method: 'PUT', size: 3 } as const
    const response = await server.send(put, { body: 'abc', change: toPart }, 'b.bin')
    expect(await refusal(response)).toBe('403 SIGNATURE_MISMATCH')
  })

  it('allows no other method, and expires', async () => {
    const { put, stored } = await startParts()
    expect((await put('abc', { method: 'POST' })).status).toBe(405)
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_601_000)
    expect(await refusal(await put('abc'))).toBe('403 URL_EXPIRED')
    clock.mockRestore()
    expect(await stored()).toEqual([])
  })
})

describe('a URL allows what it was signed for', () => {
  it('no other method', async () => {
    const server = await start()
    expect(await refusal(await server.send({ method: 'PUT' }, { method: 'GET' }))).toBe('403 METHOD_NOT_SIGNED')
    expect((await server.send({ method: 'PUT' }, { method: 'HEAD' })).status).toBe(403)
    expect(await refusal(await server.send({}, { method: 'PUT', body: 'x' }))).toBe('403 METHOD_NOT_SIGNED')
    for (const method of ['POST', 'DELETE', 'PATCH']) {
      expect(await refusal(await server.send({}, { method }))).toBe('405 METHOD_NOT_ALLOWED')
    }
    expect(await contentOf(server)).toBe(6)
  })

  const replacePath = (url: URL, from: string, to: string) =>
    Object.assign(url, { pathname: url.pathname.replace(from, to) })
  const forgeries: Readonly<Record<string, (url: URL) => unknown>> = {
    'another file': (url) => replacePath(url, 'a.txt', 'b.txt'),
    'another container': (url) => replacePath(url, 'photos', 'music'),
    'a later end': (url) => url.searchParams.set('expires', String(Number(url.searchParams.get('expires')) + 1)),
    'no end': (url) => url.searchParams.delete('expires'),
    'two ends': (url) => url.searchParams.append('expires', '9999999999'),
    'another size': (url) => url.searchParams.set('size', '7'),
    'no size': (url) => url.searchParams.delete('size'),
    'another type': (url) => url.searchParams.set('type', 'text/html'),
    'no type': (url) => url.searchParams.delete('type'),
    'the absence of a type': (url) => url.searchParams.set('type', ''),
    'a header of the response': (url) => url.searchParams.set('response-content-type', 'text/html'),
    'an unknown parameter': (url) => url.searchParams.set('versionId', '1'),
    'no signature': (url) => url.searchParams.delete('signature'),
    'an empty signature': (url) => url.searchParams.set('signature', ''),
    'a longer signature': (url) => url.searchParams.set('signature', `${url.searchParams.get('signature')}A`),
    'a signature that is not ASCII': (url) => url.searchParams.set('signature', 'ä'.repeat(43)),
    'no query': (url) => Object.assign(url, { search: '' }),
  }
  it.each(Object.entries(forgeries))('%s is refused', async (_, change) => {
    const server = await start({ containers: ['photos', 'music'] })
    const put = { method: 'PUT', size: 3, contentType: 'text/plain' } as const
    expect(await refusal(await server.send(put, { body: 'new', change }))).toBe('403 SIGNATURE_MISMATCH')
    expect(await contentOf(server)).toBe(6)
    expect((await Array.fromAsync(server.storage.files('music'))).length).toBe(0)
  })

  it('no names that have the same letters together', async () => {
    const server = await start({ containers: ['photos', 'photo'] })
    await server.storage.putFile('photo', 'sa.txt', 'secret')
    const shift = (url: URL) => replacePath(url, 'photos/signed/a.txt', 'photo/signed/sa.txt')
    expect(await refusal(await server.send({}, { change: shift }))).toBe('403 SIGNATURE_MISMATCH')
  })

  it('no type, if the request must have none', async () => {
    const server = await start()
    const change = (url: URL) => url.searchParams.delete('type')
    const headers = { 'content-type': 'text/html' }
    const put = server.send({ method: 'PUT', contentType: null }, { body: 'new', change, headers }, 'b')
    expect(await refusal(await put)).toBe('403 SIGNATURE_MISMATCH')
  })

  it('until it expires, also to the second', async () => {
    const { send } = await start()
    const now = Math.floor(Date.now() / 1000) * 1000
    const clock = vi.spyOn(Date, 'now').mockReturnValue(now)
    const late = (milliseconds: number) => send({}, { change: () => void clock.mockReturnValue(now + milliseconds) })
    expect((await late(59_999)).status).toBe(200)
    clock.mockReturnValue(now)
    expect(await refusal(await late(60_000))).toBe('403 URL_EXPIRED')
  })

  it('with this type, or without one', async () => {
    const server = await start()
    const typed = { method: 'PUT', contentType: 'Text/HTML; charset=UTF-8' } as const
    const send = (options: Partial<SignUrlOptions>, type: string) =>
      server.send(options, { body: Buffer.from('new'), headers: { 'content-type': type } }, 'b')
    expect(await refusal(await send(typed, 'text/html'))).toBe('415 TYPE_NOT_ALLOWED')
    expect(await refusal(await send({ method: 'PUT', contentType: null }, 'text/html'))).toBe('415 TYPE_NOT_ALLOWED')
    expect(await contentOf(server, 'b')).toBeUndefined()
    expect((await send(typed, 'text/html;charset=utf-8')).status).toBe(201)
    expect((await server.send({ method: 'PUT', contentType: null }, { body: Buffer.from('new') }, 'c')).status).toBe(
      201,
    )
  })

  it('with this size, also if the request states none', async () => {
    const server = await start()
    const sized = { method: 'PUT', size: 3 } as const
    for (const text of ['ne', 'newer']) {
      expect(await refusal(await server.send(sized, { body: text }, 'b'))).toBe('400 SIZE_MISMATCH')
      const chunked = new Blob([text]).stream()
      expect(await refusal(await server.send(sized, { body: chunked }, 'b'))).toBe('400 SIZE_MISMATCH')
    }
    expect(await contentOf(server, 'b')).toBeUndefined()
    expect((await server.send(sized, { body: new Blob(['new']).stream() }, 'b')).status).toBe(201)
  })
})

describe('the router', () => {
  it('does not call authorize, and applies the rules of uploads', async () => {
    const server = await start({ authorize: () => 401, maxFileSize: 5, allowedContentTypes: ['text/plain'] })
    expect((await server.fetch('/photos/download/a.txt')).status).toBe(401)
    expect((await server.send({})).status).toBe(200)
    const put = (body: string, type: string) =>
      server.send({ method: 'PUT' }, { body, headers: { 'content-type': type } }, 'b.txt')
    expect(await refusal(await put('abcdef', 'text/plain'))).toBe('413 TOO_LARGE')
    expect(await refusal(await put('abc', 'text/html'))).toBe('415 TYPE_NOT_ALLOWED')
    expect((await put('abc', 'text/plain')).status).toBe(201)
  })

  it('applies a policy to the content', async () => {
    const server = await start({ policy: { types: ['image/png'], content: 'detected' } })
    const put = await server.send(
      { method: 'PUT' },
      { body: 'no image', headers: { 'content-type': 'image/png' } },
      'b',
    )
    expect(put.ok).toBe(false)
    expect(await contentOf(server, 'b')).toBeUndefined()
  })

  it('displays no HTML in its origin, whatever headers are signed', async () => {
    const { send } = await start()
    const responseHeaders = { contentType: 'text/html', contentDisposition: 'inline', cacheControl: 'max-age=60' }
    const { headers } = await send({ responseHeaders })
    expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    expect(headers.get('Content-Disposition')).toBe('attachment; filename="a.txt"')
    expect(headers.get('Content-Security-Policy')).toMatch(/^sandbox/)
    expect(headers.get('Cache-Control')).toBe('max-age=60, no-transform')
  })

  it('redirects a download to a signed URL, and sends the file there', async () => {
    const server = await start({ redirect: true })
    const redirected = await server.fetch('/photos/download/a.txt', { redirect: 'manual' })
    expect(redirected.status).toBe(302)
    const location = redirected.headers.get('Location') ?? ''
    const followed = await fetch(server.url + location.slice(baseUrl.length), { redirect: 'manual' })
    expect([followed.status, await followed.text()]).toEqual([200, 'abcdef'])
  })

  it('has no such routes without the setting', async () => {
    const server = await startServer()
    expect((await server.fetch('/photos/signed/a.txt')).status).toBe(404)
  })

  it('lets pages of other origins use the URLs, if the option allows it', async () => {
    const { send } = await start({ cors: { origins: ['https://app.example'] } })
    const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'PUT' }
    const preflight = await send({ method: 'PUT' }, { method: 'OPTIONS', headers })
    expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe('https://app.example')
  })
})

describe('secrets', () => {
  it('rotate: the first one signs, and all of them verify', async () => {
    const second = 'the second secret of these tests, also long'
    const store = createMemoryStore()
    const providerWith = (...secrets: string[]) => new MemoryProvider({ store, signedUrls: { baseUrl, secrets } })
    await new StorageService(providerWith(secret)).createContainer({ name: 'photos' })
    await new StorageService(providerWith(secret)).putFile('photos', 'a.txt', 'abc')
    const sign = (provider: MemoryProvider) =>
      new StorageService(provider).signUrl('photos', 'a.txt', { method: 'GET', expiresIn: 60 })
    const urls = [await sign(providerWith(secret)), await sign(providerWith(second, secret))]
    const statuses = async (provider: MemoryProvider) => {
      const server = await startServer({ provider, containers: [] })
      return Promise.all(urls.map(async ({ url }) => (await server.fetch(url.slice(baseUrl.length))).status))
    }
    expect(await statuses(providerWith(second, secret))).toEqual([200, 200])
    expect(await statuses(providerWith(second))).toEqual([403, 200])
    expect(await statuses(providerWith(secret))).toEqual([200, 403])
  })

  it('do not sign for a storage with another base URL', async () => {
    const provider = new MemoryProvider({ signedUrls: { baseUrl: `${baseUrl}/other`, secrets: [secret] } })
    const elsewhere = await startServer({ provider })
    await elsewhere.storage.putFile('photos', 'a.txt', 'abc')
    const { sign } = await start()
    const { url } = await sign()
    expect(await refusal(await elsewhere.fetch(url.slice(baseUrl.length)))).toBe('403 SIGNATURE_MISMATCH')
  })

  it.each(storageKinds)('are in no message and no inspection of the provider "%s"', async (kind) => {
    const provider = providerOf(kind)
    expect(inspect(provider, { depth: 20, showHidden: true })).not.toContain(secret)
    const short = 'a secret that is short'
    const options = { root: temporaryDirectory() }
    const wrong = async (signedUrls: object) => {
      const given = { ...(kind === 'memory' ? {} : options), provider: kind, signedUrls }
      const error = await createStorage(given as never).catch((thrown: unknown) => thrown)
      expect(String(error)).not.toContain(short)
      return isStorageError(error, 'INVALID_ARGUMENT') ? error.details.property : error
    }
    expect(await wrong({ baseUrl, secrets: [short] })).toBe('signedUrls.secrets')
    expect(await wrong({ baseUrl, secrets: short })).toBe('signedUrls.secrets')
    expect(await wrong({ baseUrl, secrets: [] })).toBe('signedUrls.secrets')
    expect(await wrong({ baseUrl: 'files.example', secrets: [secret] })).toBe('signedUrls.baseUrl')
    expect(await wrong({ baseUrl: `${baseUrl}?a`, secrets: [secret] })).toBe('signedUrls.baseUrl')
    expect(await wrong({ baseUrl, secrets: [secret], expires: 1 })).toBe('signedUrls.expires')
    expect(() => providerOf(kind, { baseUrl, secrets: [short] })).toThrow(/^option "signedUrls.secrets" of \w+ must be/)
  })
})

describe('without the setting', () => {
  it.each(storageKinds)('the error of the provider "%s" names it', async (kind) => {
    const storage = new StorageService(makeProvider(kind))
    const upload = {
      container: 'photos',
      file: 'a',
      id: 'x',
      partSize: 1,
      key: '0'.repeat(32),
      maxSize: 1,
      conditions: {},
    }
    for (const call of [
      storage.signUrl('photos', 'a', { method: 'GET', expiresIn: 60 }),
      storage.signDirectParts(upload),
      storage.checkOrigin('photos', 'https://app.example'),
    ]) {
      await expect(call).rejects.toMatchObject({
        code: 'NOT_SUPPORTED',
        message: expect.stringContaining('only with the setting signedUrls'),
      })
    }
    expect(() => storageRouter(storage, { redirect: true })).toThrow(/setting signedUrls/)
  })

  it('the error of another provider does not name it, also behind a wrapper', async () => {
    class Wrapped extends ProviderWrapper {}
    const other = Object.assign(new MemoryProvider(), { verifyUrl: undefined })
    for (const provider of [other, new Wrapped(other)]) {
      const signing = new StorageService(provider).signUrl('photos', 'a', { method: 'GET', expiresIn: 60 })
      const message = 'this provider does not support signed URLs (capabilities.signedUrls)'
      await expect(signing).rejects.toMatchObject({ code: 'NOT_SUPPORTED', message })
    }
  })
})

it('no URL can express the names "." and ".."', async () => {
  const { sign } = await start()
  for (const name of ['.', '..']) await expect(sign({}, name)).rejects.toMatchObject({ code: 'INVALID_NAME' })
})
