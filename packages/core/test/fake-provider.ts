/**
 * A provider whose every call fails the test unless it is given: for what the service does by itself, where a real
 * provider would only stand in the way.
 */
import { type Capabilities, freezeCapabilities, type StorageProvider } from '../src/index.js'

export const capabilities: Capabilities = freezeCapabilities({
  containerNames: {
    pattern: '[a-z0-9-]+',
    minBytes: 1,
    maxBytes: 63,
    rule: '1 to 63 lower-case letters, digits and hyphens',
  },
  maxPageSize: 1000,
  fileBesideFolder: true,
  maxFileSize: 1024 ** 4,
  maxPutSize: 1024 ** 3,
  streamingPut: false,
  parts: { minPartSize: 1, maxPartSize: 1024 ** 3, maxParts: 10_000 },
  conditions: { create: 'atomic', update: 'atomic', remove: 'atomic', destroyEmpty: 'atomic' },
  attributes: {
    cacheControl: true,
    contentDisposition: true,
    contentEncoding: true,
    contentLanguage: true,
    maxMetadataBytes: 2048,
  },
  checksums: ['md5', 'sha256'],
  signedUrls: false,
  acl: false,
  nativeOptions: [],
})

export function fakeProvider(calls: Partial<StorageProvider>): StorageProvider {
  const provider: Partial<StorageProvider> = { name: 'fake', capabilities, native: undefined, ...calls }
  return new Proxy(provider as StorageProvider, {
    get(target, property, receiver) {
      const value: unknown = Reflect.get(target, property, receiver)
      if (value === undefined && property !== 'moveFile' && property !== 'native') {
        throw new Error(`the test did not expect ${String(property)}`)
      }
      return value
    },
  })
}

export const written = (size: number) => ({
  container: 'c',
  name: 'f',
  size,
  etag: '"1"',
  contentType: 'text/plain',
  metadata: {},
  checksums: {},
})
