import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { form, json, startLoopBack3, startOnDirectory, temporaryDirectory } from './tools/loopback3-app.js'

const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
const stat = { size: expect.any(Number), atime: timestamp, mtime: timestamp, ctime: timestamp }

/** Returns the status and the body of a response. */
const statusAndBody = async (response: Response) => ({ status: response.status, body: await response.json() })

const failure = (statusCode: number, code: string, message: RegExp) => ({
  status: statusCode,
  body: { error: { statusCode, name: 'Error', code, message: expect.stringMatching(message) } },
})

describe('the nine routes', () => {
  it('create, list, show and delete containers', async () => {
    const { fetch } = await startOnDirectory()
    expect(await statusAndBody(await fetch('/containers', json({ name: 'photos' })))).toEqual({
      status: 200,
      body: { name: 'photos', ...stat },
    })
    expect(await statusAndBody(await fetch('/containers'))).toEqual({
      status: 200,
      body: [
        { name: 'album', ...stat },
        { name: 'photos', ...stat },
      ],
    })
    expect(await statusAndBody(await fetch('/containers/photos'))).toEqual({
      status: 200,
      body: { name: 'photos', ...stat },
    })
    expect(await statusAndBody(await fetch('/containers/photos', { method: 'DELETE' }))).toEqual({
      status: 200,
      body: {},
    })
    expect(await statusAndBody(await fetch('/containers/photos'))).toEqual(
      failure(404, 'ENOENT', /container "photos" does not exist/),
    )
  })

  it('read the name of a container from a urlencoded form', async () => {
    const { fetch } = await startOnDirectory()
    const created = await fetch('/containers', { method: 'POST', body: new URLSearchParams({ name: 'encoded' }) })
    expect(await statusAndBody(created)).toEqual({ status: 200, body: { name: 'encoded', ...stat } })
  })

  it('upload, list, show, download and delete files', async () => {
    const { fetch } = await startOnDirectory()
    const uploaded = await fetch('/containers/album/upload', form({ name: 'sea.txt', content: 'waves' }))
    expect(await statusAndBody(uploaded)).toEqual({
      status: 200,
      body: {
        result: {
          files: { file: [{ container: 'album', name: 'sea.txt', type: 'text/plain', field: 'file', size: 5 }] },
          fields: {},
        },
      },
    })
    const file = { container: 'album', name: 'sea.txt', ...stat, size: 5 }
    const list = await statusAndBody(await fetch('/containers/album/files'))
    expect(list).toMatchObject({ status: 200, body: [file] })
    const shown = await statusAndBody(await fetch('/containers/album/files/sea.txt'))
    expect(shown).toMatchObject({ status: 200, body: { ...file, contentType: 'text/plain' } })
    const downloaded = await fetch('/containers/album/download/sea.txt')
    expect([downloaded.status, downloaded.headers.get('content-type'), await downloaded.text()]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'waves',
    ])
    const removed = await fetch('/containers/album/files/sea.txt', { method: 'DELETE' })
    expect(await statusAndBody(removed)).toEqual({ status: 200, body: {} })
    expect(await statusAndBody(await fetch('/containers/album/files/sea.txt'))).toEqual(
      failure(404, 'ENOENT', /"sea.txt"/),
    )
  })

  it('store several files and fields of one form', async () => {
    const { fetch } = await startOnDirectory()
    const { body } = form({ name: 'a.txt', content: '1' }, { name: 'b.txt', content: '22', field: 'other' })
    body.append('title', 'Holiday')
    body.append('title', 'Sea')
    expect(await statusAndBody(await fetch('/containers/album/upload', { method: 'POST', body }))).toMatchObject({
      status: 200,
      body: {
        result: {
          files: { file: [{ name: 'a.txt', size: 1 }], other: [{ name: 'b.txt', size: 2 }] },
          fields: { title: ['Holiday', 'Sea'] },
        },
      },
    })
  })

  it('serve two models over two data sources', async () => {
    const [first, second] = [await temporaryDirectory(), await temporaryDirectory()]
    await mkdir(join(first, 'one'))
    await mkdir(join(second, 'two'))
    const { fetch } = await startLoopBack3({
      container: { provider: 'filesystem', root: first },
      archive: { provider: 'filesystem', root: second },
    })
    expect(await (await fetch('/containers')).json()).toEqual([{ name: 'one', ...stat }])
    expect(await (await fetch('/archives')).json()).toEqual([{ name: 'two', ...stat }])
  })

  it('find a file whose name contains an encoded slash', async () => {
    const { fetch, root } = await startOnDirectory()
    await mkdir(join(root, 'album', '2024'))
    await writeFile(join(root, 'album', '2024', 'sea.txt'), 'waves')
    expect(await (await fetch('/containers/album/download/2024%2Fsea.txt')).text()).toBe('waves')
    expect(await (await fetch('/containers/album/files/2024%2Fsea.txt')).json()).toMatchObject({ name: '2024/sea.txt' })
  })

  it('return a page of a list', async () => {
    const { fetch, root } = await startOnDirectory()
    for (const name of ['a1', 'a2', 'a3', 'b']) await writeFile(join(root, 'album', name), name)
    const names = async (query: string) => {
      const list = (await (await fetch(`/containers/album/files?${query}`)).json()) as { name: string }[]
      return list.map(({ name }) => name)
    }
    expect(await names('limit=2')).toEqual(['a1', 'a2'])
    expect(await names('limit=2&startAfter=a2')).toEqual(['a3', 'b'])
    expect(await names('prefix=a')).toEqual(['a1', 'a2', 'a3'])
    expect((await fetch('/containers/album/files?limit=none')).status).toBe(400)
  })
})

