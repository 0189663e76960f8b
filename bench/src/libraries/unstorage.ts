import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { Library, Load, Location, Service } from './library.ts'

interface Storage {
  setItemRaw(key: string, value: Uint8Array): Promise<void>
  getItemRaw(key: string): Promise<unknown>
  getMeta(key: string): Promise<{ size?: number; mtime?: Date | string; etag?: string }>
  hasItem(key: string): Promise<boolean>
  removeItem(key: string): Promise<void>
  getKeys(): Promise<readonly string[]>
}

type CreateDriver = (options: object) => object

function storageOf(load: Load, service: Service, container: string): Storage {
  const { createStorage } = load('unstorage') as { createStorage: (options: { driver: object }) => Storage }
  const driver =
    service.kind === 'filesystem'
      ? (load('unstorage/drivers/fs-lite') as CreateDriver)({ base: join(service.root, container) })
      : (load('unstorage/drivers/s3') as CreateDriver)({
          accessKeyId: service.keyId,
          secretAccessKey: service.key,
          endpoint: service.endpoint,
          region: service.region,
          bucket: container,
        })
  return createStorage({ driver })
}

const contentOf = async (storage: Storage, file: string) => Buffer.from((await storage.getItemRaw(file)) as Uint8Array)

/** Keys have colons where names have slashes. */
const locationOf = (storage: Storage): Location => ({
  put: async (file, body) => storage.setItemRaw(file, await buffer(body)),
  stat: async (file) => {
    if (!(await storage.hasItem(file))) return undefined
    const { size, mtime, etag } = await storage.getMeta(file)
    // On S3, it returns neither a size nor a time.
    return {
      size: size ?? (await contentOf(storage, file)).length,
      mtime: mtime === undefined ? undefined : new Date(mtime),
      etag,
    }
  },
  read: (file) => contentOf(storage, file),
  remove: (file) => storage.removeItem(file),
  list: async () => (await storage.getKeys()).map((key) => key.replaceAll(':', '/')),
})

export const unstorage: Library = {
  title: 'unstorage',
  packages: { unstorage: '1.17.6', aws4fetch: '1.0.20' },
  services: ['filesystem', 's3'],
  ranges: false,
  streams: false,
  attributes: () => ({ contentType: false, headers: [], metadata: false }),
  open: (load, service) => (container) => locationOf(storageOf(load, service, container)),
}
