import { link, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { never, newStorage, openProvider, plain, put, readText, writing } from '../fixture.js'

const kept = { contentType: 'a/b', metadata: { key: 'value' } }
const ifNew = { ifNoneMatch: '*' } as const

/** Returns the entries of `.stowage` without its folders. */
const bookkeeping = async (root: string) =>
  (await readdir(join(root, '.stowage'), { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)

const isDone = ({ status }: PromiseSettledResult<unknown>) => status === 'fulfilled'

describe('a new file', () => {
  it('is new for only one of its concurrent writers, with and without attributes, in two processes', async () => {
    const { root, provider } = await newStorage()
    const other = openProvider(root)
    for (let round = 0; round < 100; round++) {
      const file = `file-${round}`
      const written = await Promise.all([
        put(provider, file, 'one'),
        put(other, file, 'two', { attributes: kept }),
        put(other, file, 'three'),
        put(provider, file, 'four', { attributes: kept }),
      ])
      expect(written.filter(({ replaced }) => replaced === false)).toHaveLength(1)
      expect(new Set(written.map(({ etag }) => etag)).size).toBe(4)
      const { etag } = await provider.getFile('box', file, { signal: never, conditions: {} })
      // The times of the versions show their order.
      const last = written.reduce((a, b) => ((a.mtime ?? 0) > (b.mtime ?? 0) ? a : b))
      expect(written.map((one) => one.etag)).toContain(etag)
      expect(Number(written.find((one) => one.etag === etag)?.mtime)).toBe(Number(last.mtime))
      await provider.removeFile('box', file, { signal: never, conditions: {} })
    }
    expect(await bookkeeping(root)).toEqual([])
  })

  it('is created by only one of concurrent operations with ifNoneMatch: a write, a copy, a move and an upload', async () => {
    const { root, provider } = await newStorage()
    const other = openProvider(root)
    await put(provider, 'source', 'copied')
    for (let round = 0; round < 60; round++) {
      await put(provider, 'moving', 'moved')
      const options = { ...writing, attributes: plain, partSize: 10 }
      const upload = await other.startUpload('box', 'file', options)
      const part = await other.uploadPart(upload, Buffer.from('uploaded'), { signal: never, partNumber: 1 })
      const target = { container: 'box', file: 'file' }
      const results = await Promise.allSettled([
        put(provider, 'file', 'written', { conditions: ifNew }),
        other.copyFile({ container: 'box', file: 'source' }, target, { signal: never, conditions: ifNew, native: {} }),
        other.moveFile({ container: 'box', file: 'moving' }, target, { signal: never, conditions: ifNew, native: {} }),
        provider.completeUpload(upload, { signal: never, parts: [part], conditions: ifNew }),
      ])
      expect(results.filter(isDone)).toHaveLength(1)
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'PRECONDITION_FAILED' })
      }
      const content = ['written', 'copied', 'moved', 'uploaded'][results.findIndex(isDone)]
      expect(await readText(provider, 'file')).toBe(content)
      expect((await stat(provider.native.pathOf('box', 'file'))).nlink).toBe(1)
      const moved = await provider.getFile('box', 'moving', { signal: never, conditions: {} }).then(
        () => false,
        () => true,
      )
      expect(moved).toBe(content === 'moved')
      await provider.abortUpload(upload, { signal: never })
      await provider.removeFile('box', 'file', { signal: never, conditions: {} })
    }
    expect(await bookkeeping(root)).toEqual([])
  })

  it('is not changed through its upload if the process was killed before it deleted the upload', async () => {
    const { root, provider, box } = await newStorage()
    const upload = await provider.startUpload('box', 'file', { ...writing, attributes: plain, partSize: 10 })
    const part = await provider.uploadPart(upload, Buffer.from('whole'), { signal: never, partNumber: 1 })
    await link(join(root, '.stowage', 'uploads', 'box', upload.id, 'data'), join(box, 'file'))
    const gone = { code: 'UPLOAD_NOT_FOUND' }
    await expect(
      provider.completeUpload(upload, { signal: never, parts: [part], conditions: {} }),
    ).rejects.toMatchObject(gone)
    await expect(provider.uploadPart(upload, Buffer.from('x'), { signal: never, partNumber: 1 })).rejects.toMatchObject(
      gone,
    )
    expect((await provider.listUploads('box', { signal: never, limit: 10, prefix: '' })).entries).toEqual([])
    expect(await readText(provider, 'file')).toBe('whole')
  })
})
