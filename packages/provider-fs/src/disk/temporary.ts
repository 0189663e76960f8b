/**
 * Temporary files in `.stowage/tmp`. Their names contain the process that created them, so that the
 * files of a killed process can be found.
 */
import { constants } from 'node:fs'
import { errno, rootMissing } from '../mapping/errors.js'
import { temporaryPath } from './bookkeeping.js'
import type { Directories, Directory } from './directories.js'
import { newToken } from './owner.js'

/** Acquires `.stowage/tmp`, and creates it if missing. */
export async function acquireTemporaries(directories: Directories): Promise<Directory> {
  const directory = await directories.make(temporaryPath, 0)
  if (directory === undefined) throw rootMissing()
  return directory
}

/** A file that no reader sees. Disposing of it deletes it, unless it was moved to its location. */
export class TemporaryFile implements AsyncDisposable {
  readonly fd: number
  /** The file's name in `.stowage/tmp`. A {@link Lease} with this token can prevent its move. */
  readonly token: string
  readonly path: string
  /** Whether the file was renamed. A file that got a second name loses this one. */
  moved = false
  readonly #directories: Directories
  readonly #directory: Directory
  #closed = false

  private constructor(fd: number, token: string, path: string, directories: Directories, directory: Directory) {
    this.fd = fd
    this.token = token
    this.path = path
    this.#directories = directories
    this.#directory = directory
  }

  static async create(directories: Directories, token = newToken()): Promise<TemporaryFile> {
    // A file can also be created and renamed in a directory that was moved in the meantime.
    const seen = await directories.acquireCached(temporaryPath)
    if (seen !== undefined) {
      try {
        return await TemporaryFile.#createIn(seen, token, directories)
      } catch (error) {
        // The directory was deleted.
        if (errno(error) !== 'ENOENT') throw error
      }
    }
    return TemporaryFile.#createIn(await acquireTemporaries(directories), token, directories)
  }

  static async #createIn(directory: Directory, token: string, directories: Directories): Promise<TemporaryFile> {
    try {
      const path = directory.at(token)
      const fd = await directories.direct.open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o666)
      return new TemporaryFile(fd, token, path, directories, directory)
    } catch (error) {
      directory[Symbol.dispose]()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#directories.finish(this.fd)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) this.#directories.discard(this.fd)
    try {
      if (!this.moved) {
        await this.#directories.direct.unlink(this.path).catch((error: unknown) => {
          if (errno(error) !== 'ENOENT') throw error
        })
      }
    } finally {
      this.#directory[Symbol.dispose]()
    }
  }
}
