import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it } from 'vitest'
import { download, type StorageRouterOptions, storageRouter, upload } from '../src/index.js'

const make = (options: object) =>
  storageRouter(new StorageService(new MemoryProvider()), options as StorageRouterOptions)

describe('A storage that is none', () => {
  it.each([
    [Promise.resolve(new StorageService(new MemoryProvider())), 'storage is a promise: use "await createStorage(…)"'],
    [undefined, 'storage must be a StorageService, as createStorage returns it, not undefined'],
    ['./files', 'storage must be a StorageService, as createStorage returns it, not string'],
    [new MemoryProvider(), 'storage must be a StorageService, as createStorage returns it, not object'],
  ])('is refused when the router is made, and by upload and download: %o', async (storage, message) => {
    const given = storage as unknown as StorageService
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT', message, details: { property: 'storage' } })
    expect(() => storageRouter(given)).toThrow(refused)
    const req = new IncomingMessage(new Socket())
    const res = new ServerResponse(req)
    await expect(upload(given, req, res, { container: 'photos' })).rejects.toEqual(refused)
    await expect(download(given, 'photos', 'a', res)).rejects.toEqual(refused)
  })
})

describe('The options of a router', () => {
  it.each<[object, string]>([
    [{ maxFileSize: -1 }, 'maxFileSize must be an integer number of bytes, or the same in digits, not -1'],
    [{ maxFileSize: '10 MB' }, 'maxFileSize must be an integer number of bytes, or the same in digits, not "10 MB"'],
    [{ maxFileSize: 1.5 }, 'maxFileSize must be'],
    [{ maxFileSize: Number.NaN }, 'maxFileSize must be'],
    [{ maxFileSize: '' }, 'maxFileSize must be'],
    [{ maxFieldsSize: null, maxFields: -1 }, 'maxFields must be an integer of 0 or more, not -1'],
    [{ maxFieldsSize: {} }, 'maxFieldsSize must be'],
    [{ maxFields: '5' }, 'maxFields must be'],
    [{ maxFiles: Infinity }, 'maxFiles must be'],
    [{ idleTimeout: 2 ** 31 }, 'idleTimeout must be'],
    [{ allowedContentTypes: 'image/png' }, 'allowedContentTypes must be a list of media types'],
    [{ allowedContentTypes: ['image'] }, 'allowedContentTypes contains "image", which is not a media type'],
    [{ allowedContentTypes: [5] }, 'allowedContentTypes contains 5'],
    [{ getFilename: 'x' }, 'getFilename must be a function'],
    [{ nameConflict: 'overwrite' }, 'nameConflict must be "makeUnique" or undefined, not "overwrite"'],
    [{ acl: '' }, 'acl must be a string of visible ASCII'],
    [{ acl: 'a\nb' }, 'acl must be'],
    [{ CacheControl: 'a\r\nb: c' }, 'CacheControl must be'],
    [{ StorageClass: 5 }, 'StorageClass must be'],
    [{ cacheControl: 'ü' }, 'cacheControl must be'],
    [{ accelRedirect: '/files/' }, 'accelRedirect needs a storage of the provider "filesystem"'],
    [{ authorize: true }, 'authorize must be a function'],
    [{ onError: {} }, 'onError must be a function'],
    [{ maxFilesize: 5 }, 'unknown option "maxFilesize" for storageRouter (known: '],
  ])('%j are refused by name when the router is made', (options, message) => {
    expect(() => make(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    )
  })

  it.each([5, '', 'files/', '/files', '/', '//', '/fi les/', '/files/../'])(
    'accelRedirect %j is refused by name when the router is made',
    (accelRedirect) => {
      const storage = new StorageService(new FilesystemProvider({ root: '/nowhere' }))
      const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { property: 'accelRedirect' } })
      expect(() => storageRouter(storage, { accelRedirect } as StorageRouterOptions)).toThrow(refused)
    },
  )

  it('may all be given', () => {
    const rule = () => 'x'
    expect(() =>
      make({
        maxFileSize: '10485760',
        maxFieldsSize: 1,
        maxFields: 0,
        maxFiles: 1,
        allowedContentTypes: () => [],
        getFilename: rule,
        nameConflict: 'makeUnique',
        acl: rule,
        idleTimeout: 0,
        CacheControl: 'no-store',
        StorageClass: 'a',
        ServerSideEncryption: 'a',
        SSEKMSKeyId: 'a',
        SSECustomerAlgorithm: 'a',
        SSECustomerKey: 'a',
        SSECustomerKeyMD5: 'a',
        cacheControl: rule,
        authorize: () => true,
        onError: rule,
      }),
    ).not.toThrow()
  })
})
