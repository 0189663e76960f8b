import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { foldsCase, otherSpelling } from '../../src/disk/case-folding.js'
import { Directories } from '../../src/disk/directories.js'
import { newToken } from '../../src/disk/owner.js'
import { locationOf, lockOf } from '../../src/files/locations.js'
import { names, never, newDirectory, newStorage, openProvider, put, reading, readText, writing } from '../fixture.js'

/** A token of a process that has ended. */
function tokenOfTheDead(): string {
  const pid = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).trim()
  return newToken().replace(/^([0-9a-f]+)-\d+-/, `$1-${pid}-`)
}

/** A token of a process on another machine. */
const tokenFromElsewhere = (): string => newToken().replace(/^[0-9a-f]{16}/, '0123456789abcdef')

const kept = { contentType: 'a/b', metadata: { key: 'value' } }

describe('the data of a killed process', () => {
  it('is deleted by the first write of the next process: temporary files, discarded containers and locks', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'file', 'x')
    const temporaries = join(root, '.stowage', 'tmp')
    const [ours, elsewhere, foreign] = [newToken(), tokenFromElsewhere(), 'not-a-token']
    for (const name of [tokenOfTheDead(), ours, elsewhere, foreign]) await writeFile(join(temporaries, name), 'half')
    await mkdir(join(temporaries, tokenOfTheDead(), 'folder'), { recursive: true })
    await symlink(`${tokenOfTheDead()} box/file`, join(root, '.stowage', 'locks', 'a'.repeat(64)))
    const next = openProvider(root)
    await put(next, 'file', 'x')
    await next.clean()
    expect((await readdir(temporaries)).sort()).toEqual([ours, elsewhere, foreign].sort())
    expect(await readdir(join(root, '.stowage', 'locks'))).toEqual([])
    const yesterday = new Date(Date.now() - 2 * 86_400_000)
    for (const name of [ours, elsewhere, foreign]) await utimes(join(temporaries, name), yesterday, yesterday)
    await provider.clean()
    expect(await readdir(temporaries)).toEqual([ours])
  })

  it('does not block the locked name, and attributes of a version that never appeared are deleted', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'file', 'old', { attributes: kept })
    const attributes = join(root, '.stowage', 'attributes', 'box')
    const [shelf = ''] = await readdir(attributes)
    const [entry = ''] = await readdir(join(attributes, shelf))
    const neverSeen = join(attributes, shelf, `${entry.slice(0, 62)}-123-4`)
    await writeFile(neverSeen, await readFile(join(attributes, shelf, entry)))
    const lock = lockOf(locationOf('box', 'file'))
    await symlink(`${tokenOfTheDead()} ${lock.note}`, join(root, '.stowage', 'locks', lock.name))
    await Promise.all([1, 2, 3].map(() => put(openProvider(root), 'other', 'x')))
    expect(await provider.getFile('box', 'file', reading)).toMatchObject(kept)
    const conditions = { ifNoneMatch: '*' } as const
    await expect(put(provider, 'file', 'x', { conditions })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    await Promise.all(
      [1, 2, 3, 4].map((writer) => put(openProvider(root), 'file', String(writer), { attributes: kept })),
    )
    expect(await readdir(join(attributes, shelf))).toHaveLength(1)
    expect(await readdir(join(root, '.stowage', 'locks'))).toEqual([])
  })

  it('on another machine counts as left behind if a lock is a minute old', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'file', 'old')
    const lock = lockOf(locationOf('box', 'file'))
    const path = join(root, '.stowage', 'locks', lock.name)
    await symlink(`${tokenFromElsewhere()} ${lock.note}`, path)
    const giveUp = new AbortController()
    const blocked = put(provider, 'file', 'new', { signal: giveUp.signal })
    giveUp.abort(new Error('enough'))
    await expect(blocked).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await readText(provider, 'file')).toBe('old')
    execFileSync('touch', ['-h', '-d', '2 minutes ago', path])
    await put(provider, 'file', 'new')
    expect(await readText(provider, 'file')).toBe('new')
  })
})

describe('clean()', () => {
  it('deletes only the attributes and uploads of files and containers that other programs deleted', async () => {
    const { root, provider, box } = await newStorage()
    await provider.createContainer('gone', { signal: never })
    await provider.putFile('gone', 'file', Buffer.from('x'), { ...writing, attributes: kept })
    await provider.startUpload('gone', 'file', { ...writing, partSize: 10 })
    const upload = await provider.startUpload('box', 'file', { ...writing, partSize: 10 })
    for (const name of ['stays', 'a/removed', 'changed']) await put(provider, name, 'x', { attributes: kept })
    await rm(join(root, 'gone'), { recursive: true })
    await rm(join(box, 'a'), { recursive: true })
    await writeFile(join(box, 'changed'), 'by hand')
    await provider.clean()
    const left = (await readdir(join(root, '.stowage', 'attributes'), { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile(),
    )
    expect(left).toHaveLength(1)
    expect(await provider.getFile('box', 'stays', reading)).toMatchObject(kept)
    expect(await readdir(join(root, '.stowage', 'uploads'))).toEqual(['box'])
    expect((await provider.listUploads('box', { signal: never, limit: 10, prefix: '' })).entries).toMatchObject([
      upload,
    ])
  })

  it('does nothing in a root without .stowage', async () => {
    const root = await newDirectory()
    await openProvider(root).clean()
    expect(await readdir(root)).toEqual([])
  })
})

describe('a volume that folds case', () => {
  it('is detected by an upper-case name, and nothing is left to clean up', async () => {
    const { root, provider } = await newStorage()
    const directories = new Directories({ root, createRoot: false, fsync: false })
    using directory = await directories.root()
    await writeFile(join(root, 'entry'), '')
    // Creates the entry under both names, as a folding volume has it.
    if (!(await foldsCase(directory, 'entry'))) await writeFile(join(root, 'ENTRY'), '')
    expect(await foldsCase(directory, 'entry')).toBe(true)
    directories.close()
    await put(provider, 'file', 'x')
    // Only the second write probes the volume.
    await put(provider, 'file', 'y')
    expect((await readdir(join(root, '.stowage'))).toSorted()).toEqual(['locks', 'tmp'])
    expect(await readdir(join(root, '.stowage', 'tmp'))).toEqual([])
  })

  it('treats names as the same that differ in case or composition', () => {
    expect(otherSpelling(['Photo', 'other'], 'photo')).toBe('Photo')
    expect(otherSpelling(['e\u0301'], '\u00e9')).toBe('e\u0301')
    expect(otherSpelling(['STRASSE'], 'straße')).toBe('STRASSE')
    expect(otherSpelling(['Photo', 'photo'], 'photo')).toBeUndefined()
    expect(otherSpelling(['photos'], 'photo')).toBeUndefined()
  })

  it('rejects a write that would replace a file with another spelling, and accepts one with the same', async () => {
    const { provider, box } = await newStorage({ foldsCase: true })
    await put(provider, 'photo', 'x')
    await put(provider, 'photo', 'y')
    expect(await readText(provider, 'photo')).toBe('y')
    // A folding volume: the entry `Photo` exists, and is listed as `photo`.
    await writeFile(join(box, 'Photo'), 'z')
    expect(await names(provider)).toEqual(['Photo', 'photo'])
    await put(provider, 'Photo', 'both are listed, so they are two files')
  })
})
