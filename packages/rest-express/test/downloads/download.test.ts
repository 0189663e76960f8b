import { createServer } from 'node:http'
import { StorageError, StorageService } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it } from 'vitest'
import { download, sendError } from '../../src/index.js'
import { BrokenReads } from '../tools/faulty-provider.js'
import {
  errorOf,
  eventually,
  isFetch,
  listen,
  openSocket,
  rawRequest,
  readToEnd,
  startServer,
} from '../tools/rest-server.js'

const alphabet = 'abcdefghijklmnopqrstuvwxyz'

async function serverWithAlphabet() {
  const server = await startServer()
  const file = await server.storage.putFile('photos', 'a.txt', alphabet)
  const get = (headers: Record<string, string>, method = 'GET') =>
    server.fetch('/photos/download/a.txt', { method, headers })
  return { ...server, file, get }
}

describe('A range', () => {
  it.each([
    ['bytes=0-0', 'a', 'bytes 0-0/26'],
    ['bytes=2-4', 'cde', 'bytes 2-4/26'],
    ['bytes=23-', 'xyz', 'bytes 23-25/26'],
    ['bytes=-3', 'xyz', 'bytes 23-25/26'],
    ['bytes=20-99', 'uvwxyz', 'bytes 20-25/26'],
    ['bytes=20-99999999999999999999999', 'uvwxyz', 'bytes 20-25/26'],
    ['BYTES=2-4', 'cde', 'bytes 2-4/26'],
    ['bytes= 2-4 ', 'cde', 'bytes 2-4/26'],
  ])('the response to %s is 206', async (range, body, contentRange) => {
    const { get } = await serverWithAlphabet()
    const response = await get({ Range: range })
    expect([response.status, await response.text()]).toEqual([206, body])
    expect(response.headers.get('content-range')).toBe(contentRange)
    expect(response.headers.get('content-length')).toBe(String(body.length))
  })

  it.each([
    'bytes=9-3',
    'bytes=abc',
    'bytes=-',
    'bytes=',
    'bytes',
    'lines=0-3',
    'bytes=0x1-3',
    'bytes=1.5-3',
    'bytes=0-1,3-4',
    'bytes=0-1, 3-4',
    '',
  ])('"%s" is passed over, with 200', async (range) => {
    const { get } = await serverWithAlphabet()
    const response = await get({ Range: range })
    expect([response.status, await response.text()]).toEqual([200, alphabet])
    expect(response.headers.get('content-range')).toBeNull()
  })

  it.each(['bytes=26-', 'bytes=26-30', 'bytes=-0', 'bytes=99999999999999999999999-'])(
    '%s is not satisfiable: 416 with the size',
    async (range) => {
      const { get } = await serverWithAlphabet()
      const response = await get({ Range: range })
      expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */26'])
      expect((await errorOf(response)).code).toBe('RANGE_NOT_SATISFIABLE')
    },
  )

  it('that covers the file is still 206', async () => {
    const { get } = await serverWithAlphabet()
    const response = await get({ Range: 'bytes=0-' })
    expect([response.status, response.headers.get('content-range')]).toEqual([206, 'bytes 0-25/26'])
  })

  it.each([
    ['bytes=-5', 200],
    ['bytes=0-', 200],
    ['bytes=0-99', 200],
    ['bytes=-0', 416],
    ['bytes=1-', 416],
  ])('of an empty file, %s, is the empty file or not in it: %i', async (range, status) => {
    const { fetch, storage } = await startServer()
    await storage.putFile('photos', 'empty', '')
    const response = await fetch('/photos/download/empty', { headers: { Range: range } })
    expect([response.status, response.headers.get('content-range')]).toEqual([
      status,
      status === 416 ? 'bytes */0' : null,
    ])
  })

  it('is passed over on HEAD', async () => {
    const { get } = await serverWithAlphabet()
    const response = await get({ Range: 'bytes=0-3' }, 'HEAD')
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '26'])
    expect(response.headers.get('accept-ranges')).toBe('bytes')
  })
})

