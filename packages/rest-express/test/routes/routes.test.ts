/**
 * The nine routes of LoopBack's storage component, in the shapes that its clients parse, under both
 * versions of Express and none.
 */
import { describe, expect, it } from 'vitest'
import { storageRoutes } from '../../src/index.js'
import { errorOf, eventually, form, frameworks, isFetch, openSocket, startServer } from '../tools/rest-server.js'

const json = { 'Content-Type': 'application/json' }

describe.each(frameworks)('The routes under %s', (framework) => {
  it('create a container', async () => {
    const { fetch, storage } = await startServer({ framework })
    const response = await fetch('/', { method: 'POST', headers: json, body: '{"name":"music"}' })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ name: 'music' })
    expect(await storage.hasContainer('music')).toBe(true)
  })

  it('refuse to create a container that exists, with 409', async () => {
    const { fetch } = await startServer({ framework })
    const response = await fetch('/', { method: 'POST', headers: json, body: '{"name":"photos"}' })
    expect(response.status).toBe(409)
    expect(await errorOf(response)).toEqual({
      statusCode: 409,
      name: 'Error',
      code: 'CONTAINER_EXISTS',
      message: expect.any(String),
    })
  })

  it('list containers, with the mount point written with and without a slash', async () => {
    const { fetch } = await startServer({ framework, containers: ['music', 'photos'] })
    for (const path of ['', '/']) {
      const response = await fetch(path)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect(((await response.json()) as { name: string }[]).map(({ name }) => name)).toEqual(['music', 'photos'])
    }
  })

  it('show a container', async () => {
    const { fetch } = await startServer({ framework })
    const response = await fetch('/photos')
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ name: 'photos' })
  })

  it('destroy a container with what it holds', async () => {
    const { fetch, storage } = await startServer({ framework })
    await storage.putFile('photos', 'a.txt', 'a')
    const response = await fetch('/photos', { method: 'DELETE' })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('{}')
    expect(await storage.hasContainer('photos')).toBe(false)
  })

  it('keep a container that is to be destroyed only if empty, with 409', async () => {
    const { fetch, storage } = await startServer({ framework })
    await storage.putFile('photos', 'a.txt', 'a')
    expect((await fetch('/photos?onlyIfEmpty=true', { method: 'DELETE' })).status).toBe(409)
    expect(await storage.hasFile('photos', 'a.txt')).toBe(true)
  })

  it('list files', async () => {
    const { fetch, storage } = await startServer({ framework })
    await storage.putFile('photos', 'a.txt', 'abc')
    const response = await fetch('/photos/files')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual([
      expect.objectContaining({ container: 'photos', name: 'a.txt', size: 3, mtime: expect.stringMatching(/^\d{4}-/) }),
    ])
  })

  it('show a file, with what clients know first and in their order', async () => {
    const { fetch, storage } = await startServer({ framework })
    const { etag } = await storage.putFile('photos', 'a.txt', 'abc')
    const response = await fetch('/photos/files/a.txt')
    expect(response.status).toBe(200)
    expect(response.headers.get('etag')).toBe(etag)
    const text = await response.text()
    expect(text).toMatch(/^\{"container":"photos","name":"a\.txt","size":3,"mtime":"[^"]+Z"/)
    expect(JSON.parse(text)).toMatchObject({ etag, contentType: 'text/plain' })
  })

  it('delete a file', async () => {
    const { fetch, storage } = await startServer({ framework })
    await storage.putFile('photos', 'a.txt', 'abc')
    const response = await fetch('/photos/files/a.txt', { method: 'DELETE' })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('{}')
    expect(await storage.hasFile('photos', 'a.txt')).toBe(false)
  })

  it('respond with 404 to the deletion of a missing file', async () => {
    const { fetch } = await startServer({ framework })
    const response = await fetch('/photos/files/a.txt', { method: 'DELETE' })
    expect(response.status).toBe(404)
    expect((await errorOf(response)).code).toBe('FILE_NOT_FOUND')
  })

  it('upload files with their fields', async () => {
    const { fetch, storage } = await startServer({ framework })
    const data = form([
      ['image', 'a.txt', 'abc'],
      ['image', 'b.txt', 'de'],
      ['other', 'c.html', '<p>', 'text/html'],
    ])
    data.append('title', 'Holidays')
    data.append('tag', 'sea')
    data.append('tag', 'sun')
    const response = await fetch('/photos/upload', { method: 'POST', body: data })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      result: {
        files: {
          image: [
            { container: 'photos', name: 'a.txt', type: 'text/plain', field: 'image', size: 3 },
            { container: 'photos', name: 'b.txt', type: 'text/plain', field: 'image', size: 2 },
          ],
          other: [{ container: 'photos', name: 'c.html', type: 'text/html', field: 'other', size: 3 }],
        },
        fields: { title: ['Holidays'], tag: ['sea', 'sun'] },
      },
    })
    expect(await (await storage.openFile('photos', 'b.txt')).text()).toBe('de')
  })

  it('download a file', async () => {
    const { fetch, storage } = await startServer({ framework })
    await storage.putFile('photos', 'a.txt', 'abc')
    const response = await fetch('/photos/download/a.txt')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe('3')
    expect(await response.text()).toBe('abc')
  })

  it('take names with slashes, as themselves and encoded', async () => {
    const { fetch, storage } = await startServer({ framework })
    await storage.putFile('photos', '2024/07/a.txt', 'abc')
    for (const path of ['2024/07/a.txt', '2024%2F07%2fa.txt', '2024%2F07/a.txt']) {
      expect(await (await fetch(`/photos/download/${path}`)).text()).toBe('abc')
      expect(await (await fetch(`/photos/files/${path}`)).json()).toMatchObject({ name: '2024/07/a.txt' })
    }
  })

  it('respond with 404 if a container or a file is missing', async () => {
    const { fetch } = await startServer({ framework })
    for (const [path, code] of [
      ['/nope', 'CONTAINER_NOT_FOUND'],
      ['/nope/files', 'CONTAINER_NOT_FOUND'],
      ['/nope/files/a', 'CONTAINER_NOT_FOUND'],
      ['/photos/files/a', 'FILE_NOT_FOUND'],
      ['/photos/download/a', 'FILE_NOT_FOUND'],
    ] as const) {
      const response = await fetch(path)
      expect(response.status).toBe(404)
      expect((await errorOf(response)).code).toBe(code)
    }
  })

  it('respond to HEAD with the headers of GET and no body', async () => {
    const { fetch, storage } = await startServer({ framework })
    await storage.putFile('photos', 'a.txt', 'abc')
    for (const path of ['/photos', '/photos/files/a.txt', '/photos/download/a.txt', '/photos/files?limit=1']) {
      const get = await fetch(path)
      const head = await fetch(path, { method: 'HEAD' })
      expect(head.status).toBe(200)
      expect(await head.text()).toBe('')
      for (const name of ['content-length', 'content-type', 'etag', 'last-modified', 'link']) {
        expect(head.headers.get(name)).toBe(get.headers.get(name))
      }
    }
    for (const path of [
      '/nope',
      '/photos/files/b.txt',
      '/photos/download/b.txt',
      '/nope/files',
      '/nope/files?limit=1',
    ]) {
      expect((await fetch(path, { method: 'HEAD' })).status).toBe(404)
    }
    for (const path of ['/', '/photos/files']) expect((await fetch(path, { method: 'HEAD' })).status).toBe(200)
  })

  it('respond with 405 and Allow to a method that a path does not support', async () => {
    const { fetch } = await startServer({ framework })
    for (const [method, path, allow] of [
      ['DELETE', '/', 'GET, HEAD, POST, OPTIONS'],
      ['PATCH', '/photos', 'GET, HEAD, DELETE, OPTIONS'],
      ['DELETE', '/photos/files', 'GET, HEAD, OPTIONS'],
      ['DELETE', '/photos/files/', 'GET, HEAD, OPTIONS'],
      ['POST', '/photos/files/a', 'GET, HEAD, PUT, DELETE, OPTIONS'],
      ['GET', '/photos/upload', 'POST, OPTIONS'],
      ['PUT', '/photos/download/a', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const response = await fetch(path, { method })
      expect([path, response.status, response.headers.get('allow')]).toEqual([path, 405, allow])
      expect((await errorOf(response)).code).toBe('METHOD_NOT_ALLOWED')
    }
  })

  it('respond to OPTIONS with Allow', async () => {
    const { fetch } = await startServer({ framework })
    const response = await fetch('/photos/files/a', { method: 'OPTIONS' })
    expect([response.status, response.headers.get('allow')]).toEqual([204, 'GET, HEAD, PUT, DELETE, OPTIONS'])
  })
})