describe('downloads', () => {
  it('send the requested range', async () => {
    const { fetch, root } = await startOnDirectory()
    await writeFile(join(root, 'album', 'sea.txt'), 'hello world')
    const part = await fetch('/containers/album/download/sea.txt', { headers: { Range: 'bytes=-5' } })
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 6-10/11', 'world'])
    const behind = await fetch('/containers/album/download/sea.txt', { headers: { Range: 'bytes=50-' } })
    expect([behind.status, behind.headers.get('content-range')]).toEqual([416, 'bytes */11'])
  })

  it('respond to HEAD, and with 304 to a client that has the file', async () => {
    const { fetch, root } = await startOnDirectory()
    await writeFile(join(root, 'album', 'sea.txt'), 'hello world')
    const head = await fetch('/containers/album/download/sea.txt', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '11', ''])
    const headers = { 'If-None-Match': head.headers.get('etag') ?? '' }
    expect((await fetch('/containers/album/download/sea.txt', { headers })).status).toBe(304)
  })

  it('do not let scripts of a stored page run in the browser', async () => {
    const { fetch, root } = await startOnDirectory()
    await writeFile(join(root, 'album', 'page.html'), '<script>alert(1)</script>')
    const { headers } = await fetch('/containers/album/download/page.html')
    expect(headers.get('content-disposition')).toBe('attachment; filename="page.html"')
    expect(headers.get('content-security-policy')).toContain('sandbox')
  })

  it('have the old headers with legacyDownloads', async () => {
    const { fetch, root } = await startOnDirectory({ legacyDownloads: true, cacheControl: 'public, max-age=60' })
    await writeFile(join(root, 'album', 'page.html'), '<b>hello</b>')
    const { headers } = await fetch('/containers/album/download/page.html')
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(headers.get('cache-control')).toBe('public, max-age=60, no-transform')
    for (const name of ['content-disposition', 'content-security-policy', 'x-content-type-options']) {
      expect(headers.has(name), name).toBe(false)
    }
  })

  it('of a missing file or container fail with 404', async () => {
    const { fetch } = await startOnDirectory()
    expect(await statusAndBody(await fetch('/containers/album/download/none'))).toEqual(
      failure(404, 'ENOENT', /"none"/),
    )
    expect(await statusAndBody(await fetch('/containers/none/download/none'))).toEqual(failure(404, 'ENOENT', /"none"/))
  })
})

