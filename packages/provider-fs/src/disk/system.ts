/**
 * The operating system's calls as promises over plain descriptors. `fs/promises` wraps each
 * descriptor in an object that costs more than the call. Calls that differ between systems are in
 * `platform/`.
 */
import * as fs from 'node:fs'
import { promisify } from 'node:util'
import { isAbsence } from '../mapping/errors.js'
import { platform } from '../platform/platform.js'

export const {
  realpath,
  open,
  openForReading,
  rename,
  renameNow,
  link,
  mkdir,
  rmdir,
  unlink,
  unlinkNow,
  makeMark,
  readMark,
  readMarkNow,
  touchMark,
} = platform
export const access = promisify(fs.access)
export const close = promisify(fs.close)
export const makeDirectories = (path: string) => promisify(fs.mkdir)(path, { recursive: true })
export const futimes = promisify(fs.futimes)
export const ftruncate = promisify(fs.ftruncate)
export const statfs = promisify(fs.statfs)
export const fsync = promisify(fs.fsync)
export const copyOnDisk = promisify(fs.copyFile)
export const readFile = promisify(fs.readFile)
export const writeFile = promisify(fs.writeFile)
export const opendir = promisify(fs.opendir)
export const readdir = promisify(fs.readdir)

export const lstat = (path: fs.PathLike): Promise<fs.BigIntStats> =>
  new Promise((resolve, reject) => {
    fs.lstat(path, { bigint: true }, (error, stats) => (error === null ? resolve(stats) : reject(error)))
  })

/** Returns `undefined` if the path does not exist. */
export async function lstatIfExists(path: fs.PathLike): Promise<fs.BigIntStats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

/** Returns a directory's entries, or none if it does not exist. */
export async function readdirIfExists(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isAbsence(error)) return []
    throw error
  }
}

/** Synchronous, because the descriptor's inode is in memory. */
export const fstat = (fd: number): fs.BigIntStats => fs.fstatSync(fd, { bigint: true })

/** Reads until the buffer is full or the file ends. Returns the number of bytes. */
export async function readFully(fd: number, buffer: Uint8Array, position: number): Promise<number> {
  let done = 0
  while (done < buffer.length) {
    const bytes = await new Promise<number>((resolve, reject) => {
      fs.read(fd, buffer, done, buffer.length - done, position + done, (error, bytes) =>
        error === null ? resolve(bytes) : reject(error),
      )
    })
    if (bytes === 0) break
    done += bytes
  }
  return done
}

export async function writeFully(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    done += await new Promise<number>((resolve, reject) => {
      fs.write(fd, bytes, done, bytes.length - done, position + done, (error, written) =>
        error === null ? resolve(written) : reject(error),
      )
    })
  }
}

/** Ignores the failure of optional work. The cleaner deletes what it leaves. */
export function ignoreFailure(): void {}
