/**
 * Downloads behind a middleware that compresses responses: bytes, ranges and strong ETags stay
 * those of the file.
 */
import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import compression from 'compression'
import type { Express } from 'express'
import { describe, expect, it } from 'vitest'
import { type RestServer, type RestServerOptions, startServer } from '../tools/rest-server.js'

const content = 'a line that compresses well\n'.repeat(4000)

const wrap = (app: Express) =>
  app.use((_req, res, next) => {
    const write = res.write.bind(res)
    Object.assign(res, { write: (...args: Parameters<typeof write>) => write(...args) })
    next()
  })
const compress = (app: Express) => app.use(compression({ threshold: 0 }))

/** Where the middleware is, and what else is. */
const orders: readonly (readonly [string, (app: Express) => void])[] = [
  ['compression alone', compress],
  ['compression before another middleware', (app) => wrap(compress(app))],
  ['compression behind another middleware', (app) => compress(wrap(app))],
]

async function startCompressed(before: (app: Express) => void, options: RestServerOptions = {}): Promise<RestServer> {
  const server = await startServer({ before, ...options })
  await server.storage.putFile('photos', 'a.txt', content, { contentType: 'text/plain' })
  return server
}

/** Not by fetch, which decodes what it gets. */
async function get(server: RestServer, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>()
  request(server.url + path, { method, headers }, resolve)
    .once('error', reject)
    .end()
  const response = await promise
  const body = await buffer(response)
  return { status: response.statusCode, headers: response.headers, body }
}

describe.each(orders)('Behind %s', (_, before) => {
  it.each(['gzip', 'br', 'gzip, deflate, br, zstd', 'identity'])(
    'a download is sent as it is to a client that accepts %s',
    async (coding) => {
      const server = await startCompressed(before)
      const plain = await get(server, '/photos/download/a.txt')
      const accept = { 'Accept-Encoding': coding }
      const whole = await get(server, '/photos/download/a.txt', accept)
      expect([whole.status, whole.body.toString()]).toEqual([200, content])
      expect(whole.headers).toMatchObject({
        etag: plain.headers.etag,
        'content-length': String(content.length),
        'accept-ranges': 'bytes',
      })
      expect(whole.headers['content-encoding']).toBeUndefined()
      const part = await get(server, '/photos/download/a.txt', { ...accept, Range: 'bytes=100-199' })
      expect([part.status, part.body.toString()]).toEqual([206, content.slice(100, 200)])
      expect(part.headers).toMatchObject({
        'content-range': `bytes 100-199/${content.length}`,
        'content-length': '100',
      })
      const head = await get(server, '/photos/download/a.txt', accept, 'HEAD')
      expect({ ...head.headers, date: '' }).toEqual({ ...whole.headers, date: '' })
      const same = await get(server, '/photos/download/a.txt', {
        ...accept,
        'If-None-Match': String(plain.headers.etag),
      })
      expect([same.status, same.headers.etag, same.headers['cache-control']]).toEqual([
        304,
        plain.headers.etag,
        whole.headers['cache-control'],
      ])
    },
  )

  it('a list, which has no ETag, is compressed', async () => {
    const server = await startCompressed(before)
    for (let number = 0; number < 50; number++) await server.storage.putFile('photos', `file ${number}`, 'x')
    for (const [coding, decode] of [
      ['gzip', gunzipSync],
      ['br', brotliDecompressSync],
    ] as const) {
      const { headers, body } = await get(server, '/photos/files', { 'Accept-Encoding': coding })
      expect([headers['content-encoding'], headers.etag]).toEqual([coding, undefined])
      expect(JSON.parse(decode(body).toString())).toHaveLength(51)
    }
  })

  it('JSON with an ETag is sent as it is', async () => {
    const server = await startCompressed(before)
    const metadata = { note: 'n'.repeat(1500) }
    const { etag } = await server.storage.putFile('photos', 'b.txt', 'b', { metadata })
    const info = await get(server, '/photos/files/b.txt', { 'Accept-Encoding': 'gzip' })
    expect([info.headers.etag, info.headers['content-encoding']]).toEqual([etag, undefined])
    expect(JSON.parse(info.body.toString())).toMatchObject({ metadata })
    const same = await get(server, '/photos/files/b.txt', { 'If-None-Match': etag })
    expect([same.status, same.headers['cache-control']]).toEqual([304, info.headers['cache-control']])
  })
})

describe('Cache-Control of a download keeps compression off', () => {
  it.each([
    ['by default', {}, undefined, 'private, no-cache, no-transform'],
    ['of the file', {}, 'public, max-age=60', 'public, max-age=60, no-transform'],
    ['of the file, which says so itself', {}, 'No-Transform,max-age=60', 'No-Transform,max-age=60'],
    ['of the option', { cacheControl: 'max-age=5' }, undefined, 'max-age=5, no-transform'],
    ['of a function', { cacheControl: () => 'max-age=6' }, undefined, 'max-age=6, no-transform'],
    ['of further headers', { headers: () => ({ 'cache-control': 'no-store' }) }, undefined, 'no-store, no-transform'],
    ['that was taken away', { headers: () => ({ 'Cache-Control': undefined }) }, undefined, 'no-transform'],
  ] as const)('%s', async (_, options, cacheControl, expected) => {
    const server = await startCompressed(compress, options)
    const stored = cacheControl === undefined ? {} : { cacheControl }
    const { etag } = await server.storage.putFile('photos', 'a.txt', content, { contentType: 'text/plain', ...stored })
    for (const [headers, method] of [
      [{}, 'GET'],
      [{}, 'HEAD'],
      [{ 'If-None-Match': etag }, 'GET'],
      [{ Range: 'bytes=0-9' }, 'GET'],
    ] as const) {
      const accept = { 'Accept-Encoding': 'gzip', ...headers }
      const response = await get(server, '/photos/download/a.txt', accept, method)
      expect([response.headers['cache-control'], response.headers['content-encoding']]).toEqual([expected, undefined])
    }
  })

  it('that a middleware had set, in place of which nothing is given', async () => {
    const before = (app: Express) =>
      compress(app).use((_req, res, next) => {
        res.setHeader('Cache-Control', 'max-age=7')
        next()
      })
    const server = await startCompressed(before, { headers: () => ({ 'Cache-Control': undefined }) })
    const { headers } = await get(server, '/photos/download/a.txt', { 'Accept-Encoding': 'gzip' })
    expect([headers['cache-control'], headers['content-encoding']]).toEqual(['max-age=7, no-transform', undefined])
  })
})
