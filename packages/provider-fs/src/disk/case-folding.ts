/**
 * Volumes that treat `Photo` and `photo` as the same name, as those of macOS and Windows do. A
 * write that would replace a file with another name is rejected, also if the other name is the long
 * one of a short name on Windows.
 */

import { rootMissing } from '../mapping/errors.js'
import { platform } from '../platform/platform.js'
import { temporaryPath } from './bookkeeping.js'
import type { Directories, Directory } from './directories.js'
import { foldName } from './folding.js'
import { lstatIfExists, readdir } from './system.js'
import { acquireTemporaries } from './temporary.js'

export class CaseFolding {
  readonly #directories: Directories
  #folds: Promise<boolean> | undefined

  constructor(directories: Directories, known: boolean | undefined) {
    this.#directories = directories
    if (known !== undefined) this.#folds = Promise.resolve(known)
  }

  /**
   * Returns the existing entry with another spelling that the volume treats as this one, or
   * `undefined` if there is none. Call it only if the entry exists.
   */
  async otherSpelling(directory: Directory, entry: string): Promise<string | undefined> {
    if (!(await this.#foldsCase())) return undefined
    const entries = await readdir(directory.path)
    const isShort = platform.hasShortNames && /~\d/.test(entry) && !entries.includes(entry)
    return otherSpelling(entries, entry) ?? (isShort ? entry : undefined)
  }

  /** Probes the volume once, with a directory that exists in any case. */
  #foldsCase(): Promise<boolean> {
    this.#folds ??= this.#probe().catch((error: unknown) => {
      this.#folds = undefined
      throw error
    })
    return this.#folds
  }

  async #probe(): Promise<boolean> {
    const temporaries = await acquireTemporaries(this.#directories)
    temporaries[Symbol.dispose]()
    using parent = await this.#directories.acquire(temporaryPath.slice(0, -1))
    if (parent === undefined) throw rootMissing()
    return foldsCase(parent, temporaryPath.at(-1) ?? '')
  }
}

/**
 * Returns whether the volume folds case: whether it finds an entry with a lower-case name under the
 * upper-case name.
 */
export const foldsCase = async (directory: Directory, entry: string): Promise<boolean> =>
  (await lstatIfExists(directory.at(entry.toUpperCase()))) !== undefined

/**
 * Returns the entry of a directory that a folding volume treats as `entry`, although its spelling
 * differs.
 */
export function otherSpelling(entries: readonly string[], entry: string): string | undefined {
  if (entries.includes(entry)) return undefined
  const folded = foldName(entry)
  return entries.find((other) => foldName(other) === folded)
}
