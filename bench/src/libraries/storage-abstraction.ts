import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Library, Load, Location, Service } from './library.ts'

type Result<T> = Promise<{ readonly value: T | null; readonly error: string | null }>

interface Storage {
  addFileFromBuffer(file: { bucketName: string; targetPath: string; buffer: Buffer; options: object }): Result<string>
  addFileFromStream(file: { bucketName: string; targetPath: string; stream: Readable; options: object }): Result<string>
  getFileAsStream(bucket: string, file: string, options: object): Result<Readable>
  fileExists(bucket: string, file: string): Result<boolean>
  sizeOf(bucket: string, file: string): Result<number>
  removeFile(bucket: string, file: string): Result<string>
  listFiles(bucket: string): Result<readonly (readonly [name: string, size: number])[]>
}

/** Its calls resolve to errors. */
async function settled<T>(result: Result<T>): Promise<T> {
  const { value, error } = await result
  if (error !== null) throw new Error(error)
  return value as T
}

function storageOf(load: Load, service: Service): Storage {
  const { Storage } = load('@tweedegolf/storage-abstraction') as { Storage: new (options: object) => Storage }
  if (service.kind === 'filesystem') return new Storage({ provider: 'local', directory: service.root })
  const { endpoint, region, keyId, key } = service
  return new Storage({
    provider: 'aws',
    endpoint,
    region,
    accessKeyId: keyId,
    secretAccessKey: key,
    forcePathStyle: true,
  })
}

const locationOf = (storage: Storage, bucket: string, kind: Service['kind']): Location => ({
  put: async (file, body, { size, attributes: { contentType } }) => {
    const target = { bucketName: bucket, targetPath: file }
    if (kind === 'filesystem') return settled(storage.addFileFromStream({ ...target, stream: body, options: {} }))
    // On S3, streams need a size.
    const options = { ContentType: contentType, ContentLength: size }
    return size === undefined
      ? settled(storage.addFileFromBuffer({ ...target, buffer: await buffer(body), options }))
      : settled(storage.addFileFromStream({ ...target, stream: body, options }))
  },
  stat: async (file) => {
    if (!(await settled(storage.fileExists(bucket, file)))) return undefined
    return { size: await settled(storage.sizeOf(bucket, file)) }
  },
  read: (file, { range }) => settled(storage.getFileAsStream(bucket, file, range ?? {})),
  remove: (file) => settled(storage.removeFile(bucket, file)),
  list: async () => (await settled(storage.listFiles(bucket))).map(([name]) => name),
})

export const storageAbstraction: Library = {
  title: '@tweedegolf/storage-abstraction',
  packages: {
    '@tweedegolf/storage-abstraction': '3.0.3',
    '@tweedegolf/sab-adapter-local': '3.0.1',
    '@tweedegolf/sab-adapter-amazon-s3': '3.0.4',
  },
  services: ['filesystem', 's3'],
  ranges: true,
  streams: true,
  attributes: () => ({ contentType: false, headers: [], metadata: false }),
  open: (load, service) => {
    const storage = storageOf(load, service)
    return (container) => locationOf(storage, container, service.kind)
  },
}
