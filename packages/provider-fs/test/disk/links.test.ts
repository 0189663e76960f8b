import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { link, lstat, mkdir, readdir, readFile, readlink, rename, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isStorageError } from '@stowage/core'
import { describe, expect, it } from 'vitest'
import type { FilesystemProviderOptions } from '../../src/index.js'
import { names, never, newDirectory, newStorage, openProvider, put, reading, readText, writing } from '../fixture.js'

async function withOutside(options: Partial<FilesystemProviderOptions> = {}) {
  const outside = await newDirectory()
  await writeFile(join(outside, 'secret'), 'secret')
  return { outside, ...(await newStorage(options)) }
}

const ways = [
  { how: 'by descriptor', options: {} },
  { how: 'by path, as on systems that do not report paths', options: { byDescriptor: false } },
]

describe.each(ways)('If directories are accessed $how', ({ options }) => {
  it('a symbolic link to a file is not listed, read, replaced or deleted', async () => {
    const { outside, provider, box } = await withOutside(options)
    await symlink(join(outside, 'secret'), join(box, 'link'))
    expect(await names(provider)).toEqual([])
    await expect(provider.getFile('box', 'link', reading)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(provider.openFile('box', 'link', reading)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(provider.removeFile('box', 'link', reading)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(put(provider, 'link', 'overwritten')).rejects.toMatchObject({ code: 'NAME_CONFLICT' })
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret')
    expect(await readlink(join(box, 'link'))).toBe(join(outside, 'secret'))
  })

  it('a symbolic link to a directory is not a folder: nothing below it is listed, read, written or deleted', async () => {
    const { outside, provider, box } = await withOutside(options)
    await symlink(outside, join(box, 'dir'))
    await put(provider, 'file', 'file')
    expect(await names(provider)).toEqual(['file'])
    expect(await names(provider, { delimiter: '/' })).toEqual(['file'])
    expect(await names(provider, { prefix: 'dir/' })).toEqual([])
    await expect(provider.getFile('box', 'dir/secret', reading)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(provider.openFile('box', 'dir/secret', reading)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(provider.removeFile('box', 'dir/secret', reading)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(put(provider, 'dir/secret', 'x')).rejects.toMatchObject({ code: 'NAME_CONFLICT' })
    await expect(put(provider, 'dir/deeper/new', 'x')).rejects.toMatchObject({ code: 'NAME_CONFLICT' })
    const from = { container: 'box', file: 'file' }
    const to = { container: 'box', file: 'dir/copy' }
    const copying = { ...reading, native: {} }
    await expect(provider.copyFile(from, to, copying)).rejects.toMatchObject({ code: 'NAME_CONFLICT' })
    await expect(provider.moveFile(from, to, copying)).rejects.toMatchObject({ code: 'NAME_CONFLICT' })
    expect(await readdir(outside)).toEqual(['secret'])
  })

  it('a symbolic link further up in the path is not followed', async () => {
    const { outside, provider, box } = await withOutside(options)
    await mkdir(join(outside, 'sub', 'deep'), { recursive: true })
    await writeFile(join(outside, 'sub', 'deep', 'secret'), 'secret')
    await symlink(outside, join(box, 'dir'))
    await put(provider, 'file', 'file')
    const notFound = { code: 'FILE_NOT_FOUND' }
    for (const file of ['dir/sub/deep/secret', 'dir/sub/deep/other']) {
      await expect(provider.getFile('box', file, reading)).rejects.toMatchObject(notFound)
      await expect(provider.openFile('box', file, reading)).rejects.toMatchObject(notFound)
      await expect(provider.removeFile('box', file, reading)).rejects.toMatchObject(notFound)
      const copying = { ...reading, native: {} }
      const [from, to] = [
        { container: 'box', file },
        { container: 'box', file: 'copy' },
      ]
      await expect(provider.copyFile(from, to, copying)).rejects.toMatchObject(notFound)
      await expect(provider.moveFile(from, to, copying)).rejects.toMatchObject(notFound)
      await expect(provider.copyFile({ ...to, file: 'file' }, from, copying)).rejects.toMatchObject({
        code: 'NAME_CONFLICT',
      })
      await expect(put(provider, file, 'x')).rejects.toMatchObject({ code: 'NAME_CONFLICT' })
    }
    expect(await names(provider, { prefix: 'dir/sub/' })).toEqual([])
    expect(await names(provider, { prefix: 'dir/sub/deep/', delimiter: '/' })).toEqual([])
    expect(await names(provider)).toEqual(['file'])
    expect(await readdir(join(outside, 'sub', 'deep'))).toEqual(['secret'])
    expect(await readFile(join(outside, 'sub', 'deep', 'secret'), 'utf8')).toBe('secret')
  })

  it('a symbolic link in the root is not a container', async () => {
    const { outside, root, provider } = await withOutside(options)
    await symlink(outside, join(root, 'linked'))
    const { entries } = await provider.listContainers({ signal: never, limit: 10 })
    expect(entries.map(({ name }) => name)).toEqual(['box'])
    await expect(provider.getContainer('linked', { signal: new AbortController().signal })).rejects.toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
    })
    await expect(provider.getFile('linked', 'secret', reading)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
    const destroying = { signal: never, onlyIfEmpty: false }
    await expect(provider.destroyContainer('linked', destroying)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
    expect(await readdir(outside)).toEqual(['secret'])
  })

  it('the root may be a symbolic link', async () => {
    const { root, provider } = await newStorage(options)
    await put(provider, 'a/b', 'here')
    const link = join(await newDirectory(), 'root')
    await symlink(root, link)
    const other = openProvider(link, options)
    expect(await readText(other, 'a/b')).toBe('here')
    await put(other, 'a/c', 'there')
    expect(await readText(provider, 'a/c')).toBe('there')
  })

  it('destroying a container deletes the links in it, but not their targets', async () => {
    const { outside, provider, box } = await withOutside(options)
    await symlink(outside, join(box, 'dir'))
    await symlink(join(outside, 'secret'), join(box, 'link'))
    await expect(provider.destroyContainer('box', { signal: never, onlyIfEmpty: true })).rejects.toMatchObject({
      code: 'CONTAINER_NOT_EMPTY',
    })
    await provider.destroyContainer('box', { signal: never, onlyIfEmpty: false })
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret')
  })

  it('pipes are not files, and no call waits for them', async () => {
    const { provider, box } = await newStorage(options)
    execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(box, 'pipe')])
    expect(await names(provider)).toEqual([])
    await expect(provider.openFile('box', 'pipe', reading)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(provider.getFile('box', 'pipe', reading)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(put(provider, 'pipe', 'x')).rejects.toMatchObject({ code: 'NAME_CONFLICT' })
  })

  it('a symbolic link instead of .stowage is rejected', async () => {
    const outside = await newDirectory()
    const root = await newDirectory()
    await symlink(outside, join(root, '.stowage'))
    await mkdir(join(root, 'box'))
    const provider = openProvider(root, options)
    await expect(provider.putFile('box', 'file', Buffer.from('x'), writing)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('the directory .stowage cannot be created'),
    })
    expect(await readdir(outside)).toEqual([])
    await unlink(join(root, '.stowage'))
    await provider.putFile('box', 'file', Buffer.from('x'), writing)
    expect((await lstat(join(root, '.stowage'))).isDirectory()).toBe(true)
  })
})

it('Two names of one inode are two files: moving one onto the other leaves one', async () => {
  const { provider, box } = await newStorage()
  await writeFile(join(box, 'one'), 'content')
  await link(join(box, 'one'), join(box, 'two'))
  const options = { ...reading, native: {} }
  await provider.moveFile({ container: 'box', file: 'one' }, { container: 'box', file: 'two' }, options)
  expect(await names(provider)).toEqual(['two'])
  expect(await readText(provider, 'two')).toBe('content')
})

it.runIf(process.platform === 'linux')(
  'A folder that is repeatedly replaced by a symbolic link while its files are used is never followed',
  async () => {
    const { outside, provider, box } = await withOutside()
    for (const directory of ['dir', 'dir/sub']) {
      await mkdir(join(box, directory))
      await writeFile(join(box, directory, 'secret'), 'harmless')
    }
    await mkdir(join(outside, 'sub'))
    await writeFile(join(outside, 'sub', 'secret'), 'secret')
    const swapper = fork(new URL('../children/swapper.ts', import.meta.url), [join(box, 'dir'), outside])
    await once(swapper, 'message')
    // INTERNAL: the folder was moved away together with the file that was just written.
    const allowed = new Set(['FILE_NOT_FOUND', 'NAME_CONFLICT', 'INTERNAL'])
    const outcomes: Record<string, number> = {}
    const attempt = async (work: Promise<unknown>) => {
      const outcome = await work.then(
        () => 'done',
        (error: unknown) => {
          if (isStorageError(error) && allowed.has(error.code)) return error.code
          throw error
        },
      )
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    }
    try {
      for (let round = 0; round < 150; round++) {
        const folder = round % 2 === 0 ? 'dir' : 'dir/sub'
        await attempt(readText(provider, `${folder}/secret`).then((text) => expect(text).toBe('harmless')))
        await attempt(provider.getFile('box', `${folder}/secret`, reading).then(({ size }) => expect(size).toBe(8)))
        await attempt(put(provider, `${folder}/new`, 'written'))
        await attempt(provider.removeFile('box', `${folder}/new`, reading))
        const [from, to] = [`${folder}/secret`, `${folder}/copy`].map((file) => ({ container: 'box', file }))
        if (from !== undefined && to !== undefined) {
          await attempt(provider.copyFile(from, to, { ...reading, native: {} }))
        }
        for (const { name, size } of (
          await provider.listFiles('box', { signal: never, prefix: '', limit: 100 })
        ).entries.filter((entry) => entry.folder === undefined)) {
          if (name.endsWith('/secret')) expect(size).toBe(8)
        }
      }
    } finally {
      expect(swapper.kill(), 'the other process has ended by itself').toBe(true)
      if (swapper.exitCode === null) await once(swapper, 'exit')
    }
    expect(outcomes['done']).toBeGreaterThan(0)
    expect(outcomes['FILE_NOT_FOUND']).toBeGreaterThan(0)
    expect((await readdir(outside, { recursive: true })).sort()).toEqual(['secret', 'sub', 'sub/secret'])
    for (const path of ['secret', 'sub/secret']) expect(await readFile(join(outside, path), 'utf8')).toBe('secret')
  },
  30_000,
)

it('A folder that is moved while its files are used is found at its new path', async () => {
  const { provider, box } = await newStorage()
  await put(provider, 'old/file', 'content')
  await rename(join(box, 'old'), join(box, 'new'))
  expect(await names(provider)).toEqual(['new/file'])
  await expect(provider.getFile('box', 'old/file', reading)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  expect(await readText(provider, 'new/file')).toBe('content')
  await put(provider, 'old/file', 'again')
  expect(await names(provider)).toEqual(['new/file', 'old/file'])
})
