import { once } from 'node:events'
import { join } from 'node:path'
import loopback from 'loopback'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as connector from '../src/index.js'
import { StorageService } from '../src/index.js'
import { temporaryDirectory } from './tools/loopback3-app.js'

/** Opens a storage with the settings. Returns the storage, or the error. */
const opened = async (settings: connector.ConnectorSettings) => {
  const service = new StorageService(settings)
  onTestFinished(() => service.close())
  return service.storage.catch((error: connector.ConnectorError) => error)
}

describe('settings', () => {
  it.each<[string, connector.ConnectorSettings]>([
    ['amazon, with the names of the former SDK', { provider: 'amazon', accessKeyId: 'id', accessKey: 'secret' }],
    ['amazon, with an endpoint without a scheme', { provider: 'amazon', key: 'k', keyId: 'i', endpoint: 's3.test' }],
    [
      'amazon, with path-style URLs',
      { provider: 'amazon', key: 'k', keyId: 'i', forcePathBucket: true, protocol: 'https://' },
    ],
    [
      'amazon, with upload options',
      { provider: 'amazon', key: 'k', keyId: 'i', StorageClass: 'GLACIER', acl: 'private' },
    ],
    [
      'openstack, with those of pkgcloud',
      {
        provider: 'openstack',
        userid: 'u',
        password: 'p',
        authUrl: 'https://id.test',
        tenantId: 't',
        region: 'r',
        useServiceCatalog: true,
      },
    ],
    ['filesystem, which is the default', { root: '/tmp' }],
    ['filesystem, with options of Amazon', { root: '/tmp', StorageClass: 'GLACIER', SSECustomerKey: 'key' }],
    ['LoopBack itself', { root: '/tmp', debug: true, lazyConnect: true, connector: 'x', maxOfflineRequests: 5 }],
  ])('of %s are accepted', async (_, settings) => {
    expect(await opened(settings)).toMatchObject({ name: settings.provider ?? 'filesystem' })
  })

  it.each<[connector.ConnectorSettings, RegExp]>([
    [{ provider: 'filesystem' }, /"root"/],
    [{ provider: 'filesystem', root: '/tmp', rot: '/tmp' }, /"rot"/],
    [{ provider: 'my-provider' }, /must be one of .*, or a module .*, not "my-provider"/],
    [{ provider: '@acme/stowage-provider' }, /package "@acme\/stowage-provider" not found/],
    [{ name: 'files', provider: 'amazon', key: 'only' }, /data source "files".*keyId/],
    [{ root: '/tmp', maxFileSize: '10 MB' }, /maxFileSize/],
    [{ root: '/tmp', allowedContentTypes: ['pictures'] }, /"pictures", which is not a media type/],
  ])('%j fail with status 500, and the message names the setting', async (settings, message) => {
    expect(await opened(settings)).toMatchObject({
      message: expect.stringMatching(message),
      code: 'INVALID_ARGUMENT',
      statusCode: 500,
    })
  })
})

describe('a data source', () => {
  it('is connected when its storage is open', async () => {
    const root = await temporaryDirectory()
    const dataSource = loopback.createDataSource({ connector, provider: 'filesystem', root })
    expect(dataSource.connected).toBe(false)
    await once(dataSource as unknown as NodeJS.EventEmitter, 'connected')
    expect(dataSource.connected).toBe(true)
    await dataSource.ping()
    await dataSource.disconnect()
  })

  it('can be used after it is disconnected', async () => {
    const root = await temporaryDirectory()
    const dataSource = loopback.createDataSource({ connector, provider: 'filesystem', root })
    await dataSource.connect()
    await dataSource.disconnect()
    expect(await dataSource.connector.getContainers()).toEqual([])
    await dataSource.disconnect()
  })

  it('emits error if the root does not exist, and every method fails', async () => {
    const root = join(await temporaryDirectory(), 'missing')
    const dataSource = loopback.createDataSource({ connector, provider: 'filesystem', root })
    const [error] = await once(dataSource as unknown as NodeJS.EventEmitter, 'error')
    expect(error).toMatchObject({ statusCode: 503, message: expect.stringContaining('root') })
    await expect(dataSource.ping()).rejects.toMatchObject({ statusCode: 503 })
    await expect(dataSource.connector.getContainers()).rejects.toMatchObject({ statusCode: 503 })
    await dataSource.disconnect()
  })

  it('emits error if a setting is missing', async () => {
    const dataSource = loopback.createDataSource({ connector, name: 'files', provider: 'filesystem' })
    const [error] = await once(dataSource as unknown as NodeJS.EventEmitter, 'error')
    expect(error).toMatchObject({ message: expect.stringContaining('data source "files": property "root"') })
  })
})
