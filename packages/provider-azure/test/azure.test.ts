import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  type BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { createStorage, isStorageError, type StorageError, StorageService } from '@stowage/core'
import { compareNames } from '@stowage/core/provider'
import { describeServer } from '@stowage/test-servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AzureProvider, createProvider, settings } from '../src/index.js'
import { bookkeepingPrefix } from '../src/mapping/names.js'
import { Interceptor } from './interceptor.js'

const MiB = 1024 * 1024

/** The error that the operation rejects with. */
const failure = (operation: Promise<unknown>): Promise<StorageError> =>
  operation.then(
    () => Promise.reject(new Error('the operation succeeded')),
    (error: unknown) => (isStorageError(error) ? error : Promise.reject(error)),
  )

const withoutRetries = { retry: { attempts: 1, maxOutage: 0 } }

/*
 * Azurite differs from Azure, so tests of the following use neither, or a response of the test:
 * - It accepts names that Azure rejects or changes (backslashes, control characters, dots and
 *   slashes at the end), and metadata keys that are not identifiers. It does not limit metadata.
 * - It responds with 200 to a range after the end.
 * - It deletes containers at once. Azure rejects their names for a while (ContainerBeingDeleted).
 * - It collapses names by the first character of a longer delimiter only.
 * - A write does not discard the blocks that Azure discards, except for Put Block List.
 * - It responds with 500 to Put Block From URL and batches that are authorized by an account's SAS.
 * - Its tokens require https, so credentials are not tested here.
 */
describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint, connectionString }) => {
  const provider = new AzureProvider({ storageAccount, storageAccessKey, endpoint })
  const storage = new StorageService(provider)
  const native: BlobServiceClient = provider.native
  const container = `azure-${randomBytes(6).toString('hex')}`
  const raw = native.getContainerClient(container)
  const rawNames = async (prefix = '') => {
    const names: string[] = []
    for await (const { name } of raw.listBlobsFlat({ prefix, includeUncommitedBlobs: true })) names.push(name)
    return names
  }
  const bookkeeping = () => rawNames(bookkeepingPrefix)

  beforeAll(() => storage.createContainer({ name: container }))
  afterAll(async () => {
    await storage.destroyContainer(container)
    await storage.close()
  })

  describe('Names', () => {
    it('stores an ordinary name unchanged, so that other programs see it', async () => {
      await storage.putFile(container, 'natural/Größe 1+2%.txt', 'text')
      expect(await rawNames('natural/')).toEqual(['natural/Größe 1+2%.txt'])
      await storage.removeFile(container, 'natural/Größe 1+2%.txt')
    })

    it('lists files of other programs', async () => {
      await raw.getBlockBlobClient('foreign/（株） 契約.txt').upload('text', 4)
      const [entry] = await storage.getFiles(container, { prefix: 'foreign/' })
      expect(entry).toMatchObject({ name: 'foreign/（株） 契約.txt', size: 4 })
      expect(await (await storage.openFile(container, 'foreign/（株） 契約.txt')).text()).toBe('text')
      await storage.removeFile(container, 'foreign/（株） 契約.txt')
    })

    it('stores a name that Azure rejects under an escaped name', async () => {
      await storage.putFile(container, 'back\\slash', 'text')
      expect(await rawNames('\uffee')).toEqual(['\uffeeback[bslash'])
      expect(await storage.removeFiles(container, ['back\\slash'])).toEqual([{ file: 'back\\slash' }])
      expect(await rawNames('\uffee')).toEqual([])
    })

    it('does not list escaped blobs that no file name produces', async () => {
      await raw.getBlockBlobClient('\uffeenot/ours').upload('text', 4)
      expect(await storage.getFiles(container)).toEqual([])
      await raw.deleteBlob('\uffeenot/ours')
    })
  })

  describe('The order of lists', () => {
    const listed = `azure-${randomBytes(6).toString('hex')}`
    const units = ['a', 'b', ' ', '.', '/', '\\', '(', '（', '\ufe0f', '\ufffd', '😀', '😁', '\t', 'ab', '\uffee']
    const names = new Set<string>()
    /** Pseudorandom numbers, the same in every run. */
    let state = 7
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    while (names.size < 50) {
      names.add(Array.from({ length: 1 + random(4) }, () => units[random(units.length)]).join(''))
    }
    const sorted = [...names].toSorted(compareNames)

    /** The list that the contract requires. */
    const model = (prefix: string, delimiter: string | undefined, startAfter: string | undefined) => {
      const shown = new Set<string>()
      for (const name of sorted) {
        if (!name.startsWith(prefix)) continue
        const end = delimiter === undefined ? -1 : name.indexOf(delimiter, prefix.length)
        const entry = delimiter === undefined || end === -1 ? name : name.slice(0, end + delimiter.length)
        if (startAfter === undefined || compareNames(entry, startAfter) > 0) shown.add(entry)
      }
      return [...shown].toSorted(compareNames)
    }

    beforeAll(async () => {
      await storage.createContainer({ name: listed })
      await Promise.all(sorted.map((name) => storage.putFile(listed, name, '')))
    })
    afterAll(() => storage.destroyContainer(listed))

    it.each([1, 3, 7, 50, 5000])('is that of UTF-8 bytes in pages of %i', async (pageSize) => {
      const entries = await storage.getFiles(listed, { pageSize })
      expect(entries.map(({ name }) => name)).toEqual(sorted)
    })

    it.each(['/', '\\', '（', '😀', 'ab', '.', ' ', '\t', 'a', '\uffee'])(
      'is kept with the delimiter %j',
      async (delimiter) => {
        for (const [pageSize, prefix] of [
          [1, ''],
          [3, 'a'],
          [4, '😀'],
          [1000, ''],
        ] as const) {
          const entries = await storage.getFiles(listed, { delimiter, prefix, pageSize })
          expect(entries.map(({ name }) => name)).toEqual(model(prefix, delimiter, undefined))
        }
      },
    )

    it.each(['a', 'a/', 'a\\', '（', '（a', '😀', '\ufe0f😀', '\uffee', 'zzz', '\t', 'a/b'])(
      'is kept after %j',
      async (startAfter) => {
        for (const delimiter of [undefined, '/', '\\', 'ab']) {
          const entries = await storage.getFiles(listed, { delimiter, startAfter, pageSize: 5 })
          expect(entries.map(({ name }) => name)).toEqual(model('', delimiter, startAfter))
        }
      },
    )

    it('costs two requests for the first page, and one for each later page if no name is escaped', async () => {
      await using proxy = new Interceptor(endpoint)
      const provider = new AzureProvider({ storageAccount, storageAccessKey, endpoint: await proxy.listen() })
      let requests = 0
      proxy.intercept = (_request, _response, forward) => {
        requests++
        forward()
      }
      const few = new StorageService(provider)
      await Promise.all(Array.from({ length: 10 }, (_, index) => few.putFile(container, `few/${index}`, '')))
      requests = 0
      const first = await few.filePage(container, { prefix: 'few/', limit: 4 })
      expect(requests).toBe(2)
      await few.filePage(container, { prefix: 'few/', limit: 4, cursor: first.cursor ?? '' })
      expect(requests).toBe(3)
      await few.removeFiles(
        container,
        Array.from({ length: 10 }, (_, index) => `few/${index}`),
      )
      await few.close()
    })
  })

  describe('Multipart uploads', () => {
    const partOf = (letter: string) => Buffer.alloc(1024, letter)

    it('use separate names, which no list shows, and leave nothing after completion', async () => {
      const upload = await storage.startUpload(container, 'parts.bin', { partSize: 1024, metadata: { a: 'ü' } })
      const parts = [await storage.uploadPart(upload, 1, partOf('a')), await storage.uploadPart(upload, 2, partOf('b'))]
      expect((await bookkeeping()).length).toBe(2)
      expect(await storage.getFiles(container)).toEqual([])
      expect(await storage.hasFile(container, 'parts.bin')).toBe(false)
      const written = await storage.completeUpload(upload, parts)
      expect(written).toMatchObject({ size: 2048, metadata: { a: 'ü' } })
      expect(await bookkeeping()).toEqual([])
      await storage.removeFile(container, 'parts.bin')
    })

    it('survive other writes to the file, and the last one to complete replaces the whole file', async () => {
      const one = await storage.startUpload(container, 'contended', { partSize: 1024 })
      const two = await storage.startUpload(container, 'contended', { partSize: 1024 })
      const oneParts = [await storage.uploadPart(one, 1, partOf('1'))]
      const twoParts = [await storage.uploadPart(two, 1, partOf('2'))]
      await raw.getBlockBlobClient('contended').upload('other', 5)
      oneParts.push(await storage.uploadPart(one, 2, partOf('1')))
      await storage.completeUpload(one, oneParts)
      expect(await (await storage.openFile(container, 'contended')).bytes()).toEqual(Buffer.alloc(2048, '1'))
      twoParts.push(await storage.uploadPart(two, 2, partOf('2')))
      await storage.completeUpload(two, twoParts)
      expect(await (await storage.openFile(container, 'contended')).bytes()).toEqual(Buffer.alloc(2048, '2'))
      await storage.removeFile(container, 'contended')
    })

    it('leave nothing after an abort, and do not touch the file', async () => {
      await storage.putFile(container, 'kept', 'the version before')
      const upload = await storage.startUpload(container, 'kept', { partSize: 1024 })
      await storage.uploadPart(upload, 1, partOf('x'))
      await storage.abortUpload(upload)
      expect(await bookkeeping()).toEqual([])
      expect(await (await storage.openFile(container, 'kept')).text()).toBe('the version before')
      await storage.removeFile(container, 'kept')
    })

    it('are copied even if another client discards the copied ranges before they are committed', async () => {
      await using proxy = new Interceptor(endpoint)
      const proxied = new StorageService(
        new AzureProvider({ storageAccount, storageAccessKey, endpoint: await proxy.listen() }),
      )
      let sweeps = 0
      proxy.intercept = async ({ method, url }, _response, forward) => {
        if (method === 'PUT' && url?.includes('/swept?comp=blocklist') && sweeps++ < 2) {
          await raw.getBlockBlobClient('swept').commitBlockList([])
        }
        forward()
      }
      const source = { container, file: 'to-be-copied' }
      await proxied.putFile(container, source.file, Buffer.alloc(3000, 'c'), { partSize: 1024 })
      await proxied.copyFile(source, { container, file: 'swept' })
      expect(sweeps).toBe(3)
      expect(await (await storage.openFile(container, 'swept')).bytes()).toEqual(Buffer.alloc(3000, 'c'))
      await storage.removeFiles(container, ['swept', source.file])
      await proxied.close()
    })

    it.each(Array.from({ length: 14 }, (_, count) => count))(
      'leave only what purgeUploads deletes if the process dies after %i requests',
      async (count) => {
        await storage.putFile(container, 'dying', 'the version before')
        await using proxy = new Interceptor(endpoint)
        await using dying = new StorageService(
          new AzureProvider({ storageAccount, storageAccessKey, endpoint: await proxy.listen() }),
          withoutRetries,
        )
        let requests = 0
        proxy.intercept = (incoming, _response, forward) => {
          if (requests++ < count) forward()
          else incoming.destroy()
        }
        const body = Buffer.alloc(2048, 'n')
        await dying.putFile(container, 'dying', body, { partSize: 1024, parallelism: 1 }).catch((error: unknown) => {
          expect(isStorageError(error, 'CONNECTION_LOST')).toBe(true)
        })
        const content = await (await storage.openFile(container, 'dying')).text()
        expect(['the version before', body.toString()]).toContain(content)
        await storage.purgeUploads(container)
        expect(await bookkeeping()).toEqual([])
        expect(await (await storage.openFile(container, 'dying')).text()).toBe(content)
        await storage.removeFile(container, 'dying')
      },
    )

    it('assemble a file from several ranges', async () => {
      const content = randomBytes(101 * MiB)
      await storage.putFile(container, 'large', content, { partSize: 60 * MiB })
      await storage.copyFile({ container, file: 'large' }, { container, file: 'copy' })
      expect((await (await storage.openFile(container, 'copy')).bytes()).equals(content)).toBe(true)
      await storage.removeFiles(container, ['large', 'copy'])
    })
  })

  describe('Shared access signatures', () => {
    const credential = new StorageSharedKeyCredential(storageAccount, storageAccessKey)
    const expiresOn = new Date(Date.now() + 3600_000)

    it('give access to the account: containers and files', async () => {
      const url = native.generateAccountSasUrl(
        expiresOn,
        AccountSASPermissions.parse('rwdlac'),
        AccountSASResourceTypes.parse('sco').toString(),
      )
      const sas = new URL(url).search
      await using limited = new StorageService(new AzureProvider({ endpoint, sas }))
      const name = `azure-${randomBytes(6).toString('hex')}`
      await limited.createContainer({ name })
      await limited.putFile(name, 'a', 'text')
      await limited.putFile(name, 'b', 'text')
      expect((await limited.getFiles(name)).map((entry) => entry.name)).toEqual(['a', 'b'])
      await limited.removeFile(name, 'a')
      expect(await limited.hasFile(name, 'a')).toBe(false)
      await limited.destroyContainer(name)
    })

    it('give access to one container, including copies and parts, and to nothing else', async () => {
      const sas = generateBlobSASQueryParameters(
        { containerName: container, permissions: ContainerSASPermissions.parse('rwdlc'), expiresOn },
        credential,
      ).toString()
      await using limited = new StorageService(new AzureProvider({ endpoint, sas }), withoutRetries)
      await limited.putFile(container, 'scoped', Buffer.alloc(3000, 'a'), { partSize: 1024 })
      await limited.copyFile({ container, file: 'scoped' }, { container, file: 'copied' })
      expect(await (await limited.openFile(container, 'copied')).bytes()).toEqual(Buffer.alloc(3000, 'a'))
      expect(await limited.removeFiles(container, ['scoped', 'copied'])).toEqual([
        { file: 'scoped' },
        { file: 'copied' },
      ])
      expect(await bookkeeping()).toEqual([])
      expect((await failure(limited.getContainers())).code).toBe('PERMISSION_DENIED')
    })

    it('cannot sign URLs, as the capability says', async () => {
      await using limited = new StorageService(new AzureProvider({ endpoint, sas: '?sv=2024-01-01&sig=x' }))
      expect(limited.capabilities.signedUrls).toBe(false)
      const error = await failure(limited.signUrl(container, 'a', { method: 'GET', expiresIn: 60 }))
      expect(error.code).toBe('NOT_SUPPORTED')
    })

    it('are not part of any error', async () => {
      await using proxy = new Interceptor(endpoint)
      const signature = 'c2VjcmV0c2lnbmF0dXJl'
      const sas = `sv=2024-11-04&ss=b&srt=sco&sp=rl&se=2099-01-01T00:00:00Z&sig=${signature}`
      await using refused = new StorageService(
        new AzureProvider({ endpoint: await proxy.listen(), sas }),
        withoutRetries,
      )
      const errors = [await failure(refused.getFile(container, 'a')), await failure(refused.getFiles(container))]
      for (const { code } of errors) expect(['UNAUTHENTICATED', 'PERMISSION_DENIED']).toContain(code)
      proxy.intercept = (incoming) => {
        incoming.destroy()
      }
      errors.push(
        await failure(refused.getFile(container, 'a')),
        await failure(refused.putFile(container, 'a', 'text')),
      )
      expect(errors.slice(2).map(({ code }) => code)).toEqual(['CONNECTION_LOST', 'CONNECTION_LOST'])
      for (const error of errors) {
        const shown = [error.message, error.stack, JSON.stringify(error), inspect(error, { depth: 9 })].join('\n')
        expect(shown).not.toContain(signature)
        expect(shown).not.toContain('127.0.0.1')
      }
    })
  })

  describe('Responses', () => {
    /** A service that sends the same response to every request. */
    async function respondingWith(status: number, headers: Record<string, string>, body = '') {
      const proxy = new Interceptor(endpoint)
      proxy.intercept = (incoming, response) => {
        incoming.resume()
        response.writeHead(status, headers).end(incoming.method === 'HEAD' ? undefined : body)
      }
      const provider = new AzureProvider({ storageAccount, storageAccessKey, endpoint: await proxy.listen() })
      return { proxy, storage: new StorageService(provider, withoutRetries) }
    }

    it.each([
      [409, 'ContainerBeingDeleted', 'createContainer', 'BUSY'],
      [409, 'ContainerBeingDeleted', 'getContainer', 'CONTAINER_NOT_FOUND'],
      [404, 'ContainerNotFound', 'getFile', 'CONTAINER_NOT_FOUND'],
      [403, 'AuthorizationPermissionMismatch', 'getFile', 'PERMISSION_DENIED'],
      [403, 'AuthenticationFailed', 'getFile', 'UNAUTHENTICATED'],
      [412, 'LeaseIdMissing', 'putFile', 'PERMISSION_DENIED'],
      [409, 'BlobImmutableDueToPolicy', 'removeFile', 'PERMISSION_DENIED'],
      [409, 'BlobArchived', 'openFile', 'PERMISSION_DENIED'],
      [400, 'InvalidResourceName', 'putFile', 'INVALID_NAME'],
      [500, 'InternalError', 'getFile', 'SERVICE_FAILED'],
      [503, 'ServerBusy', 'putFile', 'UNAVAILABLE'],
    ] as const)('%i %s to %s is %s', async (status, code, operation, expected) => {
      const { proxy, storage: client } = await respondingWith(status, { 'x-ms-error-code': code, 'retry-after': '3' })
      await using _proxy = proxy
      await using proxied = client
      const operations = {
        createContainer: () => proxied.createContainer({ name: 'abc' }),
        getContainer: () => proxied.getContainer('abc'),
        getFile: () => proxied.getFile('abc', 'file'),
        openFile: () => proxied.openFile('abc', 'file'),
        putFile: () => proxied.putFile('abc', 'file', 'text'),
        removeFile: () => proxied.removeFile('abc', 'file'),
      }
      const error = await failure(operations[operation]())
      expect(error.code).toBe(expected)
      if (expected === 'UNAVAILABLE') expect(error.details.retryAfter).toBe(3)
    })

    it.each([
      ['', 200],
      ['<html>sign in to the airport</html>', 200],
      ['<?xml version="1.0"?><EnumerationResults', 200],
      ['{}', 206],
    ])('that are invalid (%j) are BAD_RESPONSE', async (body, status) => {
      const { proxy, storage: client } = await respondingWith(status, { 'content-type': 'text/html' }, body)
      await using _proxy = proxy
      await using proxied = client
      for (const operation of [
        () => proxied.getFiles('abc'),
        () => proxied.getContainers(),
        () => proxied.getFile('abc', 'file'),
        () => proxied.openFile('abc', 'file'),
        () => proxied.copyFile({ container: 'abc', file: 'a' }, { container: 'abc', file: 'b' }),
      ]) {
        expect((await failure(operation())).code).toBe('BAD_RESPONSE')
      }
    })

    it('that are truncated are CONNECTION_LOST and resume by range', async () => {
      const content = randomBytes(3 * MiB)
      await storage.putFile(container, 'broken', content)
      await using proxy = new Interceptor(endpoint)
      await using proxied = new StorageService(
        new AzureProvider({ storageAccount, storageAccessKey, endpoint: await proxy.listen() }),
        { retry: { minDelay: 1 } },
      )
      let downloads = 0
      proxy.intercept = (incoming, response, forward) => {
        if (incoming.method !== 'GET') return forward()
        if (downloads++ > 0) return forward()
        response.writeHead(200, { 'content-length': content.length, etag, 'last-modified': new Date(0).toUTCString() })
        response.write(content.subarray(0, MiB), () => response.destroy())
      }
      const { etag } = await storage.getFile(container, 'broken')
      expect((await (await proxied.openFile(container, 'broken')).bytes()).equals(content)).toBe(true)
      expect(downloads).toBe(2)
      await storage.removeFile(container, 'broken')
    })
  })

  describe('Configuration', () => {
    it('accepts a connection string, also with a trailing slash at the endpoint', async () => {
      for (const text of [
        connectionString,
        `${connectionString.replace(/BlobEndpoint=([^;]*)/, 'BlobEndpoint=$1/')};`,
      ]) {
        await using byString = new StorageService(new AzureProvider({ connectionString: text }))
        expect(await byString.hasContainer(container)).toBe(true)
      }
    })

    it('reports a credential that returns no token', async () => {
      const credential = {
        getToken: () => Promise.reject(Object.assign(new Error('secret'), { name: 'CredentialUnavailableError' })),
      }
      await using by = new StorageService(new AzureProvider({ storageAccount, credential }), withoutRetries)
      const error = await failure(by.getContainers())
      expect(error.code).toBe('UNAUTHENTICATED')
      expect(inspect(error, { depth: 9 })).not.toContain('secret')
      expect(() => new AzureProvider({ endpoint, credential })).toThrow(/https/)
    })

    it.each([
      [{}, 'storageAccessKey'],
      [{ storageAccount: 'a' }, 'storageAccessKey'],
      [{ storageAccessKey: 'YQ==' }, 'storageAccount'],
      [{ storageAccount: 'a', storageAccessKey: 'not base 64' }, 'storageAccessKey'],
      [{ storageAccount: 'a', storageAccessKey: 'YQ==', sas: 'sig=a' }, 'storageAccessKey'],
      [{ endpoint: 'ftp://example.org', sas: 'sig=a' }, 'endpoint'],
      [{ connectionString: 'nonsense' }, 'connectionString'],
      [{ connectionString: 'AccountName=a' }, 'connectionString'],
      [{ connectionString: 'UseDevelopmentStorage=true', sas: 'sig=a' }, 'sas'],
    ])('rejects %j and names the setting', (options, property) => {
      expect(() => new AzureProvider(options)).toThrow(expect.objectContaining({ details: { property } }))
    })

    it('is created from the settings of a data source', async () => {
      const module = { settings, createProvider }
      await using created = await createStorage({ provider: module, storageAccount, storageAccessKey, endpoint })
      expect(await created.hasContainer(container)).toBe(true)
      const wrong = { provider: module, name: 'pictures', storageAccount, key: storageAccessKey }
      const error = await failure(createStorage(wrong))
      expect(error.message).toContain('"pictures"')
      expect(error.message).not.toContain(storageAccessKey)
    })

    it('sends native options, and rejects unknown values', async () => {
      await storage.putFile(container, 'cool', 'text', { native: { accessTier: 'Cool', tags: { a: 'b' } } })
      const client = raw.getBlobClient('cool')
      expect((await client.getProperties()).accessTier).toBe('Cool')
      expect((await client.getTags()).tags).toEqual({ a: 'b' })
      const error = await failure(storage.putFile(container, 'cool', 'text', { native: { accessTier: 'Tepid' } }))
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', details: { property: 'native.accessTier' } })
      await storage.removeFile(container, 'cool')
    })

    it('deletes a file that has snapshots', async () => {
      await storage.putFile(container, 'snapped', 'text')
      await raw.getBlobClient('snapped').createSnapshot()
      await storage.removeFile(container, 'snapped')
      expect(await storage.hasFile(container, 'snapped')).toBe(false)
    })
  })
})
