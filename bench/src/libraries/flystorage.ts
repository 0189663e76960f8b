import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Library, Load, Location, Service } from './library.ts'

interface FileStorage {
  write(path: string, contents: Readable, options: object): Promise<void>
  read(path: string, options: { abortSignal: AbortSignal }): Promise<Readable>
  statFile(path: string): Promise<{ size?: number; lastModifiedMs?: number; mimeType?: string }>
  mimeType(path: string): Promise<string>
  fileExists(path: string): Promise<boolean>
  deleteFile(path: string): Promise<void>
  copyFile(from: string, to: string): Promise<void>
  list(path: string, options: { deep: boolean }): AsyncIterable<{ isFile: boolean; path: string }>
}

type Constructor<T> = new (...options: (object | string)[]) => T

function storageOf(load: Load, service: Service, container: string): FileStorage {
  const { FileStorage } = load('@flystorage/file-storage') as { FileStorage: Constructor<FileStorage> }
  if (service.kind === 'filesystem') {
    const { LocalStorageAdapter } = load('@flystorage/local-fs') as { LocalStorageAdapter: Constructor<object> }
    return new FileStorage(new LocalStorageAdapter(join(service.root, container)))
  }
  const { AwsS3StorageAdapter } = load('@flystorage/aws-s3') as { AwsS3StorageAdapter: Constructor<object> }
  const { S3Client } = load('@aws-sdk/client-s3') as { S3Client: Constructor<object> }
  const { endpoint, region, keyId, key } = service
  const credentials = { accessKeyId: keyId, secretAccessKey: key }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  return new FileStorage(new AwsS3StorageAdapter(client, { bucket: container }))
}

const locationOf = (storage: FileStorage, kind: Service['kind']): Location => ({
  put: (file, body, { size, attributes: { contentType, cacheControl }, signal }) =>
    storage.write(file, body, { mimeType: contentType, cacheControl, size, abortSignal: signal }),
  stat: async (file) => {
    if (!(await storage.fileExists(file))) return undefined
    const { size = 0, lastModifiedMs, mimeType } = await storage.statFile(file)
    // On a directory, it guesses the type from the name or the content, and fails for others.
    const contentType = mimeType ?? (kind === 's3' ? await storage.mimeType(file) : 'application/octet-stream')
    return { size, mtime: lastModifiedMs === undefined ? undefined : new Date(lastModifiedMs), contentType }
  },
  read: (file, { signal }) => storage.read(file, { abortSignal: signal }),
  remove: (file) => storage.deleteFile(file),
  copy: (source, target) => storage.copyFile(source, target),
  list: async () => {
    const names: string[] = []
    for await (const { isFile, path } of storage.list('', { deep: true })) if (isFile) names.push(path)
    return names
  },
})

export const flystorage: Library = {
  title: '@flystorage/file-storage',
  packages: {
    '@flystorage/file-storage': '1.2.2',
    '@flystorage/local-fs': '1.2.0',
    '@flystorage/aws-s3': '1.2.0',
    '@aws-sdk/client-s3': '3.1169.0',
  },
  services: ['filesystem', 's3'],
  ranges: false,
  streams: true,
  attributes: (kind) => ({ contentType: kind === 's3', headers: [], metadata: false }),
  open: (load, service) => (container) => locationOf(storageOf(load, service, container), service.kind),
}
