/**
 * LoopBack 3 and LoopBack 4 with the Azure provider, over a real server.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { juggler } from '@loopback/repository'
import { RestApplication } from '@loopback/rest'
import { getService } from '@loopback/service-proxy'
import { describeServer } from '@stowage/test-servers'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as connector from '../src/index.js'
import { defineStorageController } from '../src/loopback4/index.js'
import { form, json, startLoopBack3 } from './tools/loopback3-app.js'

type Fetch = (path: string, init?: RequestInit) => Promise<Response>

/** Uses every route, with a new container. */
async function exerciseRoutes(fetch: Fetch): Promise<void> {
  const name = `album-${randomBytes(6).toString('hex')}`
  const body = async (path: string, init?: RequestInit) => (await fetch(path, init)).json()
  expect(await body('/containers', json({ name }))).toMatchObject({ name })
  expect((await fetch('/containers', json({ name }))).status).toBe(409)
  expect(await body('/containers')).toContainEqual(expect.objectContaining({ name }))
  expect(await body(`/containers/${name}`)).toMatchObject({ name })

  const uploaded = await body(
    `/containers/${name}/upload`,
    form({ name: 'größe.txt', content: 'hello world' }, { name: 'b.png', content: 'x', type: 'image/png', field: 'b' }),
  )
  expect(uploaded).toMatchObject({
    result: {
      files: {
        file: [{ container: name, name: 'größe.txt', type: 'text/plain', field: 'file', size: 11 }],
        b: [{ name: 'b.png', providerResponse: { name: 'b.png', size: 1, container: name } }],
      },
    },
  })
  const file = `gr%C3%B6%C3%9Fe.txt`
  expect(await body(`/containers/${name}/files`)).toMatchObject([{ name: 'b.png' }, { name: 'größe.txt', size: 11 }])
  expect(await body(`/containers/${name}/files/${file}`)).toMatchObject({
    container: name,
    name: 'größe.txt',
    size: 11,
    lastModified: expect.stringMatching(/T/),
    etag: expect.stringMatching(/^[^"]+$/),
    contentType: 'text/plain',
  })
  const part = await fetch(`/containers/${name}/download/${file}`, { headers: { Range: 'bytes=6-' } })
  expect([part.status, await part.text()]).toEqual([206, 'world'])
  expect((await fetch(`/containers/${name}/files/${file}`, { method: 'DELETE' })).status).toBe(200)
  expect((await fetch(`/containers/${name}/files/${file}`, { method: 'DELETE' })).status).toBe(404)
  expect(await body(`/containers/${name}`, { method: 'DELETE' })).toEqual({})
  expect((await fetch(`/containers/${name}`)).status).toBe(404)
}

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) => {
  const settings = { provider: 'azure', storageAccount, storageAccessKey, endpoint }

  describe('LoopBack 3', () => {
    it('serves containers and files over HTTP', async () => {
      const { fetch } = await startLoopBack3({ container: settings })
      await exerciseRoutes(fetch)
    })

    it('manages containers and files through the model', async () => {
      const { models, dataSources } = await startLoopBack3({ container: settings })
      const { container } = models
      if (container === undefined) throw new Error('the model is missing')
      await dataSources['container']?.ping()
      const name = `album-${randomBytes(6).toString('hex')}`
      await container.createContainer({ name })
      onTestFinished(() => container.destroyContainer(name))
      const stream = container.uploadStream(name, 'sea.txt', { contentType: 'text/x-sea' })
      stream.end('waves')
      const [file] = await once(stream, 'success')
      expect(file.getMetadata()).toMatchObject({ container: name, name: 'sea.txt', size: 5 })
      expect(await text(container.downloadStream(name, 'sea.txt', { start: 1, end: 3 }))).toBe('ave')
      await expect(container.getFile(name, 'none')).rejects.toMatchObject({ code: 'ENOENT', statusCode: 404 })
      await expect(container.createContainer({ name })).rejects.toMatchObject({ code: 'EEXIST' })
    })

    it('stores nothing if a file is too large', async () => {
      const { models, fetch } = await startLoopBack3({ container: { ...settings, maxFileSize: 1000 } })
      const { container } = models
      if (container === undefined) throw new Error('the model is missing')
      const name = `album-${randomBytes(6).toString('hex')}`
      await container.createContainer({ name })
      onTestFinished(() => container.destroyContainer(name))
      const refused = await fetch(`/containers/${name}/upload`, form({ name: 'big', content: 'x'.repeat(1001) }))
      expect(refused.status).toBe(413)
      expect(await container.getFiles(name)).toEqual([])
    })
  })

  describe('LoopBack 4', () => {
    it('serves containers and files over HTTP, and through a service proxy', async () => {
      const dataSource = new juggler.DataSource({ name: 'files', connector, ...settings })
      const app = new RestApplication({ rest: { port: 0, host: '127.0.0.1', gracePeriodForClose: 0 } })
      app.bind('datasources.files').to(dataSource)
      app.controller(defineStorageController({ dataSource: 'files', basePath: '/containers' }))
      await app.start()
      onTestFinished(async () => {
        await app.stop()
        await dataSource.disconnect()
      })
      const url = String(app.restServer.url)
      await exerciseRoutes((path, init) => fetch(`${url}${path}`, init))
      const service = await getService<connector.StorageService>(dataSource)
      expect(await service.getContainers()).toEqual(expect.any(Array))
    })
  })

  it('ping fails with a wrong key, and the error does not contain the correct one', async () => {
    const { dataSources } = await startLoopBack3({
      container: { ...settings, storageAccessKey: Buffer.from('wrong').toString('base64') },
    })
    const error = await dataSources['container']?.ping().catch((failure: Error) => failure)
    expect(error).toMatchObject({ statusCode: expect.any(Number), storageCode: expect.stringMatching(/UNAUTH|PERM/) })
    expect(String(error)).not.toContain(storageAccessKey)
  })
})
