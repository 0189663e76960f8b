/** The storages over which resumable uploads are tested: a directory, and three real services. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStorage, type DataSourceSettings, type StorageService } from '@stowage/core'
import type { OpenStackProvider } from '@stowage/provider-openstack'
import { describeServer } from '@stowage/test-servers'
import { describe, onTestFinished } from 'vitest'

const MiB = 1024 ** 2

/** A storage with a container for one test. */
interface Place {
  readonly storage: StorageService
  readonly container: string
  /** Of the same storage, for another process. */
  readonly settings: DataSourceSettings & { readonly partSize: number }
  /** Names what uploads have left behind, apart from files. */
  leftovers(): Promise<string[]>
}

export interface PlaceKind {
  readonly name: 'filesystem' | 'ceph' | 'azurite' | 'swift'
  /**
   * Creates a place for one test.
   *
   * @param through Replaces the address of the service, for example by that of a proxy.
   */
  open(through?: (endpoint: string) => Promise<string>): Promise<Place>
}

const direct = async (endpoint: string) => endpoint

let counter = 0

async function open(
  settings: Place['settings'],
  native: (storage: StorageService, container: string) => Promise<string[]> = async () => [],
): Promise<Place> {
  const storage = await createStorage(settings as DataSourceSettings, { directory: import.meta.dirname })
  const container = `resumable-${process.pid}-${Date.now()}-${counter++}`
  await storage.createContainer({ name: container })
  onTestFinished(async () => {
    await storage.destroyContainer(container)
    await storage.close()
  })
  const leftovers = async () => [
    ...(await Array.fromAsync(storage.uploads(container), ({ file, id }) => `upload ${file} ${id}`)),
    ...(await hiddenFiles(storage, container)),
    ...(await native(storage, container)),
  ]
  return { storage, container, settings, leftovers }
}

async function hiddenFiles({ provider }: StorageService, container: string): Promise<string[]> {
  const signal = AbortSignal.timeout(60_000)
  const page = await provider.listHiddenFiles?.(container, { prefix: '', limit: 100, signal })
  return (page?.entries ?? []).map(({ name }) => `hidden ${name}`)
}

/** Objects of the container with the segments of files. */
async function segments({ provider }: StorageService, container: string): Promise<string[]> {
  const { native } = provider as OpenStackProvider
  const { entries } = await native.list<{ name: string }>({
    container: `stowage-segments.${container}`,
    query: { limit: 100 },
    signal: AbortSignal.timeout(60_000),
    allow: [404],
  })
  return entries.map(({ name }) => `segment ${name}`)
}

/** Defines the same tests for every storage. */
export function describePlaces(define: (kind: PlaceKind) => void): void {
  describe('filesystem', () =>
    define({
      name: 'filesystem',
      async open() {
        const root = await mkdtemp(join(tmpdir(), 'stowage-resumable-'))
        onTestFinished(() => rm(root, { recursive: true }))
        return open({ provider: 'filesystem', root, partSize: MiB }, async () => {
          const entries = await readdir(join(root, '.stowage'), { recursive: true, withFileTypes: true })
          const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
          return files.filter((path) => !path.includes('/.stowage/locks/'))
        })
      },
    }))
  describeServer('ceph', ({ endpoint, region, key, keyId }) =>
    define({
      name: 'ceph',
      open: async (through = direct) =>
        open({
          provider: 'amazon',
          endpoint: await through(endpoint ?? ''),
          ...{ region, key, keyId },
          partSize: 5 * MiB,
        }),
    }),
  )
  describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) =>
    define({
      name: 'azurite',
      open: async (through = direct) =>
        open({
          provider: 'azure',
          endpoint: await through(endpoint ?? ''),
          ...{ storageAccount, storageAccessKey },
          partSize: MiB,
        }),
    }),
  )
  describeServer('swift', ({ authUrl, username, password, projectName, region }) =>
    define({
      name: 'swift',
      open: async (through = direct) =>
        open(
          {
            provider: 'openstack',
            authUrl: await through(authUrl),
            username,
            password,
            projectName,
            region,
            partSize: MiB,
          },
          segments,
        ),
    }),
  )
}
