import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { Library, Load, Location, Service } from './library.ts'

interface File {
  readonly name: string
  readonly size: number
  readonly lastModified: Date | null
  readonly etag: string | null
}

type Callback<T> = (error: (Error & { statusCode?: number }) | null, value: T, page?: { isTruncated: boolean }) => void

interface Client {
  upload(options: {
    container: string
    remote: string
    contentType: string
    cacheControl?: string | undefined
  }): Writable
  download(options: { container: string; remote: string }): Readable
  getFile(container: string, file: string, callback: Callback<File>): void
  getFiles(container: string, options: { marker?: string | undefined }, callback: Callback<readonly File[]>): void
  removeFile(container: string, file: string, callback: Callback<boolean>): void
}

function clientOf(load: Load, service: Service): Client {
  const { storage } = load('pkgcloud') as { storage: { createClient(options: object): Client } }
  if (service.kind !== 's3') throw new Error('pkgcloud has no provider for directories')
  const { endpoint, region, keyId, key } = service
  return storage.createClient({ provider: 'amazon', keyId, key, region, endpoint, forcePathBucket: true })
}

const locationOf = (client: Client, container: string): Location => ({
  put: (file, body, { attributes: { contentType, cacheControl } }) => {
    const upload = client.upload({ container, remote: file, contentType, cacheControl })
    body.on('error', (error) => upload.destroy(error))
    const done = once(upload, 'success')
    body.pipe(upload)
    return done
  },
  stat: (file) =>
    new Promise((resolve, reject) => {
      client.getFile(container, file, (error, found) => {
        if (error?.statusCode === 404) resolve(undefined)
        else if (error !== null) reject(error)
        else resolve({ size: found.size, mtime: found.lastModified ?? undefined, etag: found.etag ?? undefined })
      })
    }),
  read: async (file) => client.download({ container, remote: file }),
  remove: (file) =>
    new Promise((resolve, reject) => {
      client.removeFile(container, file, (error, removed) => (error === null ? resolve(removed) : reject(error)))
    }),
  list: async () => {
    const names: string[] = []
    for (let marker: string | undefined; ; ) {
      const { files, isTruncated } = await listed(client, container, marker)
      names.push(...files.map(({ name }) => name))
      marker = names.at(-1)
      if (!isTruncated) return names
    }
  },
})

function listed(client: Client, container: string, marker: string | undefined) {
  return new Promise<{ readonly files: readonly File[]; readonly isTruncated: boolean }>((resolve, reject) => {
    client.getFiles(container, { marker }, (error, files, page) => {
      if (error === null) resolve({ files, isTruncated: page?.isTruncated ?? false })
      else reject(error)
    })
  })
}

export const pkgcloud: Library = {
  title: 'pkgcloud',
  packages: { pkgcloud: '2.2.0' },
  services: ['s3'],
  ranges: false,
  streams: true,
  attributes: () => ({ contentType: false, headers: [], metadata: false }),
  open: (load, service) => {
    const client = clientOf(load, service)
    return (container) => locationOf(client, container)
  },
}