describe('The routes', () => {
  it.skipIf(isFetch)('leave other paths to the application', async () => {
    const { fetch } = await startServer({
      before: (app) => app.get('/api/containers/:container/thumbnail', (_req, res) => void res.send('mine')),
    })
    expect(await (await fetch('/photos/thumbnail')).text()).toBe('mine')
    expect((await fetch('/photos/nothing/here')).status).toBe(404)
  })

  it('respond with 404 themselves if there is no application', async () => {
    const { fetch } = await startServer({ framework: 'node:http' })
    const response = await fetch('/photos/nothing/here')
    expect([response.status, (await errorOf(response)).code]).toEqual([404, 'NOT_FOUND'])
  })

  it.skipIf(isFetch)('keep the headers that the application has set', async () => {
    const { fetch, storage } = await startServer({
      before: (app) =>
        app.use((_req, res, next) => {
          res.setHeader('Access-Control-Allow-Origin', '*')
          next()
        }),
    })
    await storage.putFile('photos', 'a.txt', 'abc')
    for (const path of ['/', '/photos/files/a.txt', '/photos/download/a.txt', '/nope']) {
      expect((await fetch(path)).headers.get('access-control-allow-origin')).toBe('*')
    }
  })

  it('serve containers named like the verbs', async () => {
    const names = ['copy', 'download', 'files', 'upload']
    const { fetch } = await startServer({ containers: names })
    for (const name of names) {
      expect((await fetch(`/${name}/files/${name}`, { method: 'PUT', body: name })).status).toBe(201)
      expect(await (await fetch(`/${name}/download/${name}`)).text()).toBe(name)
    }
  })

  it('are told as frozen data', () => {
    expect(Object.isFrozen(storageRoutes) && storageRoutes.every((route) => Object.isFrozen(route))).toBe(true)
    expect(JSON.parse(JSON.stringify(storageRoutes))).toContainEqual({
      method: 'GET',
      path: '/:container/download/*file',
      name: 'download',
      action: 'download',
    })
  })
})

