/** Cases for what only Windows does. Each gets the path of a directory that does not exist. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'

export interface WindowsCase {
  /** Begins with the case's id. */
  readonly title: string
  readonly run: (root: string) => Promise<void>
}

/** Node resolves a path with `GetFinalPathNameByHandleW`. Wine's gives up after 260 characters. */
export function canResolveLongPaths(directory: string): boolean {
  const path = join(directory, 'x'.repeat(250), 'y'.repeat(50))
  mkdirSync(path, { recursive: true })
  try {
    return realpathSync.native(path).endsWith('y')
  } catch {
    return false
  }
}

async function open(root: string, settings: { readonly fsync?: boolean } = {}) {
  const provider = new FilesystemProvider({ root, createRoot: true, ...settings })
  const storage = new StorageService(provider)
  await storage.createContainer({ name: 'box' })
  return { provider, storage }
}

const read = async (storage: StorageService, file: string): Promise<Buffer> =>
  buffer((await storage.openFile('box', file)).stream)

/** Content that stays open while it is read. */
const large = (byte: number) => Buffer.alloc(1_000_000, byte)

/** Kills a process that writes to `box/file`. Returns the name of its temporary file. */
async function tokenOfKilledProcess(root: string): Promise<string> {
  const writer = fork(new URL('./killed-writer.ts', import.meta.url), [root])
  await once(writer, 'message')
  const [token = ''] = await readdir(join(root, '.stowage', 'tmp'))
  writer.kill()
  await once(writer, 'exit')
  return token
}

/**
 * Makes a root look as if a process had been killed while it replaced `box/file`: after it moved
 * the old file away.
 */
async function interruptReplacement(root: string): Promise<void> {
  const token = await tokenOfKilledProcess(root)
  await rename(join(root, 'box', 'file'), join(root, '.stowage', 'tmp', `${token}.5`))
  await writeFile(join(root, '.stowage', 'locks', hash('sha256', 'box/file')), `${token} put box/file`)
}

