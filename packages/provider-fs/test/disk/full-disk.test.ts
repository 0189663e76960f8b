import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { names, never, openProvider, put, reading, writing } from '../fixture.js'
import { canMountImages, canUnshare, mounted, mountedExt4 } from '../machine.js'

const kept = { contentType: 'a/b', metadata: { key: 'value' } }

function untilFull(work: () => void): void {
  try {
    while (true) work()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}

/** Uses up all blocks. */
function fill(volume: string): void {
  const fd = openSync(join(volume, 'filler'), 'a')
  const piece = Buffer.alloc(65_536)
  for (const size of [65_536, 4096, 1]) untilFull(() => writeSync(fd, piece, 0, size))
  closeSync(fd)
}

function useInodes(volume: string): void {
  let count = 0
  mkdirSync(join(volume, 'inodes'))
  untilFull(() => symlinkSync('x', join(volume, 'inodes', String(count++))))
}

/** So long that a link with this target needs a block. */
const long = (text: string) => `${text}-${'x'.repeat(150)}`

const volumes = [
  ['ext4', canMountImages, () => mountedExt4(8_388_608), fill],
  ['ext4 without inodes', canMountImages, () => mountedExt4(8_388_608, '-N', '256'), useInodes],
  ['tmpfs', canUnshare, () => mounted('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs'), fill],
  ['tmpfs without inodes', canUnshare, () => mounted('-t', 'tmpfs', '-o', 'nr_inodes=200', 'tmpfs'), useInodes],
] as const

describe.each(volumes)('on a full disk (%s)', (_, isPossible, mount, use) => {
  it.runIf(isPossible)('files, uploads and containers can be deleted', async () => {
    const volume = await mount()
    const root = join(volume, 'root')
    await mkdir(root)
    const provider = openProvider(root)
    const names = ['one', 'two', 'three', 'folder/four', 'five'].map(long)
    for (const container of ['box', 'other']) {
      await provider.createContainer(container, { signal: never })
      for (const name of names) {
        await provider.putFile(container, name, Buffer.from('x'), { ...writing, attributes: kept })
      }
    }
    const upload = await provider.startUpload('box', 'upload', { ...writing, partSize: 10 })
    await provider.uploadPart(upload, Buffer.from('part'), { signal: never, partNumber: 1 })
    execFileSync('rm', ['-r', join(root, 'other', names[1] ?? '')])
    use(volume)
    await expect(put(provider, 'more', 'x'.repeat(10_000))).rejects.toMatchObject({ code: 'NO_SPACE' })

    const [one = '', two = '', ...others] = names
    await provider.removeFile('box', one, reading)
    use === fill && fill(volume)
    const { etag } = await provider.getFile('box', two, reading)
    await provider.removeFile('box', two, { signal: never, conditions: { ifMatch: etag } })
    use === fill && fill(volume)
    expect(await provider.removeFiles('box', others, { signal: never })).toEqual(others.map((file) => ({ file })))
    use === fill && fill(volume)
    await provider.abortUpload(upload, { signal: never })
    use === fill && fill(volume)
    await provider.clean()
    expect((await readdir(join(root, '.stowage', 'attributes', 'other'), { recursive: true })).length).toBe(8)
    use === fill && fill(volume)
    for (const container of ['box', 'other']) {
      await provider.destroyContainer(container, { signal: never, onlyIfEmpty: false })
    }
    const left = await readdir(join(root, '.stowage'), { recursive: true, withFileTypes: true })
    expect(left.filter((entry) => !entry.isDirectory() || entry.parentPath.endsWith('/tmp'))).toEqual([])
  })

  it.runIf(isPossible)(
    'files and containers of a tree to which the provider has not written can be deleted',
    async () => {
      const volume = await mount()
      const root = join(volume, 'root')
      await mkdir(join(root, 'box'), { recursive: true })
      await mkdir(join(root, 'box', 'folder'))
      for (const name of ['one', 'folder/two', 'three']) await writeFile(join(root, 'box', name), 'x')
      use(volume)
      const provider = openProvider(root)
      const { etag } = await provider.getFile('box', 'one', reading)
      await provider.removeFile('box', 'one', { signal: never, conditions: { ifMatch: etag } })
      await provider.removeFile('box', 'folder/two', reading)
      expect(await names(provider)).toEqual(['three'])
      use === fill && fill(volume)
      await provider.clean()
      await provider.destroyContainer('box', { signal: never, onlyIfEmpty: false })
      expect(await readdir(root)).not.toContain('box')
    },
  )

  it.runIf(isPossible)(
    'a container to which the provider has not written, with names that are not UTF-8, can be deleted',
    async () => {
      const volume = await mount()
      const root = join(volume, 'root')
      const odd = Buffer.from([0xe4])
      await mkdir(join(root, 'box', 'folder'), { recursive: true })
      for (const directory of ['box', 'box/folder']) {
        await writeFile(Buffer.concat([Buffer.from(`${join(root, directory)}/`), odd]), 'x'.repeat(10_000))
      }
      use(volume)
      await openProvider(root).destroyContainer('box', { signal: never, onlyIfEmpty: false })
      expect(await readdir(root)).not.toContain('box')
    },
  )
})