describe('The body that creates a container', () => {
  it('may be a urlencoded form', async () => {
    const { fetch, storage } = await startServer()
    const response = await fetch('/', { method: 'POST', body: new URLSearchParams({ name: 'music' }) })
    expect(response.status).toBe(200)
    expect(await storage.hasContainer('music')).toBe(true)
  })

  it.skipIf(isFetch)('may have been parsed by the application before', async () => {
    const { default: express } = await import('express')
    const { fetch, storage } = await startServer({ before: (app) => app.use(express.json()) })
    const response = await fetch('/', { method: 'POST', headers: json, body: '{"name":"music"}' })
    expect(response.status).toBe(200)
    expect(await storage.hasContainer('music')).toBe(true)
  })

  it.each([
    ['{"name":""}', 400, 'INVALID_NAME'],
    ['{"name":"../x"}', 400, 'INVALID_NAME'],
    ['{"name":5}', 400, 'INVALID_NAME'],
    ['{}', 400, 'INVALID_NAME'],
    ['', 400, 'INVALID_NAME'],
    ['[]', 400, 'INVALID_ARGUMENT'],
    ['null', 400, 'INVALID_ARGUMENT'],
    ['{"name"', 400, 'INVALID_ARGUMENT'],
    [`{"name":"${'x'.repeat(3_000_000)}"}`, 413, 'TOO_LARGE'],
  ])('is refused when it is %.20s', async (body, status, code) => {
    const { fetch } = await startServer()
    const response = await fetch('/', { method: 'POST', headers: json, body })
    expect([response.status, (await errorOf(response)).code]).toEqual([status, code])
  })

  it('that does not come to its end is given up with the connection', async () => {
    const { port, mount, failures } = await startServer()
    const socket = await openSocket(port)
    socket.write(
      `POST ${mount}/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"name"`,
    )
    socket.end()
    await eventually(() => failures.length === 1)
    expect(failures[0]).toMatchObject({ statusCode: 499, action: 'createContainer' })
  })

  it('is refused when it is not UTF-8, or of another type', async () => {
    const { fetch } = await startServer()
    const notText = await fetch('/', { method: 'POST', headers: json, body: new Uint8Array([0x7b, 0xff, 0x7d]) })
    expect(notText.status).toBe(400)
    const xml = await fetch('/', { method: 'POST', headers: { 'Content-Type': 'text/xml' }, body: '<name/>' })
    expect([xml.status, (await errorOf(xml)).code]).toEqual([415, 'TYPE_NOT_ALLOWED'])
  })
})
