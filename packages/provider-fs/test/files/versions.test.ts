import { execFileSync } from 'node:child_process'
import {
  appendFile,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copyContent } from '../../src/copier.js'
import { Workspace } from '../../src/files/workspace.js'
import {
  list,
  never,
  newDirectory,
  newStorage,
  openProvider,
  plain,
  put,
  read,
  reading,
  readText,
  writing,
} from '../fixture.js'

const kept = { contentType: 'a/b', cacheControl: 'no-store', metadata: { key: 'välue', __proto__x: '' } }

describe('the versions of a name', () => {
  it('have increasing times and unique ETags, even in rapid succession', async () => {
    const { provider } = await newStorage()
    const etags = new Set<string>()
    let last = 0n
    for (let round = 0; round < 300; round++) {
      const { etag } = await put(provider, 'file', 'same', round % 2 === 0 ? {} : { attributes: kept })
      etags.add(etag)
      const { mtimeNs } = await stat(provider.native.pathOf('box', 'file'), { bigint: true })
      expect(mtimeNs).toBeGreaterThan(last)
      last = mtimeNs
      if (round % 3 === 0) await provider.removeFile('box', 'file', reading)
    }
    expect(etags.size).toBe(300)
  })

  it('follow a file from the future, and do not affect the times of other files', async () => {
    const { provider, box } = await newStorage()
    const future = new Date('2099-01-01T00:00:00.123Z')
    await writeFile(join(box, 'future'), 'x')
    await utimes(join(box, 'future'), future, future)
    const written = await put(provider, 'future', 'y')
    expect(Number(written.mtime)).toBeGreaterThanOrEqual(Number(future))
    expect(written.etag).toBe((await provider.getFile('box', 'future', reading)).etag)
    const other = await put(provider, 'other', 'z')
    expect(Number(other.mtime)).toBeLessThan(Date.now() + 1000)
  })

  it('change if another program writes the file', async () => {
    const { provider, box } = await newStorage()
    const { etag } = await put(provider, 'file', 'ours', { attributes: kept })
    await writeFile(join(box, 'file'), 'their')
    const info = await provider.getFile('box', 'file', reading)
    expect(info.etag).not.toBe(etag)
    expect(info).toMatchObject({ size: 5, contentType: 'application/octet-stream', metadata: {} })
    await expect(put(provider, 'file', 'x', { conditions: { ifMatch: etag } })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    })
  })
})

