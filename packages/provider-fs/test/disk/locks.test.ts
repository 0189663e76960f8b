import { execFile } from 'node:child_process'
import { chown, mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { newToken } from '../../src/disk/owner.js'
import { locationOf, lockOf } from '../../src/files/locations.js'
import { Workspace } from '../../src/files/workspace.js'
import { never, newStorage, openProvider, put, readText } from '../fixture.js'
import { startHolder } from '../holder.js'
import { runAs } from '../machine.js'

const lease = 150
const run = promisify(execFile)

const locksIn = (root: string) => readdir(join(root, '.stowage', 'locks'))

describe('a lock', () => {
  it('of a thread that has ended is broken, although its process is running', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'file', 'old')
    await run(process.execPath, [fileURLToPath(new URL('../children/threads.ts', import.meta.url)), root])
    expect(await readText(provider, 'file')).toBe('ours')
    expect(await locksIn(root)).toEqual([])
  })

  it('that a process renews is not broken, and a waiting caller gets an error that names the file', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'folder/file', 'old')
    const workspace = new Workspace({ root, createRoot: false, fsync: false, chunkSize: 65_536, lease })
    const done = Promise.withResolvers<void>()
    const held = workspace.locks.withLocks([lockOf(locationOf('box', 'folder/file'))], never, () => done.promise)
    const other = openProvider(root, { lease })
    const error = { code: 'BUSY', message: '"box/folder/file" is locked by another operation for too long' }
    const results = await Promise.allSettled([1, 2, 3].map((text) => put(other, 'folder/file', String(text))))
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: error })
    done.resolve()
    await held
    await put(other, 'folder/file', 'new')
    expect(await readText(provider, 'folder/file')).toBe('new')
  })

  it('in the same process has the same limit', async () => {
    const { root } = await newStorage()
    const { locks } = new Workspace({ root, createRoot: false, fsync: false, chunkSize: 65_536, lease })
    const lock = lockOf(locationOf('box', 'file'))
    const done = Promise.withResolvers<void>()
    const held = locks.withLocks([lock], never, () => done.promise)
    await expect(locks.withLocks([lock], never, async () => undefined)).rejects.toMatchObject({ code: 'BUSY' })
    done.resolve()
    await held
    await locks.withLocks([lock], never, async () => undefined)
  })

  it('that is an unknown link, or leads elsewhere, is broken, and nothing else is changed', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'file', 'old')
    await put(provider, 'precious', 'stays')
    const other = openProvider(root, { lease })
    await put(other, 'file', 'older')
    const { name } = lockOf(locationOf('box', 'file'))
    for (const target of ['../../box/precious', '../../box/precious put box/precious', 'x']) {
      await symlink(target, join(root, '.stowage', 'locks', name))
      await put(other, 'file', target)
      expect(await readText(other, 'file')).toBe(target)
    }
    expect(await readText(other, 'precious')).toBe('stays')
  })

  it('of a holder whose state is unknown is broken after a while', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'file', 'old')
    const elsewhere = newToken().replace(/^[0-9a-f]{16}/, '0123456789abcdef')
    const other = openProvider(root, { lease })
    await put(other, 'file', 'older')
    await symlink(elsewhere, join(root, '.stowage', 'locks', lockOf(locationOf('box', 'file')).name))
    await put(other, 'file', 'new')
    expect(await readText(other, 'file')).toBe('new')
    expect(await locksIn(root)).toEqual([])
  })
})

describe.runIf(runAs !== undefined)('a lock that cannot be released', () => {
  it('is released later, and its finished write is visible', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'file', 'old')
    await put(provider, 'file', 'older')
    for (const name of ['', 'box', '.stowage', '.stowage/locks', '.stowage/tmp', '.stowage/attributes']) {
      await mkdir(join(root, name), { recursive: true })
      await chown(join(root, name), runAs?.uid ?? 0, runAs?.gid ?? 0)
    }
    const user = { ...runAs, env: { ...process.env, LEASE: String(lease) } }
    const holder = startHolder(root, 'put', 'rename >.0', 'chmod 555', user)
    expect(await holder.says()).toBe('there')
    expect(await holder.says()).toBe('done')
    expect(await readText(provider, 'file')).toBe('holder')
    expect(await locksIn(root)).toHaveLength(1)

    const waiting = startHolder(root, 'put', 'none', '', user)
    expect(await waiting.says()).toMatch(/^PERMISSION_DENIED: .*"box\/file"/)
    holder.process.send('go on')
    expect(await holder.says()).toBe('released')
    await put(provider, 'file', 'new')
    expect(await readText(provider, 'file')).toBe('new')
  })
})
