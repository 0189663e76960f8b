import { type FileLocation, isStorageError, StorageService } from '@stowage/core'
import type { StorageProvider } from '@stowage/core/provider'
import { SwiftProvider } from '@stowage/swift'
import { describeServer } from '@stowage/test-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signInWith } from '../src/sign-in.js'

const MiB = 1024 * 1024
const large = Buffer.alloc(3 * MiB, 'large ')
const inParts = { partSize: MiB }

describeServer('swift', ({ authUrl, username, password, projectName, region }) => {
  const settings = { authUrl, username, password, projectName, region }
  const make = () =>
    new SwiftProvider({
      name: 'openstack',
      signIn: signInWith(settings),
      singleCopySize: MiB,
      copyPartSize: MiB,
    })
  const provider = make()
  const storage = new StorageService(provider)
  const container = `large-${Date.now().toString(36)}`
  const segments = `stowage-segments.${container}`

  beforeAll(() => storage.createContainer({ name: container }))
  afterAll(async () => {
    await storage.destroyContainer(container).catch((error: unknown) => {
      if (!isStorageError(error, 'CONTAINER_NOT_FOUND')) throw error
    })
    await storage.close()
  })

  /** Returns the objects in the segments container. */
  const parts = async (): Promise<string[]> => {
    const { entries } = await provider.native.list<{ name: string }>({
      container: segments,
      signal: AbortSignal.timeout(60_000),
      allow: [404],
    })
    return entries.map(({ name }) => name)
  }

  const put = (file: string, body: Buffer = large) => storage.putFile(container, file, body, inParts)
  const read = async (file: string) => (await storage.openFile(container, file)).bytes()
  const copy = (from: string, to: string, options = {}) =>
    storage.copyFile({ container, file: from }, { container, file: to } satisfies FileLocation, options)

  test("a large file's parts are in a container that no list shows", async () => {
    await put('file')
    expect(await parts()).toHaveLength(3)
    expect((await storage.getFiles(container)).map(({ name }) => name)).toEqual(['file'])
    const names = (await storage.getContainers()).map(({ name }) => name)
    expect(names).toContain(container)
    expect(names).not.toContain(segments)
    for await (const { name } of storage.containers({ pageSize: 1 })) expect(name).not.toBe(segments)
    await expect(storage.getContainer(segments)).rejects.toMatchObject({ code: 'INVALID_NAME' })
    await storage.removeFile(container, 'file')
  })

  test('every operation that deletes or replaces a large file deletes its parts', async () => {
    const operations: Record<string, () => Promise<unknown>> = {
      'a deletion': () => storage.removeFile(container, 'file'),
      'a deletion of many': () => storage.removeFiles(container, ['file', 'other', 'none']),
      'a small file over it': () => storage.putFile(container, 'file', 'small'),
      'a copy over it': () => storage.copyFile({ container, file: 'small' }, { container, file: 'file' }),
      'a move': () => storage.moveFile({ container, file: 'file' }, { container, file: 'small' }),
    }
    for (const [operation, run] of Object.entries(operations)) {
      await storage.putFile(container, 'small', 'small')
      await put('file')
      await run()
      if (operation === 'a move') await storage.removeFile(container, 'small')
      expect(await parts(), operation).toEqual([])
    }
    await storage.removeFiles(container, ['file', 'small'])
  })

  test('a large file over a large one leaves only the parts of the new one', async () => {
    await put('file')
    const before = await parts()
    await put('file', Buffer.alloc(2 * MiB, 'new'))
    const after = await parts()
    expect(after).toHaveLength(2)
    expect(after.filter((name) => before.includes(name))).toEqual([])
    expect((await read('file')).equals(Buffer.alloc(2 * MiB, 'new'))).toBe(true)
    await storage.removeFile(container, 'file')
  })

  test('a part that was sent several times is stored once', async () => {
    const upload = await storage.startUpload(container, 'file', inParts)
    await storage.uploadPart(upload, 1, Buffer.alloc(MiB, 1))
    const first = await storage.uploadPart(upload, 1, Buffer.alloc(MiB, 2))
    const second = await storage.uploadPart(upload, 2, Buffer.alloc(5, 3))
    await storage.completeUpload(upload, [first, second])
    expect(await parts()).toHaveLength(2)
    expect((await read('file')).subarray(MiB - 1)).toEqual(Buffer.from([2, 3, 3, 3, 3, 3]))
    await storage.removeFile(container, 'file')
  })

  test('a part that is sent after the completion changes nothing and leaves nothing', async () => {
    const upload = await storage.startUpload(container, 'file', inParts)
    const part = await storage.uploadPart(upload, 1, Buffer.alloc(MiB, 1))
    await storage.completeUpload(upload, [part])
    await expect(storage.uploadPart(upload, 1, Buffer.alloc(MiB, 2))).rejects.toMatchObject({
      code: 'UPLOAD_NOT_FOUND',
    })
    expect(await parts()).toHaveLength(1)
    expect((await read('file')).equals(Buffer.alloc(MiB, 1))).toBe(true)
    await storage.removeFile(container, 'file')
    await expect(storage.uploadPart(upload, 1, Buffer.alloc(MiB, 2))).rejects.toMatchObject({
      code: 'UPLOAD_NOT_FOUND',
    })
    expect(await parts()).toEqual([])
  })

  test('an abort leaves nothing, and after the completion it leaves only the file', async () => {
    const upload = await storage.startUpload(container, 'file', inParts)
    const part = await storage.uploadPart(upload, 1, Buffer.alloc(MiB, 1))
    await storage.abortUpload(upload)
    expect(await parts()).toEqual([])
    await expect(storage.completeUpload(upload, [part])).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
    const other = await storage.startUpload(container, 'file', inParts)
    await storage.completeUpload(other, [await storage.uploadPart(other, 1, Buffer.alloc(MiB, 4))])
    await storage.abortUpload(other)
    expect((await read('file')).equals(Buffer.alloc(MiB, 4))).toBe(true)
    await storage.removeFile(container, 'file')
  })

  test('another process lists, continues and completes an upload, under a name of any length', async () => {
    for (const file of ['a b/ü', 'x'.repeat(1024), `${'é'.repeat(500)}/end`, '\0\x01', '\u{10ffff}'.repeat(256)]) {
      const started = await storage.startUpload(container, file, {
        ...inParts,
        contentType: 'image/png',
        metadata: { a: 'ü' },
      })
      const part = await storage.uploadPart(started, 1, Buffer.alloc(10, 1))
      await using second = new StorageService(make())
      const [found] = await Array.fromAsync(second.uploads(container, { prefix: file.slice(0, 250) }))
      expect(found).toMatchObject({ ...started, started: expect.any(Date) })
      expect(await Array.fromAsync(second.parts(started))).toEqual([part])
      await second.completeUpload(started, [part])
      expect(await storage.getFile(container, file)).toMatchObject({
        size: 10,
        contentType: 'image/png',
        metadata: { a: 'ü' },
      })
      await storage.removeFile(container, file)
      expect(await parts()).toEqual([])
    }
  })

  test('a copy has separate parts, so either file can be deleted', async () => {
    await put('file')
    await copy('file', 'copy')
    expect(await parts()).toHaveLength(6)
    await storage.removeFile(container, 'file')
    expect((await read('copy')).equals(large)).toBe(true)
    const { etag } = await storage.getFile(container, 'copy')
    const opened = await storage.openFile(container, 'copy', { ifMatch: etag, range: { start: MiB - 2, end: MiB + 1 } })
    expect(await opened.bytes()).toEqual(large.subarray(MiB - 2, MiB + 2))
    await storage.removeFile(container, 'copy')
    expect(await parts()).toEqual([])
  })

  test('a plain object over the limit is copied in parts, with its attributes and checksums', async () => {
    const checksums = { sha256: (await import('node:crypto')).createHash('sha256').update(large).digest('hex') }
    await storage.putFile(container, 'file', large, { partSize: 8 * MiB, contentType: 'image/png', checksums })
    const { checksums: before } = await storage.getFile(container, 'file')
    expect(before.md5).toBeDefined()
    await copy('file', 'copy')
    expect(await storage.getFile(container, 'copy')).toMatchObject({ contentType: 'image/png', checksums: before })
    expect(await parts()).toHaveLength(3)
    expect((await read('copy')).equals(large)).toBe(true)
    await copy('copy', 'copy', { attributes: { contentType: 'text/plain' } })
    expect((await storage.getFile(container, 'copy')).contentType).toBe('text/plain')
    expect((await read('copy')).equals(large)).toBe(true)
    expect(await parts()).toHaveLength(3)
    await storage.removeFiles(container, ['file', 'copy'])
    expect(await parts()).toEqual([])
  })

  test('a copy that fails leaves nothing', async () => {
    await put('file')
    const failing = copy('file', 'copy', { ifSourceMatch: '"other"' })
    await expect(failing).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    await expect(
      storage.copyFile({ container, file: 'file' }, { container: 'no-such-one', file: 'x' }),
    ).rejects.toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
      container: 'no-such-one',
    })
    const controller = new AbortController()
    const wrapped: StorageProvider = make()
    await using second = new StorageService(wrapped)
    const started = second.copyFile(
      { container, file: 'file' },
      { container, file: 'copy' },
      { signal: controller.signal },
    )
    controller.abort()
    await expect(started).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await storage.hasFile(container, 'copy')).toBe(false)
    expect(await parts()).toHaveLength(3)
    await storage.removeFile(container, 'file')
    expect(await parts()).toEqual([])
  })

  test('concurrent writers of one name leave one version, and only its parts', async () => {
    const versions = Array.from({ length: 6 }, (_, index) =>
      Buffer.alloc(index % 2 === 0 ? 2 * MiB + index : index + 1, index),
    )
    const writers = [storage, new StorageService(make())] as const
    await Promise.all(
      versions.map((version, index) => writers[index % 2 === 0 ? 0 : 1].putFile(container, 'file', version, inParts)),
    )
    const winner = await read('file')
    expect(versions.some((version) => version.equals(winner))).toBe(true)
    // A busy Swift lists objects a little later than it has them.
    await expect.poll(parts, { timeout: 30_000 }).toHaveLength(winner.length > MiB ? 3 : 0)
    await writers[1].close()
    await storage.removeFile(container, 'file')
    expect(await parts()).toEqual([])
  })

  test('destroying a container deletes parts and unfinished uploads', async () => {
    await put('file')
    await storage.startUpload(container, 'unfinished', inParts)
    await storage.destroyContainer(container)
    expect(await parts()).toEqual([])
    await storage.createContainer({ name: container })
    expect(await Array.fromAsync(storage.uploads(container))).toEqual([])
  })

  test('a new container contains nothing of a container whose destruction was interrupted', async () => {
    await put('file')
    await storage.startUpload(container, 'unfinished', inParts)
    const signal = AbortSignal.timeout(60_000)
    await provider.native.request({ method: 'DELETE', container, object: 'file', signal })
    await provider.native.request({ method: 'DELETE', container, signal })
    await storage.createContainer({ name: container })
    expect(await parts()).toEqual([])
    expect(await Array.fromAsync(storage.uploads(container))).toEqual([])
  })

  test('a large object of another tool is read, and its parts are not deleted', async () => {
    const signal = AbortSignal.timeout(60_000)
    const theirs = `${container}_segments`
    await storage.createContainer({ name: theirs })
    const segments = await Promise.all(
      ['one', 'two'].map(async (text) => {
        const { etag } = await storage.putFile(theirs, text, text)
        return { path: `/${theirs}/${text}`, etag: etag.slice(1, -1), size_bytes: text.length }
      }),
    )
    const query = { 'multipart-manifest': 'put' }
    await provider.native.request({
      method: 'PUT',
      container,
      object: 'file',
      query,
      body: JSON.stringify(segments),
      signal,
    })
    const [listed] = await storage.getFiles(container)
    expect(listed).toMatchObject({ name: 'file', size: 6 })
    expect(String(await read('file'))).toBe('onetwo')
    expect((await storage.getFile(container, 'file')).etag).toBe(listed?.folder === undefined ? listed?.etag : '')
    await copy('file', 'copy')
    await storage.removeFile(container, 'file')
    expect((await storage.getFiles(theirs)).map(({ name }) => name)).toEqual(['one', 'two'])
    await storage.destroyContainer(theirs)
    expect(String(await read('copy'))).toBe('onetwo')
    await storage.removeFile(container, 'copy')
  })
})