describe('conditions', () => {
  it('let only one of a deletion and a replacement of the same version succeed, in two processes', async () => {
    const { root, provider } = await newStorage()
    const other = openProvider(root)
    for (let round = 0; round < 150; round++) {
      const conditions = { ifMatch: (await put(provider, 'file', 'first')).etag }
      const results = await Promise.allSettled([
        provider.removeFile('box', 'file', { signal: never, conditions }),
        put(other, 'file', 'second', { conditions }),
      ])
      const done = results.map(({ status }) => status === 'fulfilled')
      expect(done.filter(Boolean)).toHaveLength(1)
      const [removed] = done
      if (removed)
        await expect(provider.getFile('box', 'file', reading)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
      else expect(await readText(provider, 'file')).toBe('second')
    }
  })
})

describe('a list', () => {
  it("shows what was written since the previous one, even if the directory's time did not change", async () => {
    const { provider, box } = await newStorage()
    // As on a file system whose clock has not ticked yet: both changes of the directory have the
    // same time.
    const time = new Date(Date.now() + 3_600_000)
    await put(provider, 'a', 'x')
    await utimes(box, time, time)
    expect((await list(provider)).map(({ name }) => name)).toEqual(['a'])
    await put(provider, 'b', 'x')
    await utimes(box, time, time)
    expect((await list(provider)).map(({ name }) => name)).toEqual(['a', 'b'])
  })
})

describe('attributes', () => {
  it('that the name implies are not stored, and others are', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'photo.png', 'x', { attributes: { contentType: 'image/png', metadata: {} } })
    await put(provider, 'unknown', 'x', { attributes: plain })
    expect(await readdir(join(root, '.stowage'))).not.toContain('attributes')
    await put(provider, 'photo.png', 'x', { attributes: kept })
    expect(await keptFiles(root)).toBe(1)
    await put(provider, 'photo.png', 'x', { attributes: kept })
    expect(await keptFiles(root)).toBe(1)
    await put(provider, 'photo.png', 'x', { attributes: { contentType: 'image/png', metadata: {} } })
    expect(await keptFiles(root)).toBe(0)
    await put(provider, 'photo.png', 'x', { attributes: kept })
    await provider.removeFile('box', 'photo.png', reading)
    expect(await keptFiles(root)).toBe(0)
  })

  it('are moved with a moved file, and stay with a copied one', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'a', 'x', { attributes: kept, checksums: { md5: '9dd4e461268c8034f5c8564e155c67a6' } })
    const options = { ...reading, native: {} }
    await provider.copyFile({ container: 'box', file: 'a' }, { container: 'box', file: 'b' }, options)
    await provider.moveFile({ container: 'box', file: 'a' }, { container: 'box', file: 'c.png' }, options)
    for (const file of ['b', 'c.png']) {
      expect(await provider.getFile('box', file, reading)).toMatchObject({
        ...kept,
        checksums: { md5: '9dd4e461268c8034f5c8564e155c67a6' },
      })
    }
    await put(provider, 'b', 'newer')
    await provider.moveFile({ container: 'box', file: 'c.png' }, { container: 'box', file: 'b' }, options)
    expect(await provider.getFile('box', 'b', reading)).toMatchObject(kept)
    expect(await keptFiles(root)).toBe(1)
  })

  it('with a type that only the old name implied are stored under the new name', async () => {
    const { provider } = await newStorage()
    await put(provider, 'a.png', 'x', { attributes: { contentType: 'image/png', metadata: {} } })
    const options = { ...reading, native: {} }
    const moved = await provider.moveFile(
      { container: 'box', file: 'a.png' },
      { container: 'box', file: 'b.txt' },
      options,
    )
    expect(moved.contentType).toBe('image/png')
    expect(await provider.getFile('box', 'b.txt', reading)).toMatchObject({
      contentType: 'image/png',
      etag: moved.etag,
    })
  })

  it('are those of the version that is read, while it is replaced repeatedly', async () => {
    const { provider } = await newStorage()
    const write = (round: number) =>
      put(provider, 'file', String(round), {
        attributes: round % 3 === 0 ? plain : { ...plain, metadata: { round: String(round) } },
      })
    await write(0)
    const finished = new AbortController()
    const writer = (async () => {
      for (let round = 1; round < 500; round++) await write(round)
      finished.abort()
    })()
    let reads = 0
    while (!finished.signal.aborted) {
      const opened = await provider.openFile('box', 'file', reading)
      const text = 'bytes' in opened ? Buffer.from(opened.bytes).toString() : ''
      expect(opened.info.metadata).toEqual(Number(text) % 3 === 0 ? {} : { round: text })
      const { metadata } = await provider.getFile('box', 'file', reading)
      expect(metadata['round'] === undefined || Number(metadata['round']) >= Number(text)).toBe(true)
      reads++
    }
    await writer
    expect(reads).toBeGreaterThan(100)
  })

  it('and ETags survive a copy of the whole root that keeps times', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'a/b', 'x', { attributes: kept })
    await put(provider, 'c.png', 'y', { attributes: { contentType: 'image/png', metadata: {} } })
    const target = join(await newDirectory(), 'copy')
    execFileSync('cp', ['-a', root, target])
    const copy = openProvider(target)
    for (const file of ['a/b', 'c.png']) {
      const { atime: _, ctime: __, created: ___, ...original } = await provider.getFile('box', file, reading)
      expect(await copy.getFile('box', file, reading)).toMatchObject(original)
    }
  })

  it('that cannot be read, as after a loss of power, are those that the name implies', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'a.png', 'x', { attributes: kept })
    const attributes = join(root, '.stowage', 'attributes')
    for (const entry of await readdir(attributes, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) await truncate(join(entry.parentPath, entry.name), 10)
    }
    expect(await provider.getFile('box', 'a.png', reading)).toMatchObject({ contentType: 'image/png', metadata: {} })
  })
})

describe('a move', () => {
  const between = (from: string, to: string) =>
    [
      { container: 'box', file: from },
      { container: 'box', file: to },
    ] as const
  const options = { ...reading, native: {} }

  it('keeps the time, and therefore the ETag, unless the target is newer', async () => {
    const { provider } = await newStorage()
    for (const attributes of [plain, kept]) {
      const { etag } = await put(provider, 'a', 'x', { attributes })
      expect((await provider.moveFile(...between('a', 'b'), options)).etag).toBe(etag)
      const newer = await put(provider, 'c', 'y')
      const moved = await provider.moveFile(...between('b', 'c'), options)
      expect(moved.etag).not.toBe(etag)
      expect(Number(moved.mtime)).toBeGreaterThanOrEqual(Number(newer.mtime))
      expect(await provider.getFile('box', 'c', reading)).toMatchObject(moved)
    }
  })
})

