/**
 * The examples in the documentation of the storage component, unchanged except for the name of the
 * package, in LoopBack 3 applications that use CommonJS.
 */
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type loopback from 'loopback'
import { expect, it, onTestFinished } from 'vitest'
import type { StorageService } from '../src/index.js'
import { installation } from './tools/installation.js'
import { form } from './tools/loopback3-app.js'

const filesystemExample = `
var loopback = require('loopback')
var path = require('path')

var ds = loopback.createDataSource({
    connector: require('@stowage/loopback-connector'),
    provider: 'filesystem',
    root: path.join(__dirname, 'storage')
});
var container = ds.createModel('container');
`

const amazonExample = `
var loopback = require('loopback')

var ds = loopback.createDataSource({
  connector: require('@stowage/loopback-connector'),
  provider: 'amazon',
  key: 'your amazon key',
  keyId: 'your amazon key id'
});
var container = ds.createModel('container');
`

interface Example {
  readonly ds: loopback.DataSource
  readonly container: StorageService
}

/**
 * Runs a script in the `server` directory of an application, which contains `storage`. Returns its
 * exports.
 */
async function run(script: string, file = 'server.js'): Promise<{ exported: unknown; server: string }> {
  const { directory } = await installation()
  const server = join(directory, 'server')
  await mkdir(join(server, 'storage'), { recursive: true })
  await mkdir(join(server, 'boot'))
  await writeFile(join(server, file), script)
  return { exported: createRequire(join(server, 'main.js'))(`./${file}`), server }
}

const failureOf = (done: (callback: (error: Error | null) => void) => void): Promise<Error | null> =>
  new Promise((resolve) => done(resolve))

it('the data source in JavaScript over the local file system has every documented method', async () => {
  const { exported, server } = await run(`${filesystemExample}\nmodule.exports = { ds, container }`)
  const { ds, container } = exported as Example
  onTestFinished(() => ds.disconnect())
  expect(await failureOf((cb) => container.createContainer({ name: 'photos' }, cb))).toBeNull()
  expect(await failureOf((cb) => container.getContainers(cb))).toBeNull()
  expect(await failureOf((cb) => container.getContainer('photos', cb))).toBeNull()

  const upload = container.uploadStream('photos', 'sea.txt', {})
  upload.end('waves')
  await once(upload, 'success')
  expect(await text(container.downloadStream('photos', 'sea.txt', {}))).toBe('waves')
  expect(await failureOf((cb) => container.getFiles('photos', false, cb))).toBeNull()
  expect(await failureOf((cb) => container.getFile('photos', 'sea.txt', cb))).toBeNull()

  const url = await serve((req, res) => {
    if (req.method === 'GET') container.download('photos', 'sea.txt', res, (error) => error && res.destroy(error))
    else {
      const request = Object.assign(req, { params: { container: 'photos' } })
      container.upload(request, res, (error, result) => res.end(JSON.stringify(error ?? result)))
    }
  })
  expect(await (await fetch(url)).text()).toBe('waves')
  const uploaded = await fetch(url, form({ name: 'hill.txt', content: 'green' }))
  expect(await uploaded.json()).toMatchObject({ files: { file: [{ name: 'hill.txt', size: 5 }] }, fields: {} })
  expect(await readFile(join(server, 'storage', 'photos', 'hill.txt'), 'utf8')).toBe('green')

  expect(await failureOf((cb) => container.removeFile('photos', 'sea.txt', cb))).toBeNull()
  expect(await failureOf((cb) => container.destroyContainer('photos', cb))).toBeNull()
  expect(await container.getContainers()).toEqual([])
})

it('the data source in JavaScript over Amazon needs only the two keys', async () => {
  const { exported } = await run(`${amazonExample}\nmodule.exports = { ds, container }`)
  const { ds, container } = exported as Example
  onTestFinished(() => ds.disconnect())
  await ds.connect()
  expect((await ds.connector.storage).name).toBe('amazon')
  expect(container.getContainers).toBeTypeOf('function')
})

it('the same code works in a boot script', async () => {
  const script = `module.exports = function(app) {${filesystemExample}\n  app.model(container)\n}`
  const { exported, server } = await run(script, 'boot/storage.js')
  await mkdir(join(server, 'boot', 'storage'))
  const require = createRequire(join(server, 'server.js'))
  const app = (require('loopback') as () => loopback.Application)()
  ;(exported as (app: loopback.Application) => void)(app)
  app.use('/api', (require('loopback') as { rest(): loopback.Middleware }).rest())
  const url = await serve(app)
  const created = await fetch(`${url}/api/containers`, {
    method: 'POST',
    body: new URLSearchParams({ name: 'photos' }),
  })
  expect(await created.json()).toMatchObject({ name: 'photos' })
})

it.each([
  ['amazon', { key: 'your amazon key', keyId: 'your amazon key id' }],
  ['filesystem', { root: '/tmp/storage', maxFileSize: '10485760' }],
  ['rackspace', { username: '...', apiKey: '...' }],
  ['openstack', { username: '...', password: '...', authUrl: 'https://your-identity-service' }],
  ['azure', { storageAccount: 'account', storageAccessKey: 'a2V5' }],
])('the entry of datasources.json for %s creates a data source', async (provider, properties) => {
  const { exported } = await run("module.exports = require('@stowage/loopback-connector')", 'connector.js')
  const { StorageService: Service } = exported as { StorageService: typeof StorageService }
  const service = new Service({ name: 'myfile', connector: '@stowage/loopback-connector', provider, ...properties })
  onTestFinished(() => service.close())
  expect((await service.storage).name).toBe(provider)
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
