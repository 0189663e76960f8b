/**
 * Temporary files in `.stowage/tmp`, named after the process that makes them, so that what a killed process leaves can be
 * told from what a living one writes.
 */
import { constants } from 'node:fs'
import { errno, rootMissing } from '../errors.js'
import { temporaryPath } from './bookkeeping.js'
import type { Directories, Directory } from './directories.js'
import { newToken } from './owner.js'

/** Holds `.stowage/tmp`, making it when it is missing. */
export async function holdTemporaries(directories: Directories): Promise<Directory> {
  const directory = await directories.make(temporaryPath, 0)
  if (directory === undefined) throw rootMissing()
  return directory
}

/** A file that nobody sees. Disposing of it removes it, unless it was moved to where it belongs. */
export class TemporaryFile implements AsyncDisposable {
  readonly fd: number
  /** The file's name in `.stowage/tmp`, under which a {@link Lease} can stop it from being moved. */
  readonly token: string
  readonly path: string
  /** Set when the file was renamed away; one that got a second name loses this one. */
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
    // In a directory that was moved away meanwhile a file can be made and renamed as well.
    const seen = await directories.holdAsSeen(temporaryPath)
    if (seen !== undefined) {
      try {
        return await TemporaryFile.#createIn(seen, token, directories)
      } catch (error) {
        // The directory was removed.
        if (errno(error) !== 'ENOENT') throw error
      }
    }
    return TemporaryFile.#createIn(await holdTemporaries(directories), token, directories)
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
