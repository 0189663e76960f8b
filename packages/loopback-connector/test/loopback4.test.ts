import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { juggler } from '@loopback/repository'
import { RestApplication } from '@loopback/rest'
import { getService } from '@loopback/service-proxy'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StorageService } from '../src/index.js'
import * as connector from '../src/index.js'
import { defineStorageController } from '../src/loopback4/index.js'
import { form, json, temporaryDirectory } from './tools/loopback3-app.js'

async function start(
  settings: object = {},
  Controller = defineStorageController({ dataSource: 'files', basePath: '/containers' }),
  isNew = true,
) {
  const root = await temporaryDirectory()
  const dataSource = new juggler.DataSource({ name: 'files', connector, provider: 'filesystem', root, ...settings })
  const app = new RestApplication({ rest: { port: 0, host: '127.0.0.1', gracePeriodForClose: 0 } })
  app.bind('datasources.files').to(dataSource)
  app.controller(Controller)
  await app.start()
  onTestFinished(async () => {
    await app.stop()
    await dataSource.disconnect()
  })
  const service = await getService<StorageService>(dataSource)
  if (isNew) await service.createContainer({ name: 'album' })
  const url = String(app.restServer.url)
  return {
    root,
    app,
    dataSource,
    service,
    url,
    fetch: (path: string, init?: RequestInit) => fetch(`${url}${path}`, init),
  }
}

const statusAndBody = async (response: Response) => ({ status: response.status, body: await response.json() })

describe('a LoopBack 4 data source', () => {
  it('has a service proxy with the methods', async () => {
    const { service, root } = await start()
    await writeFile(join(root, 'album', 'sea.txt'), 'waves')
    expect(await service.getFiles('album')).toMatchObject([{ name: 'sea.txt', size: 5 }])
    await expect(service.getFile('album', 'none')).rejects.toMatchObject({ code: 'ENOENT', statusCode: 404 })
  })
})

describe('the controller', () => {
  it('has the nine routes', async () => {
    const { fetch } = await start()
    expect(await statusAndBody(await fetch('/containers', json({ name: 'photos' })))).toMatchObject({
      status: 200,
      body: { name: 'photos', size: expect.any(Number) },
    })
    expect(await statusAndBody(await fetch('/containers'))).toMatchObject({
      body: [{ name: 'album' }, { name: 'photos' }],
    })
    expect(await statusAndBody(await fetch('/containers/photos'))).toMatchObject({
      status: 200,
      body: { name: 'photos' },
    })
    const { body } = form({ name: 'sea.txt', content: 'waves' }, { name: 'hill.txt', content: 'green', field: 'other' })
    body.append('title', 'Holiday')
    expect(await statusAndBody(await fetch('/containers/photos/upload', { method: 'POST', body }))).toEqual({
      status: 200,
      body: {
        result: {
          files: {
            file: [{ container: 'photos', name: 'sea.txt', type: 'text/plain', field: 'file', size: 5 }],
            other: [{ container: 'photos', name: 'hill.txt', type: 'text/plain', field: 'other', size: 5 }],
          },
          fields: { title: ['Holiday'] },
        },
      },
    })
    expect(await statusAndBody(await fetch('/containers/photos/files'))).toMatchObject({
      body: [{ name: 'hill.txt' }, { name: 'sea.txt' }],
    })
    expect(await statusAndBody(await fetch('/containers/photos/files?prefix=h&limit=5'))).toMatchObject({
      body: [{ name: 'hill.txt' }],
    })
    expect(await statusAndBody(await fetch('/containers/photos/files/sea.txt'))).toMatchObject({ body: { size: 5 } })
    const downloaded = await fetch('/containers/photos/download/sea.txt')
    expect([downloaded.headers.get('content-type'), await downloaded.text()]).toEqual([
      'text/plain; charset=utf-8',
      'waves',
    ])
    expect(await statusAndBody(await fetch('/containers/photos/files/sea.txt', { method: 'DELETE' }))).toEqual({
      status: 200,
      body: {},
    })
    expect(await statusAndBody(await fetch('/containers/photos', { method: 'DELETE' }))).toEqual({
      status: 200,
      body: {},
    })
  })

  it('responds to errors with their status', async () => {
    const { fetch } = await start({ maxFileSize: 10, allowedContentTypes: ['text/plain'] })
    const status = async (path: string, init?: RequestInit) => (await fetch(path, init)).status
    expect(await status('/containers/none')).toBe(404)
    expect(await status('/containers/album/download/none')).toBe(404)
    expect(await status('/containers', json({ name: 'album' }))).toBe(409)
    expect(await status('/containers', json({}))).toBe(422)
    expect(await status('/containers/album/files?limit=0')).toBe(400)
    const upload = (file: { name: string; content: string; type?: string }) =>
      status('/containers/album/upload', form(file))
    expect(await upload({ name: 'sea.txt', content: 'more than that' })).toBe(413)
    expect(await upload({ name: 'sea.png', content: 'x', type: 'image/png' })).toBe(415)
    expect(await status('/containers/album/upload', json({}))).toBe(415)
    expect(await statusAndBody(await fetch('/containers/album/files'))).toEqual({ status: 200, body: [] })
  })

  it('sends ranges, and headers without the body', async () => {
    const { fetch, root } = await start()
    await writeFile(join(root, 'album', 'sea.txt'), 'hello world')
    const part = await fetch('/containers/album/download/sea.txt', { headers: { Range: 'bytes=-5' } })
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 6-10/11', 'world'])
    const behind = await fetch('/containers/album/download/sea.txt', { headers: { Range: 'bytes=50-' } })
    expect([behind.status, behind.headers.get('content-range')]).toEqual([416, 'bytes */11'])
    const head = await fetch('/containers/album/download/sea.txt', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '11'])
  })

  it('finds a file whose name contains an encoded slash', async () => {
    const { fetch, service } = await start()
    await new Promise((resolve) => service.uploadStream('album', '2024/sea.txt').on('success', resolve).end('waves'))
    expect(await (await fetch('/containers/album/download/2024%2Fsea.txt')).text()).toBe('waves')
  })

  it('is described in OpenAPI, with the upload as a form', async () => {
    const { fetch } = await start()
    const { paths } = (await (await fetch('/openapi.json')).json()) as { paths: Record<string, Record<string, object>> }
    expect(
      Object.fromEntries(
        Object.entries(paths)
          .filter(([path]) => path.startsWith('/containers'))
          .map(([path, methods]) => [path, Object.keys(methods)]),
      ),
    ).toEqual({
      '/containers/{container}/download/{file}': ['get', 'head'],
      '/containers/{container}/files/{file}': ['get', 'delete'],
      '/containers/{container}/files': ['get'],
      '/containers/{container}/upload': ['post'],
      '/containers/{container}': ['get', 'delete'],
      '/containers': ['post', 'get'],
    })
    expect(paths['/containers/{container}/upload']?.['post']).toMatchObject({
      requestBody: { content: { 'multipart/form-data': { schema: { properties: { file: { format: 'binary' } } } } } },
    })
  })

  it('can be extended: a route calls the overriding method', async () => {
    class AvatarController extends defineStorageController({ dataSource: 'files', basePath: '/avatars' }) {
      override async upload(container: string) {
        const options = { getFilename: () => 'avatar.png', allowedContentTypes: ['image/png'] }
        return { result: await this.service.upload(container, this.request, this.response, options) }
      }
    }
    const { fetch } = await start({}, AvatarController)
    const uploaded = await fetch('/avatars/album/upload', form({ name: 'me.png', content: 'x', type: 'image/png' }))
    expect(await statusAndBody(uploaded)).toMatchObject({
      body: { result: { files: { file: [{ name: 'avatar.png' }] } } },
    })
    expect((await fetch('/avatars/album/upload', form({ name: 'me.txt', content: 'x' }))).status).toBe(415)
  })

  it('refuses a data source with another connector, and names it', async () => {
    const app = new RestApplication({ rest: { port: 0, host: '127.0.0.1' } })
    app.bind('datasources.db').to(new juggler.DataSource({ name: 'db', connector: 'memory' }))
    const Controller = defineStorageController({ dataSource: 'db', basePath: '/containers' })
    expect(() => new Controller({ name: 'db', connector: {} }, {} as never, {} as never)).toThrow(
      'data source "db" must use the connector',
    )
  })
})

