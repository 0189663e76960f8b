import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Library, Load, Location, Service } from './library.ts'

interface Disk {
  exists(key: string): Promise<boolean>
  getMetaData(key: string): Promise<{ contentType?: string; contentLength: number; etag: string; lastModified: Date }>
  getStream(key: string): Promise<Readable>
  put(key: string, contents: Uint8Array, options: object): Promise<void>
  putStream(key: string, contents: Readable, options: object): Promise<void>
  delete(key: string): Promise<void>
  copy(source: string, target: string): Promise<void>
  listAll(
    prefix: string,
    options: { recursive: boolean; paginationToken?: string | undefined },
  ): Promise<{ objects: Iterable<{ isFile: boolean; key: string }>; paginationToken?: string }>
}

type Constructor<T> = new (...options: object[]) => T

function diskOf(load: Load, service: Service, container: string): Disk {
  const { Disk } = load('flydrive') as { Disk: Constructor<Disk> }
  if (service.kind === 'filesystem') {
    const { FSDriver } = load('flydrive/drivers/fs') as { FSDriver: Constructor<object> }
    return new Disk(new FSDriver({ location: join(service.root, container), visibility: 'private' }))
  }
  const { S3Driver } = load('flydrive/drivers/s3') as { S3Driver: Constructor<object> }
  const { endpoint, region, keyId, key } = service
  const credentials = { accessKeyId: keyId, secretAccessKey: key }
  return new Disk(
    new S3Driver({
      bucket: container,
      endpoint,
      region,
      credentials,
      forcePathStyle: true,
      visibility: 'private',
      supportsACL: false,
    }),
  )
}

const locationOf = (disk: Disk, kind: Service['kind']): Location => ({
  // On S3, streams need a size.
  put: async (file, body, { size, attributes: { contentType, cacheControl } }) =>
    kind === 's3' && size === undefined
      ? disk.put(file, await buffer(body), { contentType, cacheControl })
      : disk.putStream(file, body, { contentType, cacheControl, contentLength: size }),
  stat: async (file) => {
    if (!(await disk.exists(file))) return undefined
    const { contentLength, lastModified, etag, contentType } = await disk.getMetaData(file)
    return { size: contentLength, mtime: lastModified, etag, ...(contentType === undefined ? {} : { contentType }) }
  },
  read: (file) => disk.getStream(file),
  remove: (file) => disk.delete(file),
  copy: (source, target) => disk.copy(source, target),
  list: async () => {
    const names: string[] = []
    let token: string | undefined
    do {
      const page = await disk.listAll('', { recursive: true, paginationToken: token })
      for (const { isFile, key } of page.objects) if (isFile) names.push(key)
      token = page.paginationToken
    } while (token !== undefined)
    return names
  },
})

export const flydrive: Library = {
  title: 'flydrive',
  packages: { flydrive: '1.3.0', '@aws-sdk/client-s3': '3.1169.0', '@aws-sdk/s3-request-presigner': '3.1163.0' },
  services: ['filesystem', 's3'],
  ranges: false,
  streams: true,
  attributes: (kind) => ({ contentType: kind === 's3', headers: [], metadata: false }),
  open: (load, service) => (container) => locationOf(diskOf(load, service, container), service.kind),
}
