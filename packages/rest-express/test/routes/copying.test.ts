import { describe, expect, it } from 'vitest'
import { errorOf, namesIn, startServer } from '../tools/rest-server.js'
import { makeProvider, storageKinds } from '../tools/storages.js'

const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

describe.each(storageKinds)('In %s', (kind) => {
  async function serverWithFile() {
    const server = await startServer({ provider: makeProvider(kind), containers: ['other', 'photos'] })
    await server.storage.putFile('photos', 'a.txt', 'abc', { contentType: 'text/csv' })
    return server
  }

  it('a file is copied within its container and to another one', async () => {
    const { fetch, storage } = await serverWithFile()
    const inside = await fetch('/photos/copy', post({ file: 'a.txt', to: { file: 'sub/b.txt' } }))
    expect(inside.status).toBe(200)
    const info = await storage.getFile('photos', 'sub/b.txt')
    expect(info.contentType).toBe('text/csv')
    expect(inside.headers.get('etag')).toBe(info.etag)
    expect(await inside.json()).toMatchObject({ container: 'photos', name: 'sub/b.txt', size: 3 })
    expect((await fetch('/photos/copy', post({ file: 'a.txt', to: { container: 'other' } }))).status).toBe(200)
    expect(await namesIn(storage, 'other')).toEqual(['a.txt'])
    expect(await namesIn(storage)).toEqual(['a.txt', 'sub/b.txt'])
  })

  it('a file is copied with other attributes', async () => {
    const { fetch, storage } = await serverWithFile()
    const attributes = { contentType: 'text/plain', metadata: { colour: 'red' } }
    expect((await fetch('/photos/copy', post({ file: 'a.txt', to: { file: 'b' }, attributes }))).status).toBe(200)
    expect(await storage.getFile('photos', 'b')).toMatchObject(attributes)
  })

  it('a file is moved', async () => {
    const { fetch, storage } = await serverWithFile()
    const response = await fetch('/photos/move', post({ file: 'a.txt', to: { container: 'other', file: 'b.txt' } }))
    expect(response.status).toBe(200)
    expect(await namesIn(storage)).toEqual([])
    expect(await (await storage.openFile('other', 'b.txt')).text()).toBe('abc')
  })

  it('a copy keeps to the conditions on its target', async () => {
    const { fetch, storage } = await serverWithFile()
    const { etag } = await storage.putFile('photos', 'b.txt', 'old')
    const copy = async (headers: Record<string, string>) =>
      (await fetch('/photos/copy', post({ file: 'a.txt', to: { file: 'b.txt' } }, headers))).status
    expect(await copy({ 'If-None-Match': '*' })).toBe(412)
    expect(await copy({ 'If-Match': '"x"' })).toBe(412)
    expect(await (await storage.openFile('photos', 'b.txt')).text()).toBe('old')
    expect(await copy({ 'If-Match': etag })).toBe(200)
  })

  it('many files are removed at once, and those that were not there count as removed', async () => {
    const { fetch, storage } = await serverWithFile()
    await storage.putFile('photos', 'b&<>.txt', '')
    await storage.putFile('photos', 'keep', '')
    const response = await fetch('/photos/remove', post({ files: ['a.txt', 'b&<>.txt', 'gone', 'a.txt'] }))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual([{ file: 'a.txt' }, { file: 'b&<>.txt' }, { file: 'gone' }])
    expect(await namesIn(storage)).toEqual(['keep'])
  })

  it.each([
    ['/photos/copy', {}, 400, 'INVALID_NAME'],
    ['/photos/copy', { file: 5, to: {} }, 400, 'INVALID_NAME'],
    ['/photos/copy', { file: 'a.txt' }, 400, 'INVALID_ARGUMENT'],
    ['/photos/copy', { file: 'a.txt', to: 'b.txt' }, 400, 'INVALID_ARGUMENT'],
    ['/photos/copy', { file: 'a.txt', to: { file: 5 } }, 400, 'INVALID_ARGUMENT'],
    ['/photos/copy', { file: 'a.txt', to: { container: '../x' } }, 400, 'INVALID_NAME'],
    ['/photos/copy', { file: 'a.txt', to: { file: 'b' }, attributes: [] }, 400, 'INVALID_ARGUMENT'],
    ['/photos/copy', { file: 'a.txt', to: { file: 'b' }, attributes: { contentType: 'x' } }, 400, 'INVALID_ARGUMENT'],
    ['/photos/copy', { file: 'nope', to: { file: 'b' } }, 404, 'FILE_NOT_FOUND'],
    ['/photos/copy', { file: 'a.txt', to: { container: 'nope' } }, 404, 'CONTAINER_NOT_FOUND'],
    ['/nope/move', { file: 'a.txt', to: { container: 'photos' } }, 404, 'CONTAINER_NOT_FOUND'],
    ['/photos/remove', {}, 400, 'INVALID_ARGUMENT'],
    ['/photos/remove', { files: [] }, 400, 'INVALID_ARGUMENT'],
    ['/photos/remove', { files: ['a.txt', ''] }, 400, 'INVALID_NAME'],
    ['/nope/remove', { files: ['a.txt'] }, 404, 'CONTAINER_NOT_FOUND'],
  ])('%s refuses %j', async (path, body, status, code) => {
    const { fetch, storage } = await serverWithFile()
    const response = await fetch(path, post(body))
    expect([response.status, (await errorOf(response)).code]).toEqual([status, code])
    expect(await namesIn(storage)).toEqual(['a.txt'])
  })

  it('a batch removal takes 1,000 names at most', async () => {
    const { fetch, storage } = await serverWithFile()
    const names = Array.from({ length: 1000 }, (_, index) => `file ${index}`)
    const response = await fetch('/photos/remove', post({ files: ['a.txt', ...names] }))
    expect([response.status, await errorOf(response)]).toEqual([
      413,
      expect.objectContaining({ code: 'TOO_LARGE', message: 'a request can delete at most 1000 files, not 1001' }),
    ])
    expect(await namesIn(storage)).toEqual(['a.txt'])
    expect((await fetch('/photos/remove', post({ files: ['a.txt', ...names.slice(1)] }))).status).toBe(200)
    expect(await namesIn(storage)).toEqual([])
  })

  it('attributes of a copy are stored as those of a raw upload', async () => {
    const { fetch, storage } = await serverWithFile()
    const copy = (attributes: object) =>
      fetch('/photos/copy', post({ file: 'a.txt', to: { file: 'b.txt' }, attributes }))
    expect((await copy({ contentDisposition: 'attachment x', contentEncoding: 'GZIP' })).status).toBe(200)
    expect(await storage.getFile('photos', 'b.txt')).toMatchObject({
      contentDisposition: 'attachment',
      contentEncoding: 'gzip',
    })
    expect((await copy({ contentEncoding: 'aws-chunked' })).status).toBe(415)
  })

  it('a form of another site can not copy, move or remove', async () => {
    const { fetch } = await serverWithFile()
    for (const verb of ['copy', 'move', 'remove']) {
      const response = await fetch(`/photos/${verb}`, {
        method: 'POST',
        headers: { 'Content-Type': 'text/plain' },
        body: '{"file":"a.txt","files":["a.txt"],"to":{"file":"b"}}',
      })
      expect(response.status).toBe(415)
    }
  })

  it('a file is deleted under If-Match only in that version', async () => {
    const { fetch, storage } = await serverWithFile()
    const { etag } = await storage.getFile('photos', 'a.txt')
    const remove = async (headers: Record<string, string>) =>
      (await fetch('/photos/files/a.txt', { method: 'DELETE', headers })).status
    expect(await remove({ 'If-Match': '"x"' })).toBe(412)
    expect(await remove({ 'If-None-Match': '*' })).toBe(412)
    expect(await remove({ 'If-Unmodified-Since': 'Sat, 01 Jan 2000 00:00:00 GMT' })).toBe(412)
    expect(await remove({ 'If-Match': etag })).toBe(200)
  })
})