describe('If-Range', () => {
  it('with the ETag lets the range be sent', async () => {
    const { get, file } = await serverWithAlphabet()
    const response = await get({ Range: 'bytes=0-2', 'If-Range': file.etag })
    expect([response.status, await response.text()]).toEqual([206, 'abc'])
  })

  it.each(['"other"', 'nonsense', 'Sat, 01 Jan 2000 00:00:00 GMT'])('%s sends the whole file', async (ifRange) => {
    const { get } = await serverWithAlphabet()
    const response = await get({ Range: 'bytes=0-2', 'If-Range': ifRange })
    expect([response.status, await response.text()]).toEqual([200, alphabet])
  })

  it('never holds with a weak ETag', async () => {
    const { get, file } = await serverWithAlphabet()
    expect((await get({ Range: 'bytes=0-2', 'If-Range': `W/${file.etag}` })).status).toBe(200)
  })

  it('sends the whole file even when the range is no longer in it', async () => {
    const { get } = await serverWithAlphabet()
    expect((await get({ Range: 'bytes=100-', 'If-Range': '"older"' })).status).toBe(200)
  })

  it('with the date of change lets the range be sent once the date can be trusted', async () => {
    const provider = new MemoryProvider()
    const { fetch, storage } = await startServer({ provider: withDate(provider, new Date('2024-05-06T07:08:09.500Z')) })
    await storage.putFile('photos', 'a.txt', alphabet)
    const range = { Range: 'bytes=0-2', 'If-Range': 'Mon, 06 May 2024 07:08:09 GMT' }
    expect((await fetch('/photos/download/a.txt', { headers: range })).status).toBe(206)
    const other = { ...range, 'If-Range': 'Mon, 06 May 2024 07:08:10 GMT' }
    expect((await fetch('/photos/download/a.txt', { headers: other })).status).toBe(200)
  })

  it('with the date of a change of just now sends the whole file', async () => {
    const { get, file } = await serverWithAlphabet()
    const response = await get({ Range: 'bytes=0-2', 'If-Range': file.mtime?.toUTCString() ?? '' })
    expect(response.status).toBe(200)
  })
})

/** A provider whose files were all changed at one time. */
function withDate(provider: MemoryProvider, mtime: Date): MemoryProvider {
  const getFile = provider.getFile.bind(provider)
  const openFile = provider.openFile.bind(provider)
  provider.getFile = async (...args) => ({ ...(await getFile(...args)), mtime })
  provider.openFile = async (...args) => {
    const opened = await openFile(...args)
    return { ...opened, info: { ...opened.info, mtime } }
  }
  return provider
}

