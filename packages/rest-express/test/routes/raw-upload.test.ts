import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  errorOf,
  eventually,
  exchangeBytes,
  form,
  isFetch,
  namesIn,
  openSocket,
  parseResponse,
  rawRequest,
  readToEnd,
  startServer,
} from '../tools/rest-server.js'
import { makeProvider, storageKinds } from '../tools/storages.js'

const digest = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('base64')

describe.each(storageKinds)('A raw upload to %s', (kind) => {
  it('stores the body: 201 when it is new, 200 when it replaced a file', async () => {
    const { fetch, storage } = await startServer({ provider: makeProvider(kind) })
    const first = await fetch('/photos/files/a.txt', { method: 'PUT', body: 'abc' })
    expect(first.status).toBe(201)
    const { etag } = await storage.getFile('photos', 'a.txt')
    expect(first.headers.get('etag')).toBe(etag)
    expect(await first.json()).toMatchObject({ container: 'photos', name: 'a.txt', size: 3, etag })
    const second = await fetch('/photos/files/a.txt', { method: 'PUT', body: 'defg' })
    expect(second.status).toBe(200)
    expect(second.headers.get('etag')).not.toBe(etag)
    expect(await (await storage.openFile('photos', 'a.txt')).text()).toBe('defg')
  })

  it('stores an empty body, and one of unknown length', async () => {
    const { fetch, storage, port, mount } = await startServer({ provider: makeProvider(kind) })
    expect((await fetch('/photos/files/empty', { method: 'PUT' })).status).toBe(201)
    expect((await storage.getFile('photos', 'empty')).size).toBe(0)
    const head = `PUT ${mount}/photos/files/chunked HTTP/1.1\nTransfer-Encoding: chunked`
    expect((await rawRequest(port, head, '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')).statusCode).toBe(201)
    expect(await (await storage.openFile('photos', 'chunked')).text()).toBe('abcde')
  })

  it.each([100_000, 1_000_000, 9_000_000, 20_000_001])(
    'of %i bytes is stored byte for byte, raw and in a form',
    async (size) => {
      const { fetch, storage } = await startServer({ provider: makeProvider(kind), maxFileSize: size })
      const content = randomBytes(size)
      expect((await fetch('/photos/files/raw', { method: 'PUT', body: content })).status).toBe(201)
      const body = form([['f', 'form', content]])
      expect((await fetch('/photos/upload', { method: 'POST', body })).status).toBe(200)
      for (const name of ['raw', 'form']) {
        expect((await (await storage.openFile('photos', name)).bytes()).equals(content)).toBe(true)
      }
    },
  )

  it('is create-only with If-None-Match: *', async () => {
    const { fetch, storage } = await startServer({ provider: makeProvider(kind) })
    const put = (body: string) =>
      fetch('/photos/files/a.txt', { method: 'PUT', body, headers: { 'If-None-Match': '*' } })
    expect((await put('first')).status).toBe(201)
    const second = await put('second')
    expect([second.status, (await errorOf(second)).code]).toEqual([412, 'PRECONDITION_FAILED'])
    expect(await (await storage.openFile('photos', 'a.txt')).text()).toBe('first')
  })

  it('of ten at once with If-None-Match: * one wins', async () => {
    const { fetch } = await startServer({ provider: makeProvider(kind) })
    const responses = await Promise.all(
      Array.from({ length: 10 }, (_, turn) =>
        fetch('/photos/files/a.txt', { method: 'PUT', body: `${turn}`, headers: { 'If-None-Match': '*' } }),
      ),
    )
    expect(responses.map(({ status }) => status).toSorted()).toEqual([201, ...Array(9).fill(412)])
  })

  it('compares and sets with If-Match', async () => {
    const { fetch, storage } = await startServer({ provider: makeProvider(kind) })
    const { etag } = await storage.putFile('photos', 'a.txt', 'one')
    const put = async (ifMatch: string, path = 'a.txt') =>
      (await fetch(`/photos/files/${path}`, { method: 'PUT', body: 'two', headers: { 'If-Match': ifMatch } })).status
    expect(await put('"other"')).toBe(412)
    expect(await put(`W/${etag}`)).toBe(412)
    expect(await put('"x", "y"')).toBe(412)
    expect(await put('*', 'missing')).toBe(412)
    expect(await put('"x", "y"', 'missing')).toBe(412)
    expect(await put(`"x", ${etag}`)).toBe(200)
    expect(await put(etag)).toBe(412)
    expect(await put('*')).toBe(200)
    expect(await namesIn(storage)).toEqual(['a.txt'])
  })

  it('takes If-Unmodified-Since', async () => {
    const { fetch, storage } = await startServer({ provider: makeProvider(kind) })
    await storage.putFile('photos', 'a.txt', 'one')
    const put = async (path: string, date: string) =>
      (await fetch(`/photos/files/${path}`, { method: 'PUT', body: 'two', headers: { 'If-Unmodified-Since': date } }))
        .status
    expect(await put('a.txt', 'Sat, 01 Jan 2000 00:00:00 GMT')).toBe(412)
    expect(await put('a.txt', 'Thu, 01 Jan 2099 00:00:00 GMT')).toBe(200)
    expect(await put('new.txt', 'Sat, 01 Jan 2000 00:00:00 GMT')).toBe(201)
  })

  it('refuses combinations of conditions that a write can not keep', async () => {
    const { fetch, storage } = await startServer({ provider: makeProvider(kind) })
    for (const headers of [{ 'If-None-Match': '"x"' }, { 'If-None-Match': '*', 'If-Match': '"x"' }]) {
      const response = await fetch('/photos/files/a.txt', { method: 'PUT', body: 'x', headers })
      expect([response.status, (await errorOf(response)).code]).toEqual([400, 'INVALID_ARGUMENT'])
    }
    expect(await namesIn(storage)).toEqual([])
  })

  it.each([
    ['Content-MD5', () => digest('md5', 'abc')],
    ['Content-Digest', () => `sha-256=:${digest('sha256', 'abc')}:`],
    ['Repr-Digest', () => `sha-512=:${digest('sha512', 'abc')}:, md5=:${digest('md5', 'abc')}:`],
    ['Content-Digest', () => `unixsum=:AAAA:, sha-256=:${digest('sha256', 'abc')}:;q=1`],
  ])('verifies %s', async (header, value) => {
    const { fetch, storage } = await startServer({ provider: makeProvider(kind) })
    const put = (body: string) => fetch('/photos/files/a.txt', { method: 'PUT', body, headers: { [header]: value() } })
    const wrong = await put('abd')
    expect([wrong.status, (await errorOf(wrong)).code]).toEqual([422, 'CHECKSUM_MISMATCH'])
    expect(await namesIn(storage)).toEqual([])
    expect((await put('abc')).status).toBe(201)
    expect((await put('abd')).status).toBe(422)
    expect(await (await storage.openFile('photos', 'a.txt')).text()).toBe('abc')
  })

  it('refuses digests that are none, or contradict each other', async () => {
    const { fetch } = await startServer({ provider: makeProvider(kind) })
    const put = async (headers: Record<string, string>) =>
      (await fetch('/photos/files/a.txt', { method: 'PUT', body: 'abc', headers })).status
    expect(await put({ 'Content-MD5': 'abc' })).toBe(400)
    expect(await put({ 'Content-MD5': '!!!!!!!!!!!!!!!!!!!!!!==' })).toBe(400)
    expect(await put({ 'Content-Digest': 'sha-256=abc' })).toBe(400)
    expect(await put({ 'Content-Digest': 'sha-256=:YWJj:' })).toBe(400)
    const [right, wrong] = [digest('md5', 'abc'), digest('md5', 'x')]
    expect(await put({ 'Content-MD5': right, 'Content-Digest': `md5=:${wrong}:` })).toBe(422)
    expect(await put({ 'Content-MD5': wrong, 'Content-Digest': `md5=:${right}:` })).toBe(422)
  })

  it('keeps the content type and what else the headers say of the content', async () => {
    const { fetch, storage } = await startServer({ provider: makeProvider(kind) })
    await fetch('/photos/files/a.txt', {
      method: 'PUT',
      body: 'abc',
      headers: {
        'Content-Type': 'text/csv; charset=utf-8',
        'Content-Language': 'de',
        'Content-Encoding': 'gzip',
        'Content-Disposition': 'attachment; filename="x.csv"',
      },
    })
    expect(await storage.getFile('photos', 'a.txt')).toMatchObject({
      contentType: 'text/csv; charset=utf-8',
      contentLanguage: 'de',
      contentEncoding: 'gzip',
      contentDisposition: 'attachment; filename="x.csv"',
    })
  })

  it.each([
    ['attachment; FILENAME=x.csv', 'attachment; filename="x.csv"'],
    ['attachment x', 'attachment'],
    ['attachment,', 'attachment'],
    ['form-data; name="f"', 'attachment'],
    ['inline; size=3; filename="a/b.txt"', 'inline; filename="b.txt"'],
    ['inline', 'inline'],
    // As bytes, which is how clients send it.
    [
      Buffer.from('inline; filename="nähe.txt"').toString('latin1'),
      `inline; filename="n_he.txt"; filename*=UTF-8''n%C3%A4he.txt`,
    ],
    [
      Buffer.from('inline; filename="n\xe4he.txt"', 'latin1').toString('latin1'),
      `inline; filename="n_he.txt"; filename*=UTF-8''n%C3%A4he.txt`,
    ],
  ])('keeps the disposition %j as %j', async (stated, stored) => {
    const { storage, port, mount } = await startServer({ provider: makeProvider(kind) })
    const bytes = `PUT ${mount}/photos/files/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Disposition: ${stated}\r\n\r\n`
    expect(parseResponse(await exchangeBytes(port, Buffer.from(bytes, 'latin1'))).statusCode).toBe(201)
    expect((await storage.getFile('photos', 'a')).contentDisposition).toBe(stored)
  })

  it.each([
    ['gzip', 'gzip'],
    ['GZip , br', 'gzip, br'],
    ['identity', undefined],
    ['identity, zstd', 'zstd'],
  ])('keeps the content coding %s as %s', async (stated, stored) => {
    const { fetch, storage } = await startServer({ provider: makeProvider(kind) })
    const headers = { 'Content-Encoding': stated }
    expect((await fetch('/photos/files/a', { method: 'PUT', body: 'x', headers })).status).toBe(201)
    expect((await storage.getFile('photos', 'a')).contentEncoding).toBe(stored)
  })

  it.each(['utf-8', 'aws-chunked', 'gzip, aws-chunked', 'binary', ''])(
    'refuses what is no content coding: "%s"',
    async (stated) => {
      const { storage, port, mount } = await startServer({ provider: makeProvider(kind) })
      const head = `PUT ${mount}/photos/files/a HTTP/1.1\nContent-Length: 1\nContent-Encoding: ${stated}`
      const response = await rawRequest(port, head, 'x')
      expect([response.statusCode, response.headers.get('accept-encoding')]).toEqual([
        415,
        expect.stringContaining('gzip'),
      ])
      expect(await namesIn(storage)).toEqual([])
    },
  )

  it.each([
    ['text/plain;\tcharset=utf-8', 'text/plain; charset=utf-8'],
    ['text/plain\t;\t\tcharset="a\\"b"\t; x="y"', 'text/plain ;  charset="a\\"b" ; x="y"'],
  ])('takes tabs around the parameters of a type as spaces, raw and in a form: %j', async (stated, stored) => {
    const { storage, port, mount } = await startServer({ provider: makeProvider(kind) })
    const head = `PUT ${mount}/photos/files/raw HTTP/1.1\nContent-Length: 1\nContent-Type: ${stated}`
    expect((await rawRequest(port, head, 'x')).statusCode).toBe(201)
    const part = `Content-Disposition: form-data; name="f"; filename="form"\r\nContent-Type: ${stated}`
    const body = `--b\r\n${part}\r\n\r\nx\r\n--b--\r\n`
    const formHead = `POST ${mount}/photos/upload HTTP/1.1
      Content-Length: ${body.length}
      Content-Type: multipart/form-data;\tboundary=b`
    expect((await rawRequest(port, formHead, body)).statusCode).toBe(200)
    for (const name of ['raw', 'form']) expect((await storage.getFile('photos', name)).contentType).toBe(stored)
  })

  it('refuses a type with a tab within a value', async () => {
    const { storage, port, mount } = await startServer({ provider: makeProvider(kind) })
    const head = `PUT ${mount}/photos/files/a HTTP/1.1\nContent-Length: 1\nContent-Type: text/plain; x="a\tb"`
    expect((await rawRequest(port, head, 'x')).statusCode).toBe(400)
    expect(await namesIn(storage)).toEqual([])
  })

  it('finds the type by the name when none is stated, or only what curl states unasked', async () => {
    const { storage, port, mount } = await startServer({ provider: makeProvider(kind) })
    for (const type of ['', '\nContent-Type: application/x-www-form-urlencoded']) {
      await rawRequest(port, `PUT ${mount}/photos/files/a.png HTTP/1.1${type}\nContent-Length: 1`, 'x')
      expect((await storage.getFile('photos', 'a.png')).contentType).toBe('image/png')
    }
  })

  it('is refused by its stated length before a byte is read, and while it flows when it states none', async () => {
    const { fetch, storage, port, mount } = await startServer({ provider: makeProvider(kind), maxFileSize: '1000' })
    const stated = await rawRequest(port, `PUT ${mount}/photos/files/a.txt HTTP/1.1\nContent-Length: 1001`)
    expect(stated.statusCode).toBe(413)
    const socket = await openSocket(port)
    const response = readToEnd(socket)
    socket.write(`PUT ${mount}/photos/files/a.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`)
    socket.write(`3e9\r\n${'x'.repeat(1001)}\r\n`)
    await eventually(() => socket.bytesRead > 0)
    socket.destroy()
    expect(parseResponse(await response).statusCode).toBe(413)
    expect((await fetch('/photos/files/a', { method: 'PUT', body: 'x'.repeat(1000) })).status).toBe(201)
    expect((await fetch('/photos/files/a', { method: 'PUT', body: 'x'.repeat(1001) })).status).toBe(413)
    expect((await storage.getFile('photos', 'a')).size).toBe(1000)
  })

  it('leaves nothing when the client goes away in the middle', async () => {
    const { storage, port, mount, failures } = await startServer({ provider: makeProvider(kind) })
    await storage.putFile('photos', 'old', 'old')
    for (const [name, framing, start] of [
      ['new', 'Content-Length: 100000', 'x'.repeat(70_000)],
      ['old', 'Transfer-Encoding: chunked', 'ff00\r\nxxxxxxxx'],
    ] as const) {
      failures.length = 0
      const socket = await openSocket(port)
      socket.write(`PUT ${mount}/photos/files/${name} HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n${start}`)
      await new Promise<void>((resolve) => socket.end(() => resolve()))
      socket.destroy()
      await eventually(() => failures.length === 1)
      expect(failures[0]).toMatchObject({ statusCode: 499, action: 'putFile' })
    }
    expect(await namesIn(storage)).toEqual(['old'])
    expect(await (await storage.openFile('photos', 'old')).text()).toBe('old')
  })

  it('refuses a part of a file', async () => {
    const { fetch, storage } = await startServer({ provider: makeProvider(kind) })
    const headers = { 'Content-Range': 'bytes 0-2/10' }
    expect((await fetch('/photos/files/a', { method: 'PUT', body: 'abc', headers })).status).toBe(400)
    expect(await namesIn(storage)).toEqual([])
  })

  it('keeps the types that are allowed, as they are stated or as the name tells', async () => {
    const { fetch, storage } = await startServer({
      provider: makeProvider(kind),
      allowedContentTypes: ['image/png', 'Text/Plain'],
    })
    const put = async (name: string, type?: string) => {
      const headers: Record<string, string> = type === undefined ? {} : { 'Content-Type': type }
      return (await fetch(`/photos/files/${name}`, { method: 'PUT', body: new Uint8Array([60, 104]), headers })).status
    }
    expect(await put('a.bin', 'image/png')).toBe(201)
    expect(await put('b.bin', 'TEXT/PLAIN; charset=utf-8')).toBe(201)
    expect(await put('c.png')).toBe(201)
    expect(await put('d.html')).toBe(415)
    expect(await put('e.bin')).toBe(415)
    expect(await put('f.png', 'text/html; x=image/png')).toBe(415)
    expect(await put('g.png', 'text/html')).toBe(415)
    expect(await namesIn(storage)).toEqual(['a.bin', 'b.bin', 'c.png'])
    expect((await storage.getFile('photos', 'c.png')).contentType).toBe('image/png')
  })

  it('refuses a content type that is none', async () => {
    const { port, mount } = await startServer({ provider: makeProvider(kind) })
    const head = `PUT ${mount}/photos/files/a HTTP/1.1\nContent-Type: nonsense\nContent-Length: 1`
    expect((await rawRequest(port, head, 'x')).statusCode).toBe(400)
  })
})

