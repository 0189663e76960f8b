/**
 * What compiles as settings of a data source, and what does not. The settings of each name are
 * those of its package.
 */
import { createStorage, type DataSourceSettings, type ProviderSettings, StorageService } from '@stowage/core'
import { type ProviderModule, ProviderWrapper } from '@stowage/core/provider'
import * as azure from '@stowage/provider-azure'
import * as filesystem from '@stowage/provider-fs'
import * as memory from '@stowage/provider-memory'
import type { OpenStackSettings } from '@stowage/provider-openstack'
import type { RackspaceSettings } from '@stowage/provider-rackspace'
import type * as s3 from '@stowage/provider-s3'

type Agree<A, B> = [A, B, keyof A] extends [B, A, keyof B] ? ([keyof B] extends [keyof A] ? true : never) : never

export const agreements: [
  Agree<ProviderSettings['amazon'], s3.S3Settings>,
  Agree<ProviderSettings['azure'], azure.AzureSettings>,
  Agree<ProviderSettings['filesystem'], filesystem.FilesystemSettings>,
  Agree<ProviderSettings['memory'], memory.MemorySettings>,
  Agree<ProviderSettings['openstack'], OpenStackSettings>,
  Agree<ProviderSettings['rackspace'], RackspaceSettings>,
] = [true, true, true, true, true, true]

const { env } = process
const own = {} as ProviderModule<{ endpoint: string }, { endpoint?: string }>
const untyped = {} as ProviderModule

await createStorage({ provider: 'amazon', key: 'k', keyId: env['KEY_ID'], region: 'eu-west-1', partSize: 8 ** 8 })
await createStorage({ provider: 'filesystem', root: './files', createRoot: true, name: 'files', maxFileSize: '10' })
await createStorage({ provider: 'memory' }, { directory: '.' })
await createStorage({ provider: filesystem, root: './files' })
await createStorage({ provider: azure, storageAccount: 'a', storageAccessKey: 'YQ==' })
await createStorage({ provider: memory })
await createStorage({ provider: own })
await createStorage({ provider: own, endpoint: 'e' })
await createStorage({ provider: untyped, anything: 1 })
await createStorage(JSON.parse('{}'))

export const open = (settings: DataSourceSettings) => createStorage(settings)
export const openCloud = (settings: DataSourceSettings<'amazon' | 'azure'>) => createStorage(settings)
export const fromVariable: DataSourceSettings<'rackspace'> = { provider: 'rackspace', username: 'u', apiKey: 'k' }
export const openModule = (settings: DataSourceSettings<typeof s3>) => createStorage(settings)

await createStorage({ provider: 'amazon', keyID: 'typo' }) // refused: keyID
await createStorage({ provider: 'amazon', rot: 5 }) // refused: rot
await createStorage({ provider: 'amazon', key: 5 }) // refused: number
await createStorage({ provider: 'filesystem' }) // refused: root
await createStorage({ provider: 'filesystem', root: './files', region: 'eu-west-1' }) // refused: region
await createStorage({ provider: 'rackspace', username: 'u' }) // refused: apiKey
await createStorage({ provider: 'openstack', username: 'u', password: 'p' }) // refused: authUrl
await createStorage({ provider: 'filesytem', root: './files' }) // refused: filesytem
await createStorage({ root: './files' }) // refused: provider
await createStorage({ provider: filesystem }) // refused: root
await createStorage({ provider: filesystem, root: './files', rot: 5 }) // refused: rot
await createStorage({ provider: own, endpiont: 'e' }) // refused: endpiont
await createStorage({ provider: {} }) // refused: {}
const wrong: DataSourceSettings = { provider: 'azure', root: './files' } // refused: root

export class Wrapper extends ProviderWrapper {}
export const wrapped = new StorageService(new Wrapper(new memory.MemoryProvider()))
export { wrong }