describe('Conditions', () => {
  const changed = 'Mon, 06 May 2024 07:08:09 GMT'
  const before = 'Mon, 06 May 2024 07:08:08 GMT'
  const after = 'Mon, 06 May 2024 07:08:10 GMT'

  async function dated() {
    const server = await startServer({ provider: withDate(new MemoryProvider(), new Date('2024-05-06T07:08:09.500Z')) })
    const { etag } = await server.storage.putFile('photos', 'a.txt', alphabet)
    const status = async (path: string, headers: Record<string, string>, method = 'GET') =>
      (await server.fetch(path, { method, headers })).status
    return { ...server, etag, status }
  }

  it.each(['/photos/download/a.txt', '/photos/files/a.txt'])(
    'are held against the file in the order of RFC 9110, on %s, for GET and HEAD',
    async (path) => {
      const { etag, status } = await dated()
      const cases: [Record<string, string>, number][] = [
        [{ 'If-None-Match': etag }, 304],
        [{ 'If-None-Match': `W/${etag}` }, 304],
        [{ 'If-None-Match': `"x", ${etag}` }, 304],
        [{ 'If-None-Match': '*' }, 304],
        [{ 'If-None-Match': '"x"' }, 200],
        [{ 'If-None-Match': 'x' }, 200],
        [{ 'If-Match': etag }, 200],
        [{ 'If-Match': '*' }, 200],
        [{ 'If-Match': `"x", ${etag}` }, 200],
        [{ 'If-Match': '"x"' }, 412],
        [{ 'If-Match': 'x' }, 412],
        [{ 'If-Match': `W/${etag}` }, 412],
        [{ 'If-Modified-Since': changed }, 304],
        [{ 'If-Modified-Since': after }, 304],
        [{ 'If-Modified-Since': before }, 200],
        [{ 'If-Modified-Since': 'yesterday' }, 200],
        [{ 'If-Modified-Since': 'Mon, 30 Feb 2026 07:08:09 GMT' }, 200],
        [{ 'If-Modified-Since': 'Mon, 31 Apr 2026 07:08:09 GMT' }, 200],
        [{ 'If-Modified-Since': 'Mon, 06 May 2026 24:00:00 GMT' }, 200],
        [{ 'If-Modified-Since': 'Mon, 29 Feb 2028 07:08:09 GMT' }, 304],
        [{ 'If-Modified-Since': 'Monday, 30-Feb-26 07:08:09 GMT' }, 200],
        [{ 'If-Modified-Since': 'Mon Feb 30 07:08:09 2026' }, 200],
        // Two digits are at most 50 years ahead.
        [{ 'If-Modified-Since': 'Monday, 06-May-94 07:08:09 GMT' }, 200],
        [{ 'If-Unmodified-Since': 'Mon, 30 Feb 2024 07:08:09 GMT' }, 200],
        [{ 'If-Modified-Since': 'Monday, 06-May-24 07:08:09 GMT' }, 304],
        [{ 'If-Modified-Since': 'Mon May  6 07:08:09 2024' }, 304],
        [{ 'If-Unmodified-Since': changed }, 200],
        [{ 'If-Unmodified-Since': before }, 412],
        [{ 'If-Unmodified-Since': 'soon' }, 200],
        // The ETag goes before the date, and If-Match before If-None-Match.
        [{ 'If-Match': etag, 'If-Unmodified-Since': before }, 200],
        [{ 'If-None-Match': '"x"', 'If-Modified-Since': after }, 200],
        [{ 'If-Match': '"x"', 'If-None-Match': etag }, 412],
        [{ 'If-Match': etag, 'If-None-Match': etag }, 304],
      ]
      for (const method of ['GET', 'HEAD']) {
        for (const [headers, expected] of cases) {
          expect([headers, await status(path, headers, method)]).toEqual([headers, expected])
        }
      }
    },
  )

  it('come before the range', async () => {
    const { etag, status } = await dated()
    const path = '/photos/download/a.txt'
    expect(await status(path, { Range: 'bytes=99-', 'If-Match': '"x"' })).toBe(412)
    expect(await status(path, { Range: 'bytes=99-', 'If-None-Match': etag })).toBe(304)
    expect(await status(path, { Range: 'bytes=99-', 'If-Match': etag })).toBe(416)
    expect(await status(path, { Range: 'bytes=0-1', 'If-Range': etag, 'If-Match': '"x"' })).toBe(412)
  })

  it('that hold back the file leave validators and caching, and no Content-* header', async () => {
    const { fetch, etag } = await dated()
    for (const path of ['/photos/download/a.txt', '/photos/files/a.txt']) {
      const response = await fetch(path, { headers: { 'If-None-Match': etag } })
      expect(response.status).toBe(304)
      expect([...response.headers.keys()].filter((name) => name.startsWith('content-'))).toEqual([])
      expect(response.headers.get('etag')).toBe(etag)
      expect(response.headers.get('last-modified')).toBe(changed)
      expect(response.headers.get('cache-control')).toBe('private, no-cache, no-transform')
    }
  })
})

