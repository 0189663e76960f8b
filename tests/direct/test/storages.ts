/** The storages over which direct uploads are tested: a directory, and three real services. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageService } from '@stowage/core'
import type { StorageProvider } from '@stowage/core/provider'
import { AzureProvider } from '@stowage/provider-azure'
import { FilesystemProvider } from '@stowage/provider-fs'
import { OpenStackProvider } from '@stowage/provider-openstack'
import { S3Provider } from '@stowage/provider-s3'
import { describeServer, type OwnAccount, ownAccount } from '@stowage/test-servers'
import { describe, onTestFinished } from 'vitest'

export interface Place {
  readonly name: 'filesystem' | 'ceph' | 'azurite' | 'swift'
  /** Creates a storage with the container `container`, both for one test. */
  open(): Promise<{ readonly storage: StorageService; readonly container: string }>
  /** Lets pages of an origin send parts to the service. */
  allow(storage: StorageService, container: string, origin: string): Promise<void>
}

let counter = 0

async function open(provider: StorageProvider) {
  const storage = new StorageService(provider)
  const container = `direct-${process.pid}-${Date.now()}-${counter++}`
  await storage.createContainer({ name: container })
  onTestFinished(async () => {
    await storage.destroyContainer(container)
    await storage.close()
  })
  return { storage, container }
}

const allow: Place['allow'] = (storage, container, origin) => storage.allowOrigins(container, [origin])

/** Azure has CORS rules only for the whole account. */
const allowInAccount: Place['allow'] = async ({ provider }, _container, origin) => {
  const { native } = provider as AzureProvider
  const rule = { allowedMethods: 'GET,HEAD,PUT', allowedHeaders: '*', exposedHeaders: 'ETag', maxAgeInSeconds: 3600 }
  await native.setProperties({ cors: [{ ...rule, allowedOrigins: origin }] })
}

/**
 * Defines the same tests for every storage.
 *
 * @param account Azure account of the file, if its tests call `allow`.
 */
export function describePlaces(define: (place: Place) => void, account?: OwnAccount): void {
  describe('filesystem', () =>
    define({
      name: 'filesystem',
      allow: async () => undefined,
      async open() {
        const root = await mkdtemp(join(tmpdir(), 'stowage-direct-'))
        onTestFinished(() => rm(root, { recursive: true }))
        return open(new FilesystemProvider({ root }))
      },
    }))
  describeServer('ceph', ({ endpoint, region, key, keyId }) =>
    define({ name: 'ceph', allow, open: () => open(new S3Provider({ endpoint, region, key, keyId })) }),
  )
  describeServer('azurite', (shared) => {
    const { storageAccount, storageAccessKey, endpoint } = account === undefined ? shared : ownAccount(shared, account)
    define({
      name: 'azurite',
      allow: allowInAccount,
      open: () => open(new AzureProvider({ storageAccount, storageAccessKey, endpoint })),
    })
  })
  describeServer('swift', ({ userDomainName: domainName, local: _, server: __, ...settings }) =>
    define({ name: 'swift', allow, open: () => open(new OpenStackProvider({ ...settings, domainName })) }),
  )
}
