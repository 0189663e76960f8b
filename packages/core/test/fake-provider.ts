/**
 * A provider whose every call fails the test unless it is given: for what the service does by
 * itself, where a real provider would only stand in the way.
 */
import type { Capabilities } from '../src/index.js'
import { freezeCapabilities, providerMethods, type StorageProvider } from '../src/provider.js'

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
  resumableUploads: true,
  conditions: { create: 'atomic', update: 'atomic', remove: 'atomic', destroyEmpty: 'atomic' },
  attributes: {
    cacheControl: true,
    contentDisposition: true,
    contentEncoding: true,
    contentLanguage: true,
    expires: true,
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
      if (value !== undefined || !(providerMethods as readonly PropertyKey[]).includes(property)) return value
      if (property === 'moveFile') return undefined
      return () => {
        throw new Error(`the test did not expect ${String(property)}`)
      }
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

/** A provider that has all abilities, and for which every call succeeds. */
export function willingProvider(): StorageProvider {
  const page = async () => ({ entries: [] })
  const done = async () => undefined
  const info = { ...written(1), mtime: new Date(0) }
  return fakeProvider({
    capabilities: freezeCapabilities({
      ...capabilities,
      checksums: ['md5', 'sha256', 'crc32c'],
      acl: true,
      signedUrls: {
        maxExpiresIn: 60,
        sealed: true,
        contentType: true,
        size: true,
        responseHeaders: true,
        throughRouter: true,
      },
      directUploads: { maxExpiresIn: 60, size: true, unknownSize: true, etag: true },
      cors: true,
    }),
    listContainers: page,
    createContainer: async (name) => ({ name }),
    getContainer: async (name) => ({ name }),
    destroyContainer: done,
    listFiles: page,
    getFile: async () => info,
    openFile: async () => ({ info, offset: 0, length: 1, bytes: Buffer.from('a') }),
    putFile: async (_container, _file, body) => written((body as Uint8Array).length),
    removeFile: done,
    removeFiles: async (_container, files) => files.map((file) => ({ file })),
    copyFile: async () => written(1),
    startUpload: async (container, file, { partSize }) => ({ container, file, id: 'id', partSize }),
    uploadPart: async (_upload, body, { partNumber }) => ({
      partNumber,
      size: (body as Uint8Array).length,
      tag: '1',
    }),
    listParts: async () => ({ entries: [{ partNumber: 1, size: 1, tag: '1' }] }),
    completeUpload: async (_upload, { parts }) => written(parts.reduce((total, { size }) => total + size, 0)),
    abortUpload: done,
    listUploads: page,
    putHiddenFile: done,
    readHiddenFile: async () => new Uint8Array(),
    listHiddenFiles: page,
    removeHiddenFiles: done,
    allowOrigins: done,
    signPart: async () => ({ url: 'data:,', method: 'PUT', headers: {}, expires: new Date(0) }),
    verifyUrl: async () => ({ verdict: 'invalid' }),
    signUrl: async () => ({ url: 'https://localhost', method: 'GET', headers: {}, expires: new Date(0) }),
    close: done,
  })
}