describe('The headers of a download', () => {
  it('keep browsers from running what is stored', async () => {
    const { get } = await serverWithAlphabet()
    const { headers } = await get({})
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'")
    expect(headers.get('cache-control')).toBe('private, no-cache, no-transform')
    expect(headers.get('accept-ranges')).toBe('bytes')
  })

  it.each([
    ['image/png', 'inline'],
    ['IMAGE/PNG; charset=x', 'inline'],
    ['text/plain; charset=utf-8', 'inline'],
    ['audio/mpeg', 'inline'],
    ['video/mp4', 'inline'],
    ['text/html', 'attachment'],
    ['text/html; image/png', 'attachment'],
    ['image/svg+xml', 'attachment'],
    ['image/svg+xml; charset=utf-8', 'attachment'],
    ['application/xhtml+xml', 'attachment'],
    ['text/xml', 'attachment'],
    ['application/pdf', 'attachment'],
    ['application/javascript', 'attachment'],
    ['application/x-unknown', 'attachment'],
  ])('show %s as %s', async (contentType, kind) => {
    const { fetch, storage } = await startServer()
    await storage.putFile('photos', 'file', 'x', { contentType: contentType.replace('; image/png', ';a=image') })
    const { headers } = await fetch('/photos/download/file')
    expect(headers.get('content-disposition')).toMatch(new RegExp(`^${kind};`))
  })

  it.each([
    ['a.txt', 'inline; filename="a.txt"'],
    ['holiday photos 2024.txt', 'inline; filename="holiday photos 2024.txt"'],
    ['2024/07/a.txt', 'inline; filename="a.txt"'],
    ['naïve.txt', `inline; filename="na_ve.txt"; filename*=UTF-8''na%C3%AFve.txt`],
    ['日本.txt', `inline; filename="__.txt"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.txt`],
    ['a"b\\c.txt', `inline; filename="a_b_c.txt"; filename*=UTF-8''a%22b%5Cc.txt`],
    [
      'a\r\nSet-Cookie: x=1.txt',
      `inline; filename="aSet-Cookie: x=1.txt"; filename*=UTF-8''aSet-Cookie%3A%20x%3D1.txt`,
    ],
    ["it's 100%.txt", `inline; filename="it's 100_.txt"; filename*=UTF-8''it%27s%20100%25.txt`],
    ['evil\u202etxt.exe.txt', 'inline; filename="eviltxt.exe.txt"'],
    ['..', 'inline; filename="download"'],
    ['a/', 'inline; filename="a"'],
    ['/', 'inline; filename="download"'],
  ])('name the file %j', async (name, disposition) => {
    // URLs have no such names: the handler of the web platform would see another path.
    if (isFetch && name === '..') return
    const { port, mount, storage } = await startServer()
    await storage.putFile('photos', name, 'x', { contentType: 'text/plain' })
    // Not by fetch, which takes %2E%2E for a step up, as URLs have it.
    const response = await rawRequest(port, `GET ${mount}/photos/download/${encodeURIComponent(name)} HTTP/1.1`)
    expect(response.headers.get('content-disposition')).toBe(disposition)
  })

  it.each([
    ['audio/mpeg', "default-src 'none'; media-src 'self'"],
    ['Video/MP4; codecs=avc1', "default-src 'none'; media-src 'self'"],
    ['video/x-anything+xml', "sandbox; default-src 'none'"],
    ['image/png', "sandbox; default-src 'none'"],
    ['text/plain', "sandbox; default-src 'none'"],
    ['text/html', "sandbox; default-src 'none'"],
    ['image/svg+xml', "sandbox; default-src 'none'"],
    ['application/x-unknown', "sandbox; default-src 'none'"],
  ])('of %s let its player load it, and nothing else', async (contentType, policy) => {
    const { fetch, storage } = await startServer()
    await storage.putFile('photos', 'file', 'x', { contentType })
    expect((await fetch('/photos/download/file')).headers.get('content-security-policy')).toBe(policy)
  })

  it.each([
    ['attachment x', 'attachment; filename="a.txt"'],
    ['attachment,', 'attachment; filename="a.txt"'],
    ['attachment"', 'attachment; filename="a.txt"'],
    ['inline x', 'attachment; filename="a.txt"'],
    ['inline; filename="b.txt', 'attachment; filename="a.txt"'],
    ['inline; filename=b c.txt', 'attachment; filename="a.txt"'],
    ['inline;', 'attachment; filename="a.txt"'],
    ['form-data; name="x"; filename="b.txt"', 'attachment; filename="b.txt"'],
    ['inline', 'inline; filename="a.txt"'],
    ['INLINE; FileName=b.txt', 'inline; filename="b.txt"'],
    ['inline ; filename = "b \\"c\\".txt"', `inline; filename="b _c_.txt"; filename*=UTF-8''b%20%22c%22.txt`],
    [
      `attachment; filename="x"; filename*=UTF-8''n%C3%A4h.txt`,
      `attachment; filename="n_h.txt"; filename*=UTF-8''n%C3%A4h.txt`,
    ],
    ['attachment; filename="../../etc/passwd"', 'attachment; filename="passwd"'],
    [`attachment; filename*=UTF-8''a%0D%0Ab%E2%80%AE.txt`, 'attachment; filename="ab.txt"'],
  ])('show a file that was stored with the disposition %j as %j', async (stored, sent) => {
    const { fetch, storage } = await startServer()
    await storage.putFile('photos', 'a.txt', 'x', { contentType: 'text/plain', contentDisposition: stored })
    await storage.putFile('photos', 'a.html', 'x', { contentType: 'text/html', contentDisposition: stored })
    expect((await fetch('/photos/download/a.txt')).headers.get('content-disposition')).toBe(sent)
    expect((await fetch('/photos/download/a.html')).headers.get('content-disposition')).toMatch(
      /^attachment; filename="/,
    )
  })

  it('of a 304 are those of the option too, without those of the content', async () => {
    const { fetch, storage } = await startServer({
      headers: () => ({ Vary: 'Cookie', 'content-type': 'text/x-own', 'Last-Modified': undefined }),
    })
    const { etag } = await storage.putFile('photos', 'a.txt', 'x')
    const { status, headers } = await fetch('/photos/download/a.txt', { headers: { 'If-None-Match': etag } })
    expect([status, headers.get('vary'), headers.get('content-type'), headers.get('last-modified')]).toEqual([
      304,
      'Cookie',
      null,
      null,
    ])
  })

  it('are those that were stored with the file, where they are safe', async () => {
    const { fetch, storage } = await startServer()
    await storage.putFile('photos', 'a.html', '<p>', {
      contentType: 'text/html',
      contentDisposition: 'inline',
      contentEncoding: 'gzip',
      contentLanguage: 'de',
      cacheControl: 'public, max-age=60',
    })
    const { headers } = await fetch('/photos/download/a.html', { method: 'HEAD' })
    expect(headers.get('content-disposition')).toBe('attachment; filename="a.html"')
    expect(headers.get('content-encoding')).toBe('gzip')
    expect(headers.get('content-language')).toBe('de')
    expect(headers.get('cache-control')).toBe('public, max-age=60, no-transform')
    await storage.putFile('photos', 'b', 'x', { contentDisposition: 'attachment; filename="report.pdf"' })
    const stored = await fetch('/photos/download/b')
    expect(stored.headers.get('content-disposition')).toBe('attachment; filename="report.pdf"')
  })

  it('take further headers from the option, or others in place of ours, or leave some out', async () => {
    const { fetch } = await startServer({
      containers: ['photos'],
      headers: ({ name }, { method }) => ({
        'x-file': `${method} ${name}`,
        'content-type': 'text/x-own',
        ETAG: undefined,
      }),
    })
    await fetch('/photos/files/a.txt', { method: 'PUT', body: 'text' })
    const { headers } = await fetch('/photos/download/a.txt')
    expect([headers.get('x-file'), headers.get('content-type'), headers.get('etag')]).toEqual([
      'GET a.txt',
      'text/x-own',
      null,
    ])
  })

  it('take Cache-Control from the option', async () => {
    const text = await startServer({ cacheControl: 'public, max-age=5' })
    await text.storage.putFile('photos', 'a.txt', 'x')
    expect((await text.fetch('/photos/download/a.txt')).headers.get('cache-control')).toBe(
      'public, max-age=5, no-transform',
    )
    const rule = await startServer({ cacheControl: (file) => `max-age=${file.size}` })
    await rule.storage.putFile('photos', 'a.txt', 'xyz')
    expect((await rule.fetch('/photos/download/a.txt')).headers.get('cache-control')).toBe('max-age=3, no-transform')
  })
})

