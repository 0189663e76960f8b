/**
 * Volumes that take `Photo` and `photo` for the same name, as those of macOS do: a write that would replace a file of
 * another name is refused.
 */

import { rootMissing } from '../errors.js'
import { temporaryPath } from './bookkeeping.js'
import type { Directories, Directory } from './directories.js'
import { foldName } from './folding.js'
import { lstatIfThere, readdir } from './system.js'
import { holdTemporaries } from './temporary.js'

export class CaseFolding {
  readonly #directories: Directories
  #folds: Promise<boolean> | undefined

  constructor(directories: Directories, known: boolean | undefined) {
    this.#directories = directories
    if (known !== undefined) this.#folds = Promise.resolve(known)
  }

  /**
   * The entry, spelled otherwise, that the volume takes for this one; `undefined` when there is none. To be asked only when
   * the entry exists.
   */
  async otherSpelling(directory: Directory, entry: string): Promise<string | undefined> {
    if (!(await this.#foldsCase())) return undefined
    return otherSpelling(await readdir(directory.here), entry)
  }

  /** Found out once, from a directory that is there anyway. */
  #foldsCase(): Promise<boolean> {
    this.#folds ??= this.#probe().catch((error: unknown) => {
      this.#folds = undefined
      throw error
    })
    return this.#folds
  }

  async #probe(): Promise<boolean> {
    const temporaries = await holdTemporaries(this.#directories)
    temporaries[Symbol.dispose]()
    using parent = await this.#directories.hold(temporaryPath.slice(0, -1))
    if (parent === undefined) throw rootMissing()
    return foldsCase(parent, temporaryPath.at(-1) ?? '')
  }
}

/**
 * Whether the volume folds case: whether it finds an entry, in lower case, under its name in upper
 * case.
 */
export const foldsCase = async (directory: Directory, entry: string): Promise<boolean> =>
  (await lstatIfThere(directory.at(entry.toUpperCase()))) !== undefined

/** Of a directory's entries, the one that a folding volume takes for `entry` without being it. */
export function otherSpelling(entries: readonly string[], entry: string): string | undefined {
  if (entries.includes(entry)) return undefined
  const folded = foldName(entry)
  return entries.find((other) => foldName(other) === folded)
}