describe('mistakes of the storage component', () => {
  it('a name made of dots is refused, and the server stays up', async () => {
    const { fetch, url } = await startOnDirectory()
    // Sent unchanged. fetch would shorten the path.
    const client = request(`${url}/`, { method: 'POST', path: '/api/containers/%2E%2E/upload' })
    client.setHeader('Content-Type', 'multipart/form-data; boundary=x')
    client.end('--x\r\nContent-Disposition: form-data; name="f"; filename="evil.txt"\r\n\r\nevil\r\n--x--\r\n')
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(400)
    expect(JSON.parse(await text(response))).toMatchObject({ error: { code: 'INVALID_NAME' } })
    expect((await fetch('/containers/album')).status).toBe(200)
  })

  it('a file that is too large is refused and not stored', async () => {
    const { fetch } = await startOnDirectory({ maxFileSize: '1000' })
    const refused = await fetch('/containers/album/upload', form({ name: 'big.txt', content: 'x'.repeat(1001) }))
    expect(await statusAndBody(refused)).toEqual(failure(413, 'TOO_LARGE', /1000 bytes/))
    expect(await (await fetch('/containers/album/files')).json()).toEqual([])
  })

  it('a missing container cannot be listed or deleted, and an existing one cannot be created again', async () => {
    const { fetch } = await startOnDirectory()
    expect(await statusAndBody(await fetch('/containers/none/files'))).toEqual(failure(404, 'ENOENT', /"none"/))
    expect(await statusAndBody(await fetch('/containers', json({ name: 'album' })))).toEqual(
      failure(409, 'EEXIST', /container "album" already exists/),
    )
    expect(await statusAndBody(await fetch('/containers/none', { method: 'DELETE' }))).toEqual(
      failure(404, 'ENOENT', /"none"/),
    )
    expect(await statusAndBody(await fetch('/containers/album/files/none', { method: 'DELETE' }))).toEqual(
      failure(404, 'ENOENT', /"none"/),
    )
  })

  it('a client that disconnects during an upload leaves nothing, and the server stays up', async () => {
    const { container, fetch, url, root } = await startOnDirectory()
    const failed = new Promise<void>((resolve) => {
      container.afterRemoteError('upload', (_context, next) => {
        next()
        resolve()
      })
    })
    const client = request(`${url}/api/containers/album/upload`, { method: 'POST' })
    client.on('error', () => undefined)
    client.setHeader('Content-Type', 'multipart/form-data; boundary=x')
    const head = '--x\r\nContent-Disposition: form-data; name="f"; filename="half.txt"\r\n\r\n'
    client.write(head + 'x'.repeat(100_000), () => client.destroy())
    await failed
    expect(await readdir(join(root, 'album'))).toEqual([])
    expect((await fetch('/containers/album')).status).toBe(200)
  })

  it('a client that disconnects during a download ends it, and the server stays up', async () => {
    const { container, fetch, url, root } = await startOnDirectory()
    await writeFile(join(root, 'album', 'big.bin'), Buffer.alloc(50_000_000))
    const failed = new Promise<unknown>((resolve) => {
      container.afterRemoteError('download', ({ error }, next) => {
        next()
        resolve(error?.code)
      })
    })
    const client = request(`${url}/api/containers/album/download/big.bin`)
    client.on('error', () => undefined)
    client.end()
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    response.once('data', () => client.destroy())
    response.on('error', () => undefined)
    expect(await failed).toBe('ABORTED')
    expect((await fetch('/containers/album')).status).toBe(200)
  })

  it('no response contains a path of the server', async () => {
    const { fetch, root } = await startOnDirectory({}, { debug: true })
    for (const path of ['/containers/none', '/containers/album/files/none', '/containers/album/download/none']) {
      expect(await (await fetch(path)).text()).not.toContain(root)
    }
  })
})