describe('A download that can not be finished', () => {
  it('cuts the connection when the storage fails after the first byte', async () => {
    const provider = new BrokenReads(Buffer.alloc(1000), new StorageError('BAD_RESPONSE', 'nonsense'))
    const { port, mount, storage, failures } = await startServer({ provider })
    await storage.putFile('photos', 'a.bin', Buffer.alloc(5000))
    const response = await rawRequest(port, `GET ${mount}/photos/download/a.bin HTTP/1.1`)
    expect(response.statusCode).toBe(200)
    expect(response.headers.get('content-length')).toBe('5000')
    expect(response.body.length).toBeLessThan(5000)
    expect(failures).toEqual([expect.objectContaining({ statusCode: 502, action: 'download' })])
  })

  it('is given up upstream when the client goes away', async () => {
    const provider = new BrokenReads(Buffer.alloc(1000))
    const { port, mount, storage, failures } = await startServer({ provider })
    await storage.putFile('photos', 'a.bin', Buffer.alloc(5000))
    const socket = await openSocket(port)
    socket.write(`GET ${mount}/photos/download/a.bin HTTP/1.1\r\nHost: x\r\n\r\n`)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
    await provider.closed.promise
    await eventually(() => failures.length === 1)
    expect(failures[0]?.statusCode).toBe(499)
  })

  it('does not begin when the storage fails before', async () => {
    const { fetch, storage, failures } = await startServer()
    await storage.putFile('photos', 'a.txt', 'x')
    storage.openFile = async () => {
      throw new Error('connect ECONNREFUSED 10.0.0.5:9000')
    }
    const response = await fetch('/photos/download/a.txt')
    expect(response.status).toBe(500)
    expect(await errorOf(response)).toEqual({
      statusCode: 500,
      name: 'Error',
      code: 'INTERNAL',
      message: 'internal server error',
    })
    expect(failures[0]?.error).toMatchObject({ message: 'connect ECONNREFUSED 10.0.0.5:9000' })
  })
})

