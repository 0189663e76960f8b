import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isStorageError, type PartUpload, type UploadedPart } from '@stowage/core'
import type { ProviderBody } from '@stowage/core/provider'
import { describe, expect, it } from 'vitest'
import type { FilesystemProvider } from '../../src/index.js'
import { names, never, newStorage, openProvider, put, read, reading, readText, writing } from '../fixture.js'

const partSize = 100_000
const part = (letter: string, size = partSize) => Buffer.alloc(size, letter)

const start = (provider: FilesystemProvider, file = 'file') =>
  provider.startUpload('box', file, { ...writing, attributes: { contentType: 'a/b', metadata: { k: 'v' } }, partSize })

const send = (provider: FilesystemProvider, upload: PartUpload, partNumber: number, body: ProviderBody) =>
  provider.uploadPart(upload, body, { signal: never, partNumber })

const complete = (provider: FilesystemProvider, upload: PartUpload, parts: readonly UploadedPart[]) =>
  provider.completeUpload(upload, { signal: never, parts, conditions: {} })

const bookkeeping = async (root: string, kind: string) =>
  (await readdir(join(root, '.stowage', kind)).catch(() => [])).filter((entry) => entry !== 'box')

describe('a multipart upload', () => {
  it('is continued and completed by other processes, with its parts in any order', async () => {
    const { root, provider } = await newStorage()
    const upload = await start(provider)
    const [one, two, three] = [openProvider(root), openProvider(root), openProvider(root)]
    const last = await send(one, upload, 3, part('c', 10))
    const first = await send(two, upload, 1, part('a'))
    const middle = await send(three, upload, 2, part('b'))
    expect(await names(provider)).toEqual([])
    const { replaced, ...written } = await complete(openProvider(root), upload, [first, middle, last])
    expect(replaced).toBe(false)
    const expected = Buffer.concat([part('a'), part('b'), part('c', 10)])
    expect((await read(provider, 'file')).equals(expected)).toBe(true)
    expect(await provider.getFile('box', 'file', reading)).toMatchObject({ ...written, metadata: { k: 'v' } })
    expect(await readdir(join(root, '.stowage', 'uploads', 'box'))).toEqual([])
    expect(await bookkeeping(root, 'tmp')).toEqual([])
  })

  it('that is completed with fewer parts than were sent contains only those', async () => {
    const { provider } = await newStorage()
    const upload = await start(provider)
    const parts = [await send(provider, upload, 1, part('a')), await send(provider, upload, 2, part('b', 5))]
    await send(provider, upload, 3, part('c'))
    await complete(provider, upload, parts)
    expect((await stat(provider.native.pathOf('box', 'file'))).size).toBe(partSize + 5)
  })

  it('keeps a part unchanged while it is sent again, and if that fails', async () => {
    const { provider } = await newStorage()
    const upload = await start(provider)
    const first = await send(provider, upload, 1, part('a', 50))
    const broken = (async function* () {
      yield part('x', 20)
      expect((await provider.listParts(upload, { signal: never, limit: 10 })).entries).toEqual([first])
      throw new Error('broken')
    })()
    await expect(send(provider, upload, 1, broken)).rejects.toThrow('broken')
    await complete(provider, upload, [first])
    expect((await read(provider, 'file')).equals(part('a', 50))).toBe(true)
  })

  it('has the part that was finished last if one is sent twice at once, and rejects the other tag', async () => {
    const { provider } = await newStorage()
    const upload = await start(provider)
    const holding = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const slow = send(
      provider,
      upload,
      1,
      (async function* () {
        yield part('a', 40)
        begun.resolve()
        await holding.promise
        yield part('a', 40)
      })(),
    )
    await begun.promise
    const quick = send(provider, upload, 1, part('b', 60))
    holding.resolve()
    const [slowPart, quickPart] = await Promise.all([slow, quick])
    const { entries } = await provider.listParts(upload, { signal: never, limit: 10 })
    expect(entries).toEqual([quickPart])
    await expect(complete(provider, upload, [slowPart])).rejects.toMatchObject({ code: 'INVALID_PART' })
    await complete(provider, upload, [quickPart])
    expect((await read(provider, 'file')).equals(part('b', 60))).toBe(true)
  })

  it('is complete if another of its parts is being sent, which then fails', async () => {
    const { root, provider } = await newStorage()
    const upload = await start(provider)
    const first = await send(provider, upload, 1, part('a', 70))
    const holding = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const late = send(
      provider,
      upload,
      2,
      (async function* () {
        yield part('b', 40)
        begun.resolve()
        await holding.promise
        yield part('b', 40)
      })(),
    )
    await begun.promise
    await complete(openProvider(root), upload, [first])
    holding.resolve()
    await expect(late).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
    expect((await read(provider, 'file')).equals(part('a', 70))).toBe(true)
    expect(await bookkeeping(root, 'tmp')).toEqual([])
  })

  it('has exactly its bytes if a later part extends the data during the completion', async () => {
    const { root, provider } = await newStorage({ chunkSize: 4096 })
    const other = openProvider(root, { chunkSize: 4096 })
    for (let round = 0; round < 20; round++) {
      const upload = await start(provider)
      const first = await send(provider, upload, 1, part('a'))
      const done = new AbortController()
      const begun = Promise.withResolvers<void>()
      const late = send(
        other,
        upload,
        2,
        (async function* () {
          for (let piece = 0; piece < 24 && !done.signal.aborted; piece++) {
            yield part('b', 4096)
            if (piece === 1) begun.resolve()
          }
        })(),
      ).catch(() => undefined)
      await begun.promise
      await complete(provider, upload, [first])
      done.abort()
      await late
      expect((await read(provider, 'file')).equals(part('a'))).toBe(true)
    }
  })

  it('that several callers complete at once is completed once', async () => {
    const { root, provider } = await newStorage()
    for (let round = 0; round < 20; round++) {
      const upload = await start(provider)
      const parts = [await send(provider, upload, 1, part('a')), await send(provider, upload, 2, part('b'))]
      const results = await Promise.allSettled(
        [provider, openProvider(root), openProvider(root)].map((each) => complete(each, upload, parts)),
      )
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
      }
      expect((await read(provider, 'file')).equals(Buffer.concat([part('a'), part('b')]))).toBe(true)
    }
  })

  it('that is completed and aborted at the same moment is complete or missing', async () => {
    const { root, provider } = await newStorage()
    for (let round = 0; round < 40; round++) {
      const file = `file-${round}`
      const upload = await start(provider, file)
      const parts = [await send(provider, upload, 1, part('a'))]
      const [completed] = await Promise.allSettled([
        complete(provider, upload, parts),
        openProvider(root).abortUpload(upload, { signal: never }),
      ])
      if (completed.status === 'fulfilled') expect((await read(provider, file)).equals(part('a'))).toBe(true)
      else expect(isStorageError(completed.reason, 'UPLOAD_NOT_FOUND')).toBe(true)
      expect(await names(provider, { prefix: file })).toEqual(completed.status === 'fulfilled' ? [file] : [])
      await expect(complete(provider, upload, parts)).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
    }
    expect(await bookkeeping(root, 'tmp')).toEqual([])
    expect(await bookkeeping(root, 'locks')).toEqual([])
  })

  it('can be completed after a failed attempt: with a wrong part, a failed condition, or a folder at its name', async () => {
    const { provider } = await newStorage()
    const upload = await start(provider)
    const first = await send(provider, upload, 1, part('a'))
    const second = await send(provider, upload, 2, part('b', 7))
    const refused: [UploadedPart[], string][] = [
      [[first, { ...second, tag: '0'.repeat(32) }], 'INVALID_PART'],
      [[first, { ...second, partNumber: 3 }], 'INVALID_PART'],
      [[second], 'INVALID_PART'],
      [[first, second, { partNumber: 3, size: 1, tag: 'x' }], 'INVALID_PART'],
    ]
    for (const [parts, code] of refused) {
      await expect(complete(provider, upload, parts)).rejects.toMatchObject({ code })
    }
    const conditional = { signal: never, parts: [first, second], conditions: { ifMatch: '"x"' } }
    await expect(provider.completeUpload(upload, conditional)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    await put(provider, 'file/in/the/way', 'x')
    await expect(complete(provider, upload, [first, second])).rejects.toMatchObject({ code: 'NAME_CONFLICT' })
    await provider.removeFile('box', 'file/in/the/way', reading)
    await complete(provider, upload, [first, second])
    expect((await read(provider, 'file')).length).toBe(partSize + 7)
  })

  it('with an invalid id accesses nothing', async () => {
    const { provider } = await newStorage()
    await put(provider, 'file', 'x')
    for (const id of ['..', '../..', '', '.', 'x', '../../../box', `${'0'.repeat(31)}/`]) {
      const upload = { container: 'box', file: 'file', id, partSize }
      await expect(send(provider, upload, 1, part('a'))).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
      await expect(complete(provider, upload, [])).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
      await provider.abortUpload(upload, { signal: never })
    }
    expect(await readText(provider, 'file')).toBe('x')
  })

  it('rejects a part that is larger than its part size', async () => {
    const { provider } = await newStorage()
    const upload = await start(provider)
    const second = await send(provider, upload, 2, part('b', 10))
    const tooLong = (async function* () {
      yield part('a')
      yield part('a')
    })()
    await expect(send(provider, upload, 1, tooLong)).rejects.toMatchObject({ code: 'TOO_LARGE' })
    const first = await send(provider, upload, 1, part('c'))
    await complete(provider, upload, [first, second])
    expect((await read(provider, 'file')).equals(Buffer.concat([part('c'), part('b', 10)]))).toBe(true)
  })
})