describe('the controller with resumable uploads', () => {
  const tus = { 'Tus-Resumable': '1.0.0' }
  const secrets = ['a secret for tests, of 32 characters or more']
  const patch = (offset: number) => ({
    ...tus,
    'Upload-Offset': String(offset),
    'Content-Type': 'application/offset+octet-stream',
  })
  const metadata = `filename ${Buffer.from('sea.txt').toString('base64')}`

  it('continues an upload, also one that another application began', async () => {
    const options = { dataSource: 'files', basePath: '/containers', resumable: { secrets } }
    const { root, fetch, service } = await start({}, defineStorageController(options))
    const headers = { ...tus, 'Upload-Length': '10', 'Upload-Metadata': metadata }
    const created = await fetch('/containers/album/uploads', { method: 'POST', headers })
    expect(created.status).toBe(201)
    const path = `/containers/album/${created.headers.get('location')}`
    expect((await fetch(path, { method: 'PATCH', headers: patch(0), body: 'waves' })).status).toBe(204)
    const other = await start({ root }, defineStorageController(options), false)
    const head = await other.fetch(path, { method: 'HEAD', headers: tus })
    expect([head.status, head.headers.get('upload-offset')]).toEqual([200, '5'])
    const override = { ...patch(5), 'X-HTTP-Method-Override': 'PATCH' }
    expect((await other.fetch(path, { method: 'POST', headers: override, body: ' beat' })).status).toBe(204)
    expect(await service.getFile('album', 'sea.txt')).toMatchObject({ size: 10 })
    expect((await fetch(path, { method: 'DELETE', headers: tus })).status).toBe(204)
  })

  it("has the data source's options of uploads", async () => {
    const options = { dataSource: 'files', basePath: '/containers', resumable: true }
    const { fetch } = await start({ maxFileSize: 5 }, defineStorageController(options))
    const headers = { ...tus, 'Upload-Length': '6', 'Upload-Metadata': metadata }
    const response = await fetch('/containers/album/uploads', { method: 'POST', headers })
    expect(await statusAndBody(response)).toMatchObject({ status: 413, body: { error: { code: 'TOO_LARGE' } } })
  })

  it('describes the routes in openapi.json, and has none without the option', async () => {
    const options = { dataSource: 'files', basePath: '/containers', resumable: true }
    const { paths } = (await (
      await (await start({}, defineStorageController(options))).fetch('/openapi.json')
    ).json()) as {
      paths: Record<string, object>
    }
    expect(Object.keys(paths['/containers/{container}/uploads/{ticket}'] ?? {}).toSorted()).toEqual([
      'delete',
      'head',
      'patch',
      'post',
    ])
    const { fetch } = await start()
    expect((await fetch('/containers/album/uploads', { method: 'POST', headers: tus })).status).toBe(404)
  })
})