describe('a copy', () => {
  it('is restarted if its source is written in place in the meantime, and never mixes versions', async () => {
    const { root, provider, box } = await newStorage({ chunkSize: 65_536 })
    // Larger than what the kernel copies in one call, and almost without blocks, so that it needs
    // no space.
    const size = 100_000_000
    await writeFile(join(box, 'source'), '1')
    await truncate(join(box, 'source'), size - 1)
    await appendFile(join(box, 'source'), '1')
    let settled = false
    const copied = provider
      .copyFile({ container: 'box', file: 'source' }, { container: 'box', file: 'target' }, { ...reading, native: {} })
      .finally(() => {
        settled = true
      })
    const temporaries = join(root, '.stowage', 'tmp')
    const hasBegun = async () => {
      for (const name of await readdir(temporaries).catch(() => [])) {
        const stats = await stat(join(temporaries, name)).catch(() => undefined)
        if (stats !== undefined && stats.size > 0) return true
      }
      return false
    }
    while (!settled && !(await hasBegun()));
    // A file system that shares blocks completes the copy at once, so there is no time in between.
    const expected = settled ? '1' : '2'
    const source = await open(join(box, 'source'), 'r+')
    await source.write('2', 0)
    await source.write('2', size - 1)
    await source.close()
    expect((await copied).size).toBe(size)
    const ends = await Promise.all(
      [{ start: 0, end: 0 }, { suffix: 1 }].map(async (range) => {
        const opened = await provider.openFile('box', 'target', { ...reading, range })
        return 'bytes' in opened ? Buffer.from(opened.bytes).toString() : ''
      }),
    )
    expect(ends).toEqual([expected, expected])
  })

  it('of the first bytes of a file contains only those, whatever the target contained', async () => {
    const directory = await newDirectory()
    await writeFile(join(directory, 'source'), 'a'.repeat(100))
    await writeFile(join(directory, 'target'), 'z'.repeat(500))
    const source = await open(join(directory, 'source'), 'r')
    const target = await open(join(directory, 'target'), 'r+')
    const workspace = new Workspace({ root: directory, createRoot: false, fsync: false, chunkSize: 16 })
    const copy = (size: number) =>
      copyContent(workspace, source.fd, { fd: target.fd, path: join(directory, 'target') }, size, never)
    expect(await copy(50)).toBe(true)
    expect(await readFile(join(directory, 'target'), 'utf8')).toBe('a'.repeat(50))
    expect(await copy(100)).toBe(true)
    expect(await readFile(join(directory, 'target'), 'utf8')).toBe('a'.repeat(100))
    expect(await copy(200)).toBe(false)
    await Promise.all([source.close(), target.close()])
  })
})

describe('a read', () => {
  const size = 5_000_000
  const large = (letter: string) => Buffer.alloc(size, letter)

  it('continues with its version if the file is replaced, moved or deleted', async () => {
    const { provider } = await newStorage()
    const changes = [
      () => provider.putFile('box', 'file', large('b'), writing),
      () => provider.removeFile('box', 'file', reading),
      () =>
        provider.moveFile(
          { container: 'box', file: 'file' },
          { container: 'box', file: 'moved' },
          { ...reading, native: {} },
        ),
      () => provider.destroyContainer('box', { signal: never, onlyIfEmpty: false }),
    ]
    for (const [change, attributes] of changes.flatMap((change) => [
      [change, plain] as const,
      [change, kept] as const,
    ])) {
      await provider.createContainer('box', { signal: never }).catch(() => undefined)
      await provider.putFile('box', 'file', large('a'), { ...writing, attributes })
      await provider.removeFile('box', 'moved', reading).catch(() => undefined)
      const opened = await provider.openFile('box', 'file', reading)
      if ('bytes' in opened) throw new Error('a file of that size is streamed')
      const chunks: Buffer[] = []
      for await (const chunk of opened.stream) {
        if (chunks.length === 0) await change()
        chunks.push(chunk)
      }
      expect(Buffer.concat(chunks).equals(large('a'))).toBe(true)
    }
  })

  it('fails if another program shortens or overwrites the file in place', async () => {
    const { provider, box } = await newStorage()
    const changes = [() => truncate(join(box, 'file'), 2_500_000), () => writeFile(join(box, 'file'), large('b'))]
    for (const change of changes) {
      await provider.putFile('box', 'file', large('a'), writing)
      const opened = await provider.openFile('box', 'file', reading)
      if ('bytes' in opened) throw new Error('a file of that size is streamed')
      let length = 0
      const readAll = async () => {
        for await (const chunk of opened.stream) {
          if (length === 0) await change()
          length += chunk.length
        }
      }
      await expect(readAll()).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
      expect(length).toBeLessThan(size)
    }
  })

  it('that is not finished closes its descriptor', async () => {
    const { provider, box } = await newStorage()
    await provider.putFile('box', 'file', large('a'), writing)
    const openFiles = async () => {
      const links = await readdir('/proc/self/fd')
      const paths = await Promise.all(links.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => undefined)))
      return paths.filter((path) => path === join(box, 'file')).length
    }
    for (let round = 0; round < 20; round++) {
      const opened = await provider.openFile('box', 'file', reading)
      if ('bytes' in opened) throw new Error('a file of that size is streamed')
      if (round % 2 === 0) for await (const _ of opened.stream) break
      const closed = new Promise((resolve) => opened.stream.once('close', resolve))
      if (opened.stream.destroy().closed) continue
      await closed
    }
    if (process.platform === 'linux') expect(await openFiles()).toBe(0)
  })
})

