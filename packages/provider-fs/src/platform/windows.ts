/**
 * Windows, with the behaviour and the errors of Linux.
 *
 * - Other programs, such as virus scanners and indexers, open files that were just written, and
 *   refuse to share them. Calls that fail because of that are retried for about a second.
 * - Windows reports a target that is a directory as a lack of permission.
 * - An open file that is deleted keeps its name until it is closed, on volumes and systems without
 *   POSIX deletion. So it is moved to another name first.
 * - Creating symbolic links takes a privilege, so a mark is a small file. It is written under
 *   another name and gets its own by a hard link, which replaces nothing.
 */
import * as fs from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { newToken } from '../disk/owner.js'
import { errno, isAbsence, isDenied, withoutHardLinks } from '../mapping/errors.js'
import type { Platform } from './system-calls.js'
import { windowsEntries, windowsEntryPattern } from './windows-entries.js'

const open = promisify(fs.open)
const close = promisify(fs.close)
const link = promisify(fs.link)
const move = promisify(fs.rename)
const unlink = promisify(fs.unlink)
const readFile = promisify(fs.readFile)
const writeFile = promisify(fs.writeFile)
const lstat = (path: fs.PathLike): Promise<fs.BigIntStats> => promisify(fs.lstat)(path, { bigint: true })

/** Milliseconds before each further attempt: together about a second. */
const delays = [1, 2, 5, 10, 25, 50, 100, 200, 300, 300]

/** Repeats a call that was denied, as long as it may be because of another program. */
const retried =
  <Args extends readonly unknown[], T>(call: (...args: Args) => Promise<T>) =>
  async (...args: Args): Promise<T> => {
    for (const milliseconds of delays) {
      try {
        return await call(...args)
      } catch (error) {
        if (!isDenied(error)) throw error
      }
      await delay(milliseconds)
    }
    return call(...args)
  }

const systemError = (code: string, call: string): Error => Object.assign(new Error(`${code}: ${call}`), { code })

/** Throws the error, or `EISDIR` if it is because the path is a directory. */
async function throwDenied(error: unknown, path: fs.PathLike, call: string): Promise<never> {
  const isDirectory =
    isDenied(error) &&
    (await lstat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    ))
  throw isDirectory ? systemError('EISDIR', call) : error
}

const renameNow = (from: fs.PathLike, to: fs.PathLike): Promise<void> =>
  move(from, to).catch((error: unknown) => throwDenied(error, to, 'rename'))

const rename = retried(renameNow)

const unlinkFile = retried((path: fs.PathLike) =>
  unlink(path).catch((error: unknown) => throwDenied(error, path, 'unlink')),
)

/** Windows sets the time of a file only through a descriptor that may write. */
const openToSetTime = (path: string): Promise<number> =>
  open(path, fs.constants.O_RDWR).catch((error: unknown) => {
    if (!isDenied(error)) throw error
    return open(path, fs.constants.O_RDONLY)
  })

const removeDirectory = retried(promisify<fs.PathLike, void>(fs.rmdir))

const isGone = (path: fs.PathLike): Promise<boolean> => lstat(path).then(() => false, isAbsence)

/** Fails with `EBUSY` if the file is replaced at the same moment. */
async function openOnce(path: string, setsTime: boolean): Promise<number> {
  const expected = await lstat(path)
  if (expected.isSymbolicLink()) throw systemError('ELOOP', 'open')
  const fd = await (setsTime ? openToSetTime(path) : open(path, fs.constants.O_RDONLY))
  if (fs.fstatSync(fd, { bigint: true }).ino === expected.ino) return fd
  // It was replaced in the meantime, possibly by a link.
  await close(fd)
  throw systemError('EBUSY', 'open')
}

function unlessNoMark(error: unknown): undefined {
  if (isAbsence(error) || errno(error) === 'EISDIR') return undefined
  throw error
}

function ignoreFailure(): void {}

/** Errors of a hard link on a volume that has none, such as FAT: libuv reports `EISDIR`. */
const unsupportedLink = new Set(['EISDIR', 'ENOTSUP', 'ENOSYS'])

const readText = retried((path: string) => readFile(path, 'utf8'))

export const windows: Platform = {
  entries: windowsEntries,
  containerPattern: windowsEntryPattern,
  containerRule:
    'without slashes, control characters and any of < > : " | ? * \\, without a dot or a space at the end, ' +
    'and not the name of a device such as NUL',
  openFilesBlock: true,
  hasShortNames: true,
  realpath: retried(promisify<string, string>(fs.realpath.native)),
  open: retried(open),
  openForReading: retried(openOnce),
  rename,
  renameNow,
  link: retried(link),
  mkdir: retried(promisify<string, void>(fs.mkdir)),
  async rmdir(path) {
    await removeDirectory(path)
    // A directory that another caller has open stays until it is closed. Under Wine, it can get
    // entries until then, and stays with them.
    for (const milliseconds of delays) {
      if (await isGone(path)) return
      await delay(milliseconds)
    }
    throw systemError('ENOTEMPTY', 'rmdir')
  },
  unlink: unlinkFile,
  async unlinkNow(path, spare) {
    await rename(path, spare)
    try {
      await unlinkFile(spare)
    } catch (error) {
      // The name is free. The cleaner deletes the rest.
      if (isDenied(error)) return
      if (errno(error) === 'EISDIR') await rename(spare, path)
      throw error
    }
  },
  // NTFS writes its directories in the order of the changes. It has no call to wait for them.
  syncDirectory: async () => undefined,
  async makeMark(text, path) {
    // Waiting for a lock tries this often, and costs less in this way.
    if ((await lstat(path).catch(() => undefined)) !== undefined) throw systemError('EEXIST', 'link')
    const draft = `${path}~${newToken()}`
    try {
      await writeFile(draft, text, { flag: 'wx' })
      await link(draft, path)
    } catch (error) {
      throw unsupportedLink.has(errno(error) ?? '') ? withoutHardLinks() : error
    } finally {
      // A draft that remains counts as a lock of this process: by its text, or by its name if this
      // process is killed before it writes the text.
      await unlinkFile(draft).catch(ignoreFailure)
    }
  },
  readMark: (path) => readText(path).catch(unlessNoMark),
  readMarkNow(path) {
    try {
      return fs.readFileSync(path, 'utf8')
    } catch (error) {
      return unlessNoMark(error)
    }
  },
  touchMark: (path, time) => promisify(fs.utimes)(path, time, time),
}
