import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Library, Load, Location, Service } from './library.ts'

interface Metadata {
  readonly contentLength: bigint | null
  readonly lastModified: string | null
  readonly etag: string | null
  readonly contentType: string | null
  readonly cacheControl: string | null
  readonly contentDisposition: string | null
  readonly contentEncoding: string | null
  readonly userMetadata: Record<string, string> | null
  isFile(): boolean
}

interface Operator {
  exists(path: string): Promise<boolean>
  stat(path: string): Promise<Metadata>
  read(path: string, options: { offset: bigint; size: bigint }): Promise<Buffer>
  reader(path: string): Promise<{ createReadStream(): Readable }>
  writer(path: string, options: object): Promise<{ createWriteStream(): Writable }>
  delete(path: string): Promise<void>
  copy(from: string, to: string): Promise<void>
  list(path: string, options: { recursive: boolean }): Promise<readonly { path(): string; metadata(): Metadata }[]>
}

function operatorOf(load: Load, service: Service, container: string): Operator {
  const { Operator } = load('opendal') as { Operator: new (scheme: string, options: object) => Operator }
  if (service.kind === 'filesystem') return new Operator('fs', { root: join(service.root, container) })
  const { endpoint, region, keyId, key } = service
  return new Operator('s3', { bucket: container, endpoint, region, access_key_id: keyId, secret_access_key: key })
}

const locationOf = (operator: Operator, kind: Service['kind']): Location => ({
  put: async (file, body, { attributes, signal }) => {
    const { contentType, cacheControl, contentDisposition, contentEncoding, metadata } = attributes
    const options = { contentType, cacheControl, contentDisposition, contentEncoding, userMetadata: metadata }
    const writer = await operator.writer(file, kind === 's3' ? options : {})
    await pipeline(body, writer.createWriteStream(), { signal })
  },
  stat: async (file) => {
    if (!(await operator.exists(file))) return undefined
    const found = await operator.stat(file)
    return {
      size: Number(found.contentLength),
      mtime: found.lastModified === null ? undefined : new Date(found.lastModified),
      etag: found.etag ?? undefined,
      ...Object.fromEntries(
        Object.entries({
          contentType: found.contentType,
          cacheControl: found.cacheControl,
          contentDisposition: found.contentDisposition,
          contentEncoding: found.contentEncoding,
          metadata: found.userMetadata,
        }).filter(([, value]) => value !== null),
      ),
    }
  },
  read: async (file, { range }) =>
    range === undefined
      ? (await operator.reader(file)).createReadStream()
      : operator.read(file, { offset: BigInt(range.start), size: BigInt(range.end - range.start + 1) }),
  remove: (file) => operator.delete(file),
  copy: (source, target) => operator.copy(source, target),
  list: async () => {
    const entries = await operator.list('/', { recursive: true })
    return entries.map((entry) => entry.path()).filter((path) => !path.endsWith('/'))
  },
})

/** Version 0.49.2 is the newest whose binary runs with glibc 2.36, that of Debian 12. */
export const opendal: Library = {
  title: 'opendal',
  packages: { opendal: '0.49.2' },
  services: ['filesystem', 's3'],
  ranges: true,
  streams: true,
  attributes: (kind) =>
    kind === 's3'
      ? { contentType: true, headers: ['cacheControl', 'contentDisposition', 'contentEncoding'], metadata: true }
      : { contentType: false, headers: [], metadata: false },
  open: (load, service) => (container) => locationOf(operatorOf(load, service, container), service.kind),
}