describe('a replacement', () => {
  it('is a new inode: open descriptors and hard links keep the old file', async () => {
    const { provider, box } = await newStorage()
    await put(provider, 'file', 'old')
    const before = await stat(join(box, 'file'))
    await put(provider, 'file', 'new')
    expect((await stat(join(box, 'file'))).ino).not.toBe(before.ino)
    expect(await readFile(join(box, 'file'), 'utf8')).toBe('new')
  })

  it('of an empty folder by a file succeeds, and of one with files is a conflict that names the file', async () => {
    const { provider, box } = await newStorage()
    await mkdir(join(box, 'folder', 'deeper'), { recursive: true })
    await put(provider, 'folder', 'file now')
    expect(await readText(provider, 'folder')).toBe('file now')
    await expect(put(provider, 'folder/below/it', 'x')).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      details: { conflictsWith: 'folder' },
    })
    await put(provider, 'other/file', 'x')
    await expect(put(provider, 'other', 'x')).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      details: { conflictsWith: 'other' },
    })
    expect((await list(provider)).map(({ name }) => name)).toEqual(['folder', 'other/file'])
  })

  it('leaves no folder behind if it fails or the last file of a folder is deleted', async () => {
    const { provider, box } = await newStorage()
    await put(provider, 'a/b/c', 'x')
    await expect(put(provider, 'd/e/f', 'x', { conditions: { ifMatch: '"x"' } })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    })
    expect(await readdir(box)).toEqual(['a'])
    await provider.removeFile('box', 'a/b/c', reading)
    expect(await readdir(box)).toEqual([])
  })

  it('concurrent with the pruning of its folder never loses the file', async () => {
    const { provider } = await newStorage()
    for (let round = 0; round < 200; round++) {
      await put(provider, 'a/b/one', 'x')
      await Promise.all([provider.removeFile('box', 'a/b/one', reading), put(provider, 'a/b/two', String(round))])
      expect(await readText(provider, 'a/b/two')).toBe(String(round))
      await provider.removeFile('box', 'a/b/two', reading)
    }
  })
})

describe('a body', () => {
  it('whose source reuses one buffer is stored correctly', async () => {
    const { provider } = await newStorage({ chunkSize: 8192 })
    for (const pieceSize of [1, 100, 8191, 8192, 8193, 30_000]) {
      async function* body() {
        const buffer = Buffer.alloc(pieceSize)
        for (let piece = 0; piece < 40; piece++) yield buffer.fill(piece + 1)
      }
      await provider.putFile('box', 'file', body(), writing)
      const expected = Buffer.concat(Array.from({ length: 40 }, (_, piece) => Buffer.alloc(pieceSize, piece + 1)))
      expect((await read(provider, 'file')).equals(expected)).toBe(true)
    }
  })

  it('in chunks of many sizes is stored correctly by many concurrent writers', async () => {
    const { provider } = await newStorage({ chunkSize: 1_048_576 })
    await Promise.all(
      Array.from({ length: 60 }, async (_, writer) => {
        const pieces = Array.from({ length: 12 }, (_, piece) =>
          Buffer.alloc(((writer * 7919 + piece * 104_729) % 150_000) + 1, piece),
        )
        async function* body() {
          yield* pieces
        }
        await provider.putFile('box', `file-${writer}`, body(), writing)
        expect((await read(provider, `file-${writer}`)).equals(Buffer.concat(pieces))).toBe(true)
      }),
    )
  })
})

async function keptFiles(root: string): Promise<number> {
  const entries = await readdir(join(root, '.stowage', 'attributes'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).length
}
