import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newStorage, openProvider, put, reading, readText } from '../fixture.js'
import { killedHolder, startHolder } from '../holder.js'

const lease = 150
const kept = { contentType: 'a/b', metadata: { by: 'us' } }

const bookkeeping = async (root: string) =>
  (await readdir(join(root, '.stowage'), { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory() || entry.parentPath.endsWith('/tmp'))
    .map(({ name }) => name)

describe('a process that is stopped with a lock for longer than the lease', () => {
  const changes = [
    ['put', 'rename >/file'],
    ['put if match', 'rename >/file'],
    ['remove if match', 'rename /file>'],
    ['move if match', 'rename >/file'],
    ['complete if match', 'rename >/file'],
  ] as const

  it.each(changes)('changes nothing after it continues: %s', async (operation, call) => {
    const { root } = await newStorage()
    const provider = openProvider(root, { lease })
    await put(provider, 'file', 'old', { attributes: kept })
    await put(provider, 'source', 'moving', { attributes: kept })
    const { etag } = await provider.getFile('box', 'file', reading)
    const holder = startHolder(root, operation, call, 'SIGSTOP')
    expect(await holder.says()).toBe('there')

    const written = await put(provider, 'file', 'ours', { attributes: kept, conditions: { ifMatch: etag } })
    holder.process.kill('SIGCONT')
    expect(await holder.says()).toMatch(/^UNAVAILABLE: another process has broken the lock/)

    expect(await readText(provider, 'file')).toBe('ours')
    expect(await readText(provider, 'source')).toBe('moving')
    expect(await provider.getFile('box', 'file', reading)).toMatchObject({ etag: written.etag, ...kept })
    expect(await provider.getFile('box', 'source', reading)).toMatchObject(kept)
    const uploads = await provider.listUploads('box', { ...reading, limit: 10, prefix: '' })
    expect(uploads.entries).toHaveLength(operation === 'complete if match' ? 1 : 0)
    for (const upload of uploads.entries) await provider.abortUpload(upload, reading)
    await provider.clean()
    expect((await bookkeeping(root)).filter((name) => !/^[0-9a-f]{62}-/.test(name))).toEqual([])
  })

  it('deletes no attributes of a container that was created after it destroyed the previous one', async () => {
    const { root } = await newStorage()
    const provider = openProvider(root, { lease })
    await put(provider, 'file', 'old', { attributes: kept })
    const holder = startHolder(root, 'destroy', 'rename /box>.2', 'SIGSTOP')
    expect(await holder.says()).toBe('there')
    await provider.createContainer('box', reading)
    await put(provider, 'file', 'ours', { attributes: kept })
    holder.process.kill('SIGCONT')
    expect(await holder.says()).toMatch(/^UNAVAILABLE/)
    expect(await provider.getFile('box', 'file', reading)).toMatchObject(kept)
  })

  it('leaves the lock to its new holder', async () => {
    const { root } = await newStorage()
    const provider = openProvider(root, { lease })
    await put(provider, 'file', 'old')
    const first = startHolder(root, 'put', 'rename >.0', 'SIGSTOP')
    expect(await first.says()).toBe('there')
    const second = startHolder(root, 'put', 'rename >/file', 'SIGSTOP')
    // Breaks the lock. The second process would have to wait longer.
    await put(provider, 'file', 'ours')
    expect(await second.says()).toBe('there')
    const [lock] = await readdir(join(root, '.stowage', 'locks'))
    first.process.kill('SIGCONT')
    expect(await first.says()).toBe('done')
    expect(await readdir(join(root, '.stowage', 'locks'))).toEqual([lock])
    second.process.kill('SIGCONT')
    expect(await second.says()).toBe('done')
    expect(await readText(provider, 'file')).toBe('holder')
  })
})

describe('a process that is killed between the two steps of a move', () => {
  const finish = {
    'the next write of the new name': (root: string) => put(openProvider(root), 'file', 'x', { attributes: kept }),
    'the next write of the old name': (root: string) => put(openProvider(root), 'source', 'x', { attributes: kept }),
    'clean()': async (root: string) => {
      const provider = openProvider(root)
      await put(provider, 'other', 'x')
      await provider.clean()
    },
  }

  it.each(Object.entries(finish))('leaves one name to %s', async (_, next) => {
    const { root, provider } = await newStorage()
    await put(provider, 'source', 'moving', { attributes: kept })
    await killedHolder(root, 'move if none', 'rename /source>')
    expect(await readText(provider, 'file')).toBe('moving')
    await next(root)
    const isThere = (file: string) =>
      readText(provider, file).then(
        (text) => text,
        () => undefined,
      )
    expect([await isThere('source'), await isThere('file')]).toEqual(
      _.includes('old') ? ['x', 'moving'] : [undefined, _.includes('new') ? 'x' : 'moving'],
    )
    for (const file of ['source', 'file']) {
      if ((await isThere(file)) !== undefined) expect(await provider.getFile('box', file, reading)).toMatchObject(kept)
    }
    await provider.clean()
    expect(await readdir(join(root, '.stowage', 'locks'))).toEqual([])
  })
})