export const windowsCases: readonly WindowsCase[] = [
  {
    title: 'W.1 names that Windows cannot store are escaped on the disk',
    async run(root) {
      const { storage } = await open(root)
      const entries = {
        'a:b': 'a%3Ab',
        '<>"|?*': '%3C%3E%22%7C%3F%2A',
        'a\\b': 'a%5Cb',
        'line\nfeed': 'line%0Afeed',
        'end.': 'end%2E',
        'end ': 'end%20',
        nul: '%6Eul',
        'COM1.txt': '%43OM1.txt',
        '..': '%2E%2E',
        'a%3Ab': 'a%253Ab',
        '\u{10000}\u{10ffff}': '%F0%90%80%80%F4%8F%BF%BF',
        'naïve 100% (1).TXT': 'naïve 100% (1).TXT',
      }
      for (const name of Object.keys(entries)) await storage.putFile('box', name, name)
      assert.deepEqual((await readdir(join(root, 'box'))).sort(), Object.values(entries).sort())
      const listed = (await storage.getFiles('box')).map(({ name }) => name)
      assert.deepEqual(listed.sort(), Object.keys(entries).sort())
      for (const name of listed) assert.equal(`${await read(storage, name)}`, name)
    },
  },
  {
    title: 'W.2 every file of another program has a name',
    async run(root) {
      const { storage } = await open(root)
      const long = `${'long'.repeat(63)}xyz`
      const entries = ['a%3Ab', '%', 'x%2E', '%4EUL', 'ordinary.txt', long]
      for (const entry of entries) await writeFile(join(root, 'box', entry), entry)
      const listed = (await storage.getFiles('box')).map(({ name }) => name)
      assert.deepEqual(listed.sort(), ['%', 'NUL', 'a:b', long, 'ordinary.txt', 'x.'].sort())
      const contents = await Promise.all(listed.map(async (name) => `${await read(storage, name)}`))
      assert.deepEqual(contents.sort(), entries.sort())
    },
  },
  {
    title: 'W.3 the name of a container is an entry of Windows',
    async run(root) {
      const { storage } = await open(root)
      for (const name of ['a:b', 'nul', 'Aux.old', 'end.', 'end ', 'a|b', 'tab\t', '.STOWAGE']) {
        await assert.rejects(storage.createContainer({ name }), { code: 'INVALID_NAME' }, name)
      }
      await storage.createContainer({ name: 'Größe 1.0 (neu)' })
      assert.deepEqual((await readdir(root)).sort(), ['.stowage', 'Größe 1.0 (neu)', 'box'])
    },
  },
  {
    title: 'W.4 a container has one spelling',
    async run(root) {
      const { storage } = await open(root)
      await assert.rejects(storage.createContainer({ name: 'BOX' }), { code: 'CONTAINER_EXISTS' })
      await assert.rejects(storage.getContainer('BOX'), { code: 'CONTAINER_NOT_FOUND' })
      await assert.rejects(storage.putFile('BOX', 'file', 'x'), { code: 'CONTAINER_NOT_FOUND' })
    },
  },
  {
    title: 'W.5 a file that is being read can be replaced and deleted, and is never missing',
    async run(root) {
      const { storage } = await open(root)
      await storage.putFile('box', 'file', large(0))
      let done = false
      const look = async () => {
        for (let looks = 0; !done; looks++) {
          assert.equal((await storage.getFile('box', 'file')).size, 1_000_000, `look ${looks}`)
        }
      }
      const replace = async () => {
        for (let version = 1; version <= 20; version++) {
          const opened = await storage.openFile('box', 'file')
          const [first] = await once(opened.stream, 'data')
          opened.stream.pause()
          await storage.putFile('box', 'file', large(version))
          const rest = await buffer(opened.stream)
          assert.ok(Buffer.concat([first, rest]).equals(large(version - 1)), `version ${version}`)
        }
        done = true
      }
      await Promise.all([look(), look(), replace()])
      const opened = await storage.openFile('box', 'file')
      await storage.removeFile('box', 'file')
      await assert.rejects(storage.getFile('box', 'file'), { code: 'FILE_NOT_FOUND' })
      await storage.putFile('box', 'file', 'new')
      assert.ok((await buffer(opened.stream)).equals(large(20)))
      assert.equal(`${await read(storage, 'file')}`, 'new')
      assert.deepEqual(await readdir(join(root, '.stowage', 'locks')), [])
    },
  },
  {
    title: 'W.6 a reader finds the file that a killed process was replacing',
    async run(root) {
      const { storage } = await open(root)
      await storage.putFile('box', 'file', 'old')
      await interruptReplacement(root)
      assert.equal(existsSync(join(root, 'box', 'file')), false)
      const other = new StorageService(new FilesystemProvider({ root }))
      assert.equal(`${await read(other, 'file')}`, 'old')
      assert.equal(await readFile(join(root, 'box', 'file'), 'utf8'), 'old')
    },
  },
  {
    title: 'W.7 cleaning finds it too, and deletes what else the process left',
    async run(root) {
      const { storage } = await open(root)
      await storage.putFile('box', 'file', 'old')
      await interruptReplacement(root)
      await new FilesystemProvider({ root }).clean()
      assert.equal(await readFile(join(root, 'box', 'file'), 'utf8'), 'old')
      assert.deepEqual(await readdir(join(root, '.stowage', 'tmp')), [])
      assert.deepEqual(await readdir(join(root, '.stowage', 'locks')), [])
    },
  },
  {
    title: 'W.8 a path may be longer than 260 characters',
    async run(root) {
      const { storage } = await open(root)
      const name = Array.from({ length: 5 }, (_, index) => `${index}`.repeat(100)).join('/')
      await storage.putFile('box', name, 'x')
      assert.equal(`${await read(storage, name)}`, 'x')
      assert.deepEqual(
        (await storage.getFiles('box')).map((file) => file.name),
        [name],
      )
      await storage.removeFile('box', name)
      assert.deepEqual(await readdir(join(root, 'box')), [])
    },
  },
  {
    title: 'W.9 writes that wait for the disk work without directories that can be opened',
    async run(root) {
      const { storage } = await open(root, { fsync: true })
      await storage.putFile('box', 'a/file', 'x', { metadata: { key: 'value' } })
      await storage.moveFile({ container: 'box', file: 'a/file' }, { container: 'box', file: 'b/file' })
      assert.equal((await storage.getFile('box', 'b/file')).metadata['key'], 'value')
      await storage.destroyContainer('box')
    },
  },
  {
    title: 'W.10 a container whose file is open can be destroyed',
    async run(root) {
      const { storage } = await open(root)
      await storage.putFile('box', 'a/b/file', large(1))
      const opened = await storage.openFile('box', 'a/b/file')
      await storage.destroyContainer('box')
      await assert.rejects(storage.getContainer('box'), { code: 'CONTAINER_NOT_FOUND' })
      assert.ok((await buffer(opened.stream)).equals(large(1)))
    },
  },
  {
    title: 'W.11 a junction leads nowhere',
    async run(root) {
      const { storage } = await open(root)
      const outside = `${root} outside`
      await mkdir(outside)
      await writeFile(join(outside, 'secret'), 'secret')
      await symlink(outside, join(root, 'box', 'link'), 'junction')
      await symlink(outside, join(root, 'linked'), 'junction')
      assert.deepEqual(await storage.getFiles('box'), [])
      await assert.rejects(storage.openFile('box', 'link/secret'), { code: 'FILE_NOT_FOUND' })
      await assert.rejects(storage.putFile('box', 'link/new', 'x'), { code: 'NAME_CONFLICT' })
      await assert.rejects(storage.openFile('linked', 'secret'), { code: 'CONTAINER_NOT_FOUND' })
      await storage.destroyContainer('box')
      assert.deepEqual(await readdir(outside), ['secret'])
      await rm(outside, { recursive: true })
    },
  },
  {
    title: 'W.12 a process that is killed while it replaces an open file leaves the old one or the new one',
    async run(root) {
      const { storage } = await open(root)
      await storage.putFile('box', 'file', large(0))
      for (let round = 0; round < 5; round++) {
        const writer = fork(new URL('./replacing-writer.ts', import.meta.url), [root])
        await once(writer, 'message')
        await delay(Math.random() * 200)
        writer.kill('SIGKILL')
        await once(writer, 'exit')
        const content = await read(new StorageService(new FilesystemProvider({ root })), 'file')
        assert.ok(content.equals(large(content[0] ?? 0)), `round ${round}`)
      }
      await new FilesystemProvider({ root }).clean()
      assert.deepEqual(await readdir(join(root, '.stowage', 'tmp')), [])
      assert.deepEqual(await readdir(join(root, '.stowage', 'locks')), [])
    },
  },
  {
    title: 'W.13 a lock that a killed process was creating is deleted',
    async run(root) {
      const { provider } = await open(root)
      const draft = `lock~${await tokenOfKilledProcess(root)}`
      const locks = join(root, '.stowage', 'locks')
      await mkdir(locks, { recursive: true })
      await writeFile(join(locks, draft), '')
      await writeFile(join(locks, 'lock~of-another-machine'), '')
      await provider.clean()
      assert.deepEqual(await readdir(locks), ['lock~of-another-machine'])
    },
  },
]
