/** Linux and macOS: each call is the system's own, and a mark is a symbolic link. */
import * as fs from 'node:fs'
import { promisify } from 'node:util'
import { errno, isAbsence } from '../mapping/errors.js'
import { posixEntries } from './entry-rules.js'
import type { Platform } from './system-calls.js'

const open = promisify(fs.open)
const close = promisify(fs.close)
const fsync = promisify(fs.fsync)
const readlink = promisify(fs.readlink)
const rename = promisify(fs.rename)
const unlink = promisify(fs.unlink)

/** Symbolic links are not followed, and opening a pipe does not wait. */
export const readingFlags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK

function unlessNoMark(error: unknown): undefined {
  if (isAbsence(error) || errno(error) === 'EINVAL') return undefined
  throw error
}

export const posix: Platform = {
  entries: posixEntries,
  containerPattern: '[^/\\\\\\0]+',
  containerRule: 'without slashes, backslashes and NUL',
  openFilesBlock: false,
  hasShortNames: false,
  realpath: promisify<string, string>(fs.realpath.native),
  open,
  openForReading: (path) => open(path, readingFlags),
  rename,
  renameNow: rename,
  link: promisify(fs.link),
  mkdir: promisify<string, void>(fs.mkdir),
  rmdir: promisify<fs.PathLike, void>(fs.rmdir),
  unlink,
  unlinkNow: (path) => unlink(path),
  async syncDirectory(path) {
    const fd = await open(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
    try {
      await fsync(fd)
    } finally {
      await close(fd)
    }
  },
  makeMark: promisify<string, string, void>(fs.symlink),
  readMark: (path) => readlink(path).catch(unlessNoMark),
  readMarkNow(path) {
    try {
      return fs.readlinkSync(path)
    } catch (error) {
      return unlessNoMark(error)
    }
  },
  touchMark: (path, time) => promisify(fs.lutimes)(path, time, time),
}