describe('A file that is replaced while it is asked for', () => {
  it('is sent in one version, whichever it is', async () => {
    const { fetch, storage } = await startServer()
    const bodies = ['a'.repeat(70_000), 'b'.repeat(90_000)]
    await storage.putFile('photos', 'a.txt', bodies[0] as string)
    let stop = false
    const writer = (async () => {
      for (let turn = 1; !stop; turn++) {
        await storage.putFile('photos', 'a.txt', bodies[turn % 2] as string)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    for (let turn = 0; turn < 50; turn++) {
      const response = await fetch('/photos/download/a.txt')
      const text = await response.text()
      expect(bodies).toContain(text)
      expect(response.headers.get('content-length')).toBe(String(text.length))
    }
    stop = true
    await writer
  })
})

describe('download()', () => {
  it('sends a file in a custom route', async () => {
    const storage = new StorageService(new MemoryProvider())
    await storage.createContainer({ name: 'photos' })
    await storage.putFile('photos', 'a.txt', alphabet)
    const server = createServer((req, res) => {
      download(storage, 'photos', (req.url ?? '').slice(1), res, { cacheControl: 'max-age=1' }).catch(
        (error: unknown) => sendError(req, res, error),
      )
    })
    const { url } = await listen(server)
    const response = await fetch(`${url}/a.txt`, { headers: { Range: 'bytes=0-1' } })
    expect([response.status, await response.text(), response.headers.get('cache-control')]).toEqual([
      206,
      'ab',
      'max-age=1, no-transform',
    ])
    expect((await fetch(`${url}/b.txt`)).status).toBe(404)
  })

  it('cuts a kept connection when the storage fails after the first byte', async () => {
    const provider = new BrokenReads(Buffer.alloc(1000), new StorageError('BAD_RESPONSE', 'nonsense'))
    const storage = new StorageService(provider)
    await storage.createContainer({ name: 'photos' })
    await storage.putFile('photos', 'a.bin', Buffer.alloc(5000))
    const failure = Promise.withResolvers<unknown>()
    const server = createServer((_req, res) => {
      download(storage, 'photos', 'a.bin', res).catch(failure.resolve)
    })
    server.keepAliveTimeout = 0
    const { port } = await listen(server)
    const socket = await openSocket(port)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await readToEnd(socket)).length).toBeLessThan(5000)
    expect(await failure.promise).toMatchObject({ code: 'BAD_RESPONSE' })
  })

  it('refuses options that it does not have', async () => {
    const storage = new StorageService(new MemoryProvider())
    const options = { maxAge: 5 } as object
    await expect(download(storage, 'photos', 'a', {} as never, options)).rejects.toThrow(
      /unknown option "maxAge" for download/,
    )
  })
})
