/** Containers for all libraries: most of them cannot create one. */
import { access, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { inParallel, isStorageError, type StorageProvider } from '@stowage/core/provider'
import { S3Provider } from '@stowage/provider-s3'
import type { Service } from './library.ts'

export interface Containers extends AsyncDisposable {
  list(): Promise<readonly string[]>
  has(container: string): Promise<boolean>
  create(container: string): Promise<unknown>
  /** Deletes a container with its files. */
  destroy(container: string): Promise<unknown>
  /** Stores many small files, for cases that do not test how they are written. */
  fill?(container: string, files: readonly string[]): Promise<void>
}

export const containersOf = (service: Service): Containers =>
  service.kind === 'filesystem' ? directories(service.root) : buckets(service)

const directories = (root: string): Containers => ({
  list: () => readdir(root),
  has: (container) =>
    access(join(root, container)).then(
      () => true,
      () => false,
    ),
  create: (container) => mkdir(join(root, container)),
  destroy: (container) => rm(join(root, container), { recursive: true }),
  [Symbol.asyncDispose]: async () => {},
})

function buckets({ endpoint, region, keyId, key }: Extract<Service, { kind: 's3' }>): Containers {
  const provider: StorageProvider = new S3Provider({ endpoint, region, keyId, key, forcePathStyle: true })
  const signal = new AbortController().signal
  return {
    list: async () => (await provider.listContainers({ limit: 1000, signal })).entries.map(({ name }) => name),
    has: async (container) => {
      try {
        await provider.getContainer(container, { signal })
        return true
      } catch (error) {
        if (isStorageError(error, 'CONTAINER_NOT_FOUND')) return false
        throw error
      }
    },
    create: (container) => provider.createContainer(container, { signal }),
    destroy: (container) => provider.destroyContainer(container, { onlyIfEmpty: false, signal }),
    fill: (container, files) =>
      inParallel(files, 16, async (file) => {
        const attributes = { contentType: 'text/plain', metadata: {} }
        const options = { attributes, conditions: {}, checksums: {}, native: {}, signal }
        await provider.putFile(container, file, Buffer.from(file), options)
      }),
    [Symbol.asyncDispose]: () => provider.close(),
  }
}
