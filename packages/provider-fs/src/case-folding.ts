/**
 * Volumes that take `Photo` and `photo` for the same name, as those of macOS do: a write that would replace a file of
 * another name is refused.
 */
import { basename, dirname } from 'node:path'
import type { Directories, Directory } from './directories.js'
import { errno } from './errors.js'
import { foldName } from './names.js'
import { newToken } from './owner.js'
import { close, lstat, open, readdir, unlink } from './system.js'
import { holdTemporaries } from './temporary.js'

export class CaseFolding {
  readonly #directories: Directories
  #answer: Promise<boolean> | undefined

  constructor(directories: Directories, known: boolean | undefined) {
    this.#directories = directories
    if (known !== undefined) this.#answer = Promise.resolve(known)
  }

  /**
   * The entry, spelled otherwise, that the volume takes for this one; `undefined` when there is none. To be asked only when
   * the entry exists.
   */
  async otherSpelling(directory: Directory, entry: string): Promise<string | undefined> {
    if (!(await this.#foldsCase())) return undefined
    return otherSpelling(await readdir(directory.here), entry)
  }

  /** Found out once, by a file asked for under another spelling of its name. */
  #foldsCase(): Promise<boolean> {
    this.#answer ??= this.#probe().catch((error: unknown) => {
      this.#answer = undefined
      throw error
    })
    return this.#answer
  }

  async #probe(): Promise<boolean> {
    using directory = await holdTemporaries(this.#directories)
    return foldsCase(directory.at(newToken()))
  }
}

/** Whether the volume folds case, found out with a temporary file whose name ends in letters. */
export async function foldsCase(path: string): Promise<boolean> {
  const probe = `${path}-case`
  await close(await open(probe, 'wx'))
  try {
    await lstat(`${dirname(probe)}/${basename(probe).slice(0, -'case'.length)}CASE`)
    return true
  } catch (error) {
    if (errno(error) === 'ENOENT') return false
    throw error
  } finally {
    await unlink(probe)
  }
}

/** Of a directory's entries, the one that a folding volume takes for `entry` without being it. */
export function otherSpelling(entries: readonly string[], entry: string): string | undefined {
  if (entries.includes(entry)) return undefined
  const folded = foldName(entry)
  return entries.find((other) => foldName(other) === folded)
}