describe('A raw upload', () => {
  it.skipIf(isFetch)(
    'whose body the application has read before is refused, and not stored as an empty file',
    async () => {
      const { default: express } = await import('express')
      const { fetch, storage } = await startServer({ before: (app) => app.use(express.json()) })
      const headers = { 'Content-Type': 'application/json' }
      const response = await fetch('/photos/files/a.json', { method: 'PUT', body: '{}', headers })
      expect([response.status, (await errorOf(response)).message]).toEqual([
        500,
        expect.stringContaining('mount the storage routes before body parsers'),
      ])
      expect(await namesIn(storage)).toEqual([])
    },
  )

  it.skipIf(isFetch)('leaves the application what it keeps of the body', async () => {
    const kept: Buffer[] = []
    const server = await startServer({
      provider: makeProvider('filesystem'),
      before: (app) =>
        app.use((req, _res, next) => {
          req.on('data', (chunk: Buffer) => kept.push(chunk)).pause()
          next()
        }),
    })
    const content = randomBytes(3_000_000)
    expect((await server.fetch('/photos/files/a', { method: 'PUT', body: content })).status).toBe(201)
    expect(Buffer.concat(kept).equals(content)).toBe(true)
  })

  it('is ended with 408 when the client sends nothing for too long', async () => {
    const { storage, port, mount } = await startServer({ idleTimeout: 50 })
    const response = await rawRequest(port, `PUT ${mount}/photos/files/a HTTP/1.1\nContent-Length: 10`, 'abc')
    expect(response.statusCode).toBe(408)
    expect(JSON.parse(response.body)).toMatchObject({ error: { code: 'REQUEST_TIMEOUT' } })
    expect(await namesIn(storage)).toEqual([])
  })

  it('that is refused leaves the connection good for the next request', async () => {
    const { port, mount, storage } = await startServer({ maxFileSize: 10 })
    const socket = await openSocket(port)
    const responses = readToEnd(socket)
    socket.write(
      `PUT ${mount}/photos/files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n${'x'.repeat(500_000)}`,
    )
    socket.write(`PUT ${mount}/photos/files/b HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\ny`)
    expect((await responses).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 201'])
    expect(await namesIn(storage)).toEqual(['b'])
  })

  it('that is refused and goes on for ever loses the connection', async () => {
    const { port, mount } = await startServer({ maxFileSize: 10 })
    const socket = await openSocket(port)
    socket.on('error', () => undefined)
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.resume()
    socket.write(`PUT ${mount}/photos/files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n`)
    const piece = Buffer.alloc(1024 * 1024)
    const send = () => {
      while (!socket.destroyed && socket.write(piece)) {
        // Until the buffers are full.
      }
    }
    socket.on('drain', send)
    send()
    await closed
    expect(socket.bytesWritten).toBeLessThan(512 * 1024 * 1024)
  })

  it('has the same options as a form: acl and CacheControl', async () => {
    const seen: unknown[] = []
    const { fetch, storage } = await startServer({
      CacheControl: 'max-age=9',
      acl: (file) => {
        seen.push(file)
        return 'public-read'
      },
    })
    await fetch('/photos/files/a/b.txt', { method: 'PUT', body: 'abc', headers: { 'Content-Type': 'text/plain' } })
    expect((await storage.getFile('photos', 'a/b.txt')).cacheControl).toBe('max-age=9')
    expect(seen).toEqual([{ container: 'photos', name: 'a/b.txt', type: 'text/plain', size: 3 }])
  })
})
