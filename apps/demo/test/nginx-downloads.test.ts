/**
 * The second nginx configuration of docs/scaling-out.md: nginx sends the files of an application in
 * this process.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import { storageRouter } from '@stowage/rest-express'
import { describeServer, freePort, type Nginx, startNginx } from '@stowage/test-servers'
import express from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blocksOf } from './documents/examples.js'

const document = join(import.meta.dirname, '..', '..', '..', 'docs', 'scaling-out.md')
const content = randomBytes(3_000_001)
const names = ['a.bin', 'a folder/ü %41?&+;#.bin', 'a//b.bin', `${'long'.repeat(100)}.bin`]

/** The configuration as documented, with this test's addresses and without TLS. */
async function configuration(root: string, application: number, port: number): Promise<string> {
  const [, block] = blocksOf(await readFile(document, 'utf8')).filter(({ language }) => language === 'nginx')
  if (block === undefined) throw new Error('scaling-out.md must have a second nginx configuration')
  return block.source
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replace('http://127.0.0.1:3000', `http://127.0.0.1:${application}`)
    .replaceAll('/srv/files', root)
}

describeServer('nginx', () => {
  let root: string
  let server: Server
  let nginx: Nginx
  let origin: string
  let storage: StorageService
  /** The paths that the application returned in X-Accel-Redirect. */
  const redirects: string[] = []

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'stowage-nginx-'))
    await chmod(root, 0o755)
    storage = new StorageService(new FilesystemProvider({ root }))
    await storage.createContainer({ name: 'photos' })
    for (const name of names) await storage.putFile('photos', name, content)
    const application = express()
    application.use((_req, res, next) => {
      res.once('finish', () => {
        const path = res.getHeader('X-Accel-Redirect')
        if (typeof path === 'string') redirects.push(path)
      })
      next()
    })
    application.use('/api/containers', storageRouter(storage, { accelRedirect: '/stowage-files/' }))
    server = createServer(application)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    const { port: applicationPort } = server.address() as AddressInfo
    nginx = await startNginx(await configuration(root, applicationPort, port), `${origin}/api/containers`)
  })

  afterAll(async () => {
    await nginx.stop()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await storage.close()
    await rm(root, { recursive: true })
  })

  const get = (name: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${origin}/api/containers/photos/download/${name.split('/').map(encodeURIComponent).join('/')}`, {
      method,
      headers: { 'Accept-Encoding': 'identity', ...headers },
    })

  /** Whether nginx sent the response to the call, and not the router. */
  async function isRedirected(call: () => Promise<unknown>): Promise<boolean> {
    redirects.length = 0
    await call()
    return redirects.length === 1
  }

  test.each(names)('nginx sends %s', async (name) => {
    let body: Buffer | undefined
    const redirected = await isRedirected(async () => {
      body = Buffer.from(await (await get(name)).arrayBuffer())
    })
    expect([redirected, body?.equals(content)]).toEqual([true, true])
  })

  test('the headers are those of the router', async () => {
    const { port } = server.address() as AddressInfo
    const direct = await fetch(`http://127.0.0.1:${port}/api/containers/photos/download/a.bin`, { method: 'HEAD' })
    const response = await get('a.bin')
    await response.arrayBuffer()
    const own = ['connection', 'date', 'keep-alive', 'server', 'x-powered-by']
    const listed = ({ headers }: Response) => [...headers].filter(([name]) => !own.includes(name))
    expect(listed(response)).toEqual(listed(direct))
  })

  test('ranges', async () => {
    const part = async (range: string) => {
      const response = await get('a.bin', { Range: range })
      const body = Buffer.from(await response.arrayBuffer())
      return [response.status, response.headers.get('Content-Range'), body] as const
    }
    for (const [range, start, end] of [
      ['bytes=100-199999', 100, 199_999],
      ['bytes=1000000-', 1_000_000, 3_000_000],
      ['bytes=-100000', 2_900_001, 3_000_000],
      ['bytes=5-9', 5, 9],
      ['bytes=2000000-9999999', 2_000_000, 3_000_000],
    ] as const) {
      const [status, header, body] = await part(range)
      expect([status, header]).toEqual([206, `bytes ${start}-${end}/3000001`])
      expect(body.equals(content.subarray(start, end + 1))).toBe(true)
    }
    expect((await part('bytes=3000001-'))[0]).toBe(416)
    for (const ignored of ['bytes=0-99999,200000-299999', 'bytes=9-5', 'lines=1-2']) {
      const [status, , body] = await part(ignored)
      expect([status, body.equals(content)]).toEqual([200, true])
    }
  })

  test('conditions are those of the storage', async () => {
    const etag = (await storage.getFile('photos', 'a.bin')).etag
    const statusOf = async (headers: Record<string, string>) => {
      const response = await get('a.bin', headers)
      return [response.status, (await response.arrayBuffer()).byteLength]
    }
    const all = content.length
    expect(await statusOf({ 'If-None-Match': etag })).toEqual([304, 0])
    expect(await statusOf({ 'If-None-Match': '"other"' })).toEqual([200, all])
    expect(await statusOf({ 'If-Match': etag })).toEqual([200, all])
    expect(await statusOf({ 'If-Match': '"other"' })).toEqual([412, expect.any(Number)])
    expect(await statusOf({ Range: 'bytes=0-99999', 'If-Range': etag })).toEqual([206, 100_000])
    expect(await statusOf({ Range: 'bytes=0-99999', 'If-Range': '"other"' })).toEqual([200, all])
    const { mtime } = await storage.getFile('photos', 'a.bin')
    const later = new Date(mtime.getTime() + 60_000).toUTCString()
    expect(await statusOf({ 'If-Modified-Since': later })).toEqual([304, 0])
    expect(await statusOf({ 'If-Modified-Since': new Date(0).toUTCString() })).toEqual([200, all])
    expect(await statusOf({ 'If-Unmodified-Since': later })).toEqual([200, all])
  })

  test('attributes of a stored file are kept', async () => {
    const attributes = { contentType: 'text/plain', contentEncoding: 'gzip', contentLanguage: 'de' }
    await storage.putFile('photos', 'stored.gz', content, attributes)
    const { headers, body } = await get('stored.gz')
    await body?.cancel()
    const kept = ['content-type', 'content-encoding', 'content-language'].map((name) => headers.get(name))
    expect(kept).toEqual(['text/plain', 'gzip', 'de'])
  })

  test('a small file and a HEAD request are not redirected', async () => {
    await storage.putFile('photos', 'small.txt', 'small')
    expect(await isRedirected(async () => expect(await (await get('small.txt')).text()).toBe('small'))).toBe(false)
    expect(await isRedirected(async () => expect((await get('a.bin', {}, 'HEAD')).status).toBe(200))).toBe(false)
  })

  test('clients cannot request the location of nginx', async () => {
    expect((await fetch(`${origin}/stowage-files/photos/a.bin`)).status).toBe(404)
  })

  test('nginx does not follow a symbolic link', async () => {
    const outside = join(tmpdir(), `${root.split('/').at(-1)}.secret`)
    await writeFile(outside, content)
    await symlink(outside, join(root, 'photos', 'link.bin'))
    const response = await get('link.bin')
    expect(response.status).toBe(404)
    await response.arrayBuffer()
    await rm(outside)
  })
})
