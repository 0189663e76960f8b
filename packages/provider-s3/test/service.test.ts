import { randomBytes, randomUUID } from 'node:crypto'
import {
  DeleteBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { StorageService } from '@stowage/core'
import { describeServer } from '@stowage/test-servers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { S3Provider, type S3ProviderOptions } from '../src/index.js'

const MiB = 1024 ** 2
const coded = (code: string) => expect.objectContaining({ code })

describeServer('ceph', ({ endpoint, region, key, keyId, other }) => {
  const open = (options: S3ProviderOptions = {}) => {
    const provider = new S3Provider({ endpoint, region, key, keyId, ...options })
    return { storage: new StorageService(provider), client: provider.native }
  }
  const { storage, client } = open()
  const container = `service-${randomUUID()}`
  beforeAll(async () => {
    await storage.createContainer({ name: container })
  })
  afterAll(async () => {
    await storage.destroyContainer(container)
    await storage.close()
  })

  describe('Conditions on single puts are atomic on Ceph', () => {
    /** Ceph responds with 500 to some requests that lose a race, so their outcome is unknown. */
    const isSettledOnce = async (file: string, results: readonly PromiseSettledResult<unknown>[]) => {
      const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [String(index)] : []))
      expect(winners.length).toBeLessThanOrEqual(1)
      const stored = await (await storage.openFile(container, file)).text()
      for (const winner of winners) expect(stored).toBe(winner)
      for (const result of results) {
        if (result.status === 'rejected')
          expect(['PRECONDITION_FAILED', 'SERVICE_FAILED']).toContain(result.reason.code)
      }
    }

    test('of ten concurrent creations at most one succeeds', async () => {
      const writers = Array.from({ length: 10 }, (_, index) =>
        storage.putFile(container, 'create', String(index), { ifNoneMatch: '*' }),
      )
      await isSettledOnce('create', await Promise.allSettled(writers))
    })

    test('of ten concurrent replacements of one version at most one succeeds', async () => {
      const { etag: ifMatch } = await storage.putFile(container, 'replace', 'old')
      const writers = Array.from({ length: 10 }, (_, index) =>
        storage.putFile(container, 'replace', String(index), { ifMatch }),
      )
      await isSettledOnce('replace', await Promise.allSettled(writers))
    })
  })

  test('A copy with new attributes has none of the attributes of its source', async () => {
    await storage.putFile(container, 'source', 'x', { contentType: 'image/x-test', cacheControl: 'no-cache' })
    const target = { container, file: 'target' }
    const attributes = { contentType: 'text/plain' }
    const copied = await storage.copyFile({ container, file: 'source' }, target, { attributes })
    expect(copied).toEqual(await storage.getFile(container, 'target'))
    expect(copied.cacheControl).toBeUndefined()
  })

  describe('A copy in parts', () => {
    const small = open({ maxCopySize: 5 * MiB })
    const content = randomBytes(12 * MiB + 3)
    const attributes = { contentType: 'image/x-test', cacheControl: 'no-cache', metadata: { größe: 'groß' } }
    const source = { container, file: 'large' }
    beforeAll(async () => {
      await storage.putFile(container, 'large', content, attributes)
    })
    afterAll(() => small.storage.close())

    test('has the content and the attributes of its source', async () => {
      const copied = await small.storage.copyFile(source, { container, file: 'copy' })
      expect(copied).toMatchObject({ ...attributes, name: 'copy', size: content.length })
      expect((await (await storage.openFile(container, 'copy')).bytes()).equals(content)).toBe(true)
      expect(await storage.getFile(container, 'copy')).toEqual(copied)
    })

    test('has the new attributes', async () => {
      const replaced = { contentType: 'text/plain', metadata: { a: 'b' } }
      const copied = await small.storage.copyFile(source, { container, file: 'copy' }, { attributes: replaced })
      expect(copied).toMatchObject(replaced)
      expect(copied.cacheControl).toBeUndefined()
    })

    test('that fails leaves no file and no unfinished upload', async () => {
      const condition = { ifNoneMatch: '*' } as const
      await expect(small.storage.copyFile(source, { container, file: 'copy' }, condition)).rejects.toEqual(
        coded('PRECONDITION_FAILED'),
      )
      const aborted = small.storage.copyFile(source, { container, file: 'never' }, { timeout: 1 })
      await expect(aborted).rejects.toEqual(coded('TIMEOUT'))
      expect(await storage.hasFile(container, 'never')).toBe(false)
      expect(await Array.fromAsync(storage.uploads(container))).toEqual([])
    })
  })

  describe("A customer's key", () => {
    const secret = randomBytes(32).toString('base64')
    const encrypted = open({ SSECustomerKey: secret })
    afterAll(() => encrypted.storage.close())

    test.each([
      ['in one request', 10],
      ['in parts', 6 * MiB],
    ])('encrypts a file that is uploaded %s', async (_, size) => {
      const content = randomBytes(size)
      const options = { partSize: 5 * MiB, native: { SSECustomerKey: secret } }
      await storage.putFile(container, 'secret', content, options)
      expect((await (await encrypted.storage.openFile(container, 'secret')).bytes()).equals(content)).toBe(true)
      await expect(storage.openFile(container, 'secret')).rejects.toEqual(coded('INVALID_ARGUMENT'))
    })

    test('is used for writes and reads if it is a setting', async () => {
      await encrypted.storage.putFile(container, 'secret', 'hush')
      expect(await (await encrypted.storage.openFile(container, 'secret')).text()).toBe('hush')
      await expect(storage.getFile(container, 'secret')).rejects.toEqual(coded('INVALID_ARGUMENT'))
    })
  })

  describe('Other programs', () => {
    test('see natural names, types and metadata', async () => {
      const metadata = { author: 'Jane Doe', 'x-size': '3' }
      await storage.putFile(container, 'a b/ü?.txt', 'text', { metadata })
      const head = await client.send(new HeadObjectCommand({ Bucket: container, Key: 'a b/ü?.txt' }))
      expect(head).toMatchObject({ ContentType: 'text/plain', Metadata: metadata })
    })

    test('may write encoded words of both kinds, and keys that are not escaped', async () => {
      const Metadata = {
        b: '=?UTF-8?B?w6TDtsO8?=',
        q: '=?utf-8?Q?=C3=A4_=C3=B6?= x',
        two: '=?UTF-8?B?w6Q=?= =?UTF-8?B?w7Y=?=',
        '50%': 'half',
      }
      await client.send(new PutObjectCommand({ Bucket: container, Key: 'foreign', Body: 'x', Metadata }))
      expect((await storage.getFile(container, 'foreign')).metadata).toEqual({
        b: 'äöü',
        q: 'ä ö x',
        two: 'äö',
        '50%': 'half',
      })
    })

    test('find an MD5 where rclone stores it', async () => {
      const md5 = '9e107d9d372bb6826bd81d3542a419d6'
      const text = 'The quick brown fox jumps over the lazy dog'
      await storage.putFile(container, 'fox', text, { checksums: { md5 }, metadata: { md5chksum: 'mine' } })
      const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: container, Key: 'fox' }))
      expect(Metadata?.['md5chksum']).toBe(Buffer.from(md5, 'hex').toString('base64'))
      const info = await storage.getFile(container, 'fox')
      expect(info.checksums.md5).toBe(md5)
      expect(info.metadata).toEqual({ md5chksum: 'mine' })
    })

    test('may leave keys that XML cannot contain, which are deleted with their container', async () => {
      const name = `foreign-${randomUUID()}`
      await storage.createContainer({ name })
      for (const Key of ['a\u0001b', 'c\ufffe', 'plain']) {
        await client.send(new PutObjectCommand({ Bucket: name, Key, Body: 'x' }))
      }
      await storage.destroyContainer(name)
      expect(await storage.hasContainer(name)).toBe(false)
    })

    test('may have enabled versioning: the container is destroyed with all versions', async () => {
      const name = `versions-${randomUUID()}`
      await storage.createContainer({ name })
      const VersioningConfiguration = { Status: 'Enabled' } as const
      await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }))
      await storage.putFile(name, 'a', '1')
      await storage.putFile(name, 'a', '2')
      await storage.removeFile(name, 'a')
      await expect(client.send(new DeleteBucketCommand({ Bucket: name }))).rejects.toThrow()
      await storage.destroyContainer(name)
      expect(await storage.hasContainer(name)).toBe(false)
    })
  })

  describe('A list with a delimiter', () => {
    test("continues after a folder's placeholder, in pages of one", async () => {
      for (const file of ['shelf/', 'shelf/a', 'shelf/b/c']) await storage.putFile(container, file, 'x')
      const options = { prefix: 'shelf/', delimiter: '/' }
      const names = async (more: object) =>
        (await storage.getFiles(container, { ...options, ...more })).map(({ name }) => name)
      expect(await names({ pageSize: 1 })).toEqual(['shelf/', 'shelf/a', 'shelf/b/'])
      expect(await names({ startAfter: 'shelf/' })).toEqual(['shelf/a', 'shelf/b/'])
    })
  })

  describe('The provider distinguishes', () => {
    test.runIf(other !== undefined)("another account's container", async () => {
      const stranger = open(other)
      await expect(stranger.storage.getContainer(container)).rejects.toEqual(coded('PERMISSION_DENIED'))
      await expect(stranger.storage.getFile(container, 'x')).rejects.toEqual(coded('PERMISSION_DENIED'))
      await expect(stranger.storage.createContainer({ name: container })).rejects.toEqual(coded('CONTAINER_EXISTS'))
      await stranger.storage.close()
    })

    test.each([
      { keyId: 'AKIANOBODY', key: 'x' },
      { keyId, key: 'wrong' },
    ])('wrong keys, which no error contains: %#', async (keys) => {
      const { storage: wrong } = open(keys)
      const error = await wrong.getContainers().catch((reason: unknown) => reason)
      expect(error).toEqual(coded('UNAUTHENTICATED'))
      expect(JSON.stringify(error)).not.toContain(keys.keyId)
      await wrong.close()
    })

    test('a clock that is an hour wrong, which the first response corrects', async () => {
      const { storage: late } = open()
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60 * 60 * 1000 })
      try {
        expect(await late.hasContainer(container)).toBe(true)
      } finally {
        vi.useRealTimers()
        await late.close()
      }
    })
  })

  test('The container holds only the files', async () => {
    const name = `natural-${randomUUID()}`
    await storage.createContainer({ name })
    await storage.putFile(name, 'large', randomBytes(6 * MiB), { partSize: 5 * MiB })
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: name }))
    expect(Contents?.map(({ Key }) => Key)).toEqual(['large'])
    await storage.destroyContainer(name)
  })
})
