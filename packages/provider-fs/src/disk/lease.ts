/**
 * The right to change what a set of locks protects.
 *
 * A lock can be broken while its holder is alive: the process was paused, its thread has ended, or
 * its state is unknown. A broken lock must therefore stop its former holder. Every change under a
 * lock depends on a name in `.stowage/tmp` that begins with the lease's token. {@link fence} takes
 * these names away permanently before a lock changes hands:
 * - Content is renamed or linked from `<token>`, which is then missing.
 * - Anything to delete is renamed to `<token>.<n>`, where there is then a directory that cannot be
 *   replaced.
 *
 * The kernel looks up a name and renames it in one step. A holder that was stopped at any
 * instruction therefore gets an error, and has changed nothing. It releases its own lock in the
 * same way.
 *
 * Windows cannot replace an open file in one step: the file is moved to `<token>.5`, and the new
 * one takes its place. The lock's note shows where it belongs. {@link fence} moves it on to
 * `<token>.6`, and the process that breaks the lock moves it back, if nothing is there
 * ({@link restoreReplaced}).
 */
import { StorageError } from '@stowage/core/provider'
import { errno, isAbsence, isDenied, isFull } from '../mapping/errors.js'
import { platform } from '../platform/platform.js'
import { temporaryPath } from './bookkeeping.js'
import type { Directories } from './directories.js'
import { newToken } from './owner.js'
import {
  ignoreFailure,
  lstatIfExists,
  mkdir,
  readMarkNow,
  rename,
  renameNow,
  rmdir,
  touchMark,
  unlinkNow,
} from './system.js'
import { acquireTemporaries } from './temporary.js'

/**
 * The number of names under one token: directories that can be discarded, and one name for files.
 */
const slots = 5
const fileSlot = 0
/** Numbers after the token for a file that is being replaced: of its holder, and after a fence. */
const replacedSlot = 5
const rescuedSlot = 6

interface HeldLock {
  readonly path: string
  readonly target: string
}

export class Lease {
  readonly token: string
  readonly #directories: Directories
  readonly #locks: HeldLock[] = []
  readonly #isPart: boolean
  #lastSlot = fileSlot
  #isFenced = false
  /** Whether a file that is being replaced may still be at its slot. */
  #hasReplaced = false

  /** @param partOf Another lease with the same token, which ends later. */
  constructor(directories: Directories, token: string, partOf?: Lease) {
    this.#directories = directories
    this.token = partOf?.token ?? token
    this.#isPart = partOf !== undefined
  }

  /**
   * Adds a lock, a link that was created for this lease. Its directory must stay acquired as long
   * as the lease.
   */
  add(lock: HeldLock): void {
    this.#locks.push(lock)
  }

  /**
   * Returns whether no lock is broken. One may be broken a moment later, against which {@link
   * discard} protects.
   */
  async isHeld(): Promise<boolean> {
    const { direct } = this.#directories
    for (const { path, target } of this.#locks) if ((await direct.readMark(path)) !== target) return false
    return true
  }

  /** Same as {@link isHeld}, for synchronous code. */
  isHeldNow(): boolean {
    try {
      return this.#locks.every(({ path, target }) => readMarkNow(path) === target)
    } catch (error) {
      if (isAbsence(error)) return false
      throw error
    }
  }

  /** Throws `UNAVAILABLE` if a lock is broken. */
  async confirm(): Promise<void> {
    if (await this.isHeld()) return
    this.#isFenced = true
    throw leaseLost()
  }

  /** Renews the locks, so that processes that cannot see this one do not break them. */
  renew(): void {
    const now = new Date()
    for (const { path } of this.#locks) touchMark(path, now).catch(ignoreFailure)
  }

  /** Deletes a file. Throws `UNAVAILABLE` if a lock is broken. */
  async discard(path: string): Promise<void> {
    const { direct } = this.#directories
    try {
      using temporaries = await this.#temporaries()
      const slot = temporaries.at(`${this.token}.${fileSlot}`)
      await this.#renameAway(path, slot)
      await direct
        .unlinkNow(slot, temporaries.at(newToken()))
        .catch((error: unknown) => this.#putBack(error, slot, path))
    } catch (error) {
      // Without space for the name, or in a container that is a mount point, the file is deleted in
      // place.
      if (!isFull(error) && errno(error) !== 'EXDEV') throw error
      await this.confirm()
      await direct.unlink(path)
    }
  }

  /**
   * Renames prepared content to the path of a file, which it replaces. On Windows, the path may be
   * missing for a moment, if the file is open.
   */
  async replace(content: string, path: string): Promise<void> {
    const { direct } = this.#directories
    if (!platform.openFilesBlock) return direct.rename(content, path)
    try {
      await renameNow(content, path)
    } catch (error) {
      if (!isDenied(error)) throw error
      await this.#replaceOpen(content, path)
    }
    if (!this.#hasReplaced) return
    using temporaries = await this.#temporaries()
    await unlinkNow(temporaries.at(`${this.token}.${replacedSlot}`), temporaries.at(newToken())).catch(ignoreFailure)
    this.#hasReplaced = false
  }

  async #replaceOpen(content: string, path: string): Promise<void> {
    using temporaries = await this.#temporaries()
    const slot = temporaries.at(`${this.token}.${replacedSlot}`)
    if (!this.#hasReplaced) await this.#renameAway(path, slot)
    this.#hasReplaced = true
    try {
      await rename(content, path)
    } catch (error) {
      try {
        // Unlike a rename, a link replaces nothing, in case the lock was broken.
        await this.#directories.direct.link(slot, path)
      } catch (failure) {
        // Another process deleted the empty directory. The caller creates it, and tries again.
        if (!isAbsence(failure) && errno(failure) !== 'EEXIST') throw failure
        if (isAbsence(failure)) throw error
      }
      this.#hasReplaced = false
      await unlinkNow(slot, temporaries.at(newToken())).catch(ignoreFailure)
      throw error
    }
  }

  /**
   * Moves a directory to `.stowage/tmp` and returns its name there. Throws `UNAVAILABLE` if a lock
   * is broken.
   */
  async discardDirectory(path: string): Promise<string> {
    using temporaries = await this.#temporaries()
    const name = `${this.token}.${++this.#lastSlot}`
    if (this.#lastSlot >= slots)
      throw new RangeError(`at most ${slots - 1} directories can be discarded under one lease`)
    await this.#renameAway(path, temporaries.at(name))
    return name
  }

  /** Releases the locks. Returns the paths of those that could not be released. */
  async release(): Promise<readonly string[]> {
    const failed: string[] = []
    for (const { path } of this.#locks.splice(0).reverse()) {
      try {
        await this.discard(path)
      } catch (error) {
        // The lock was broken, or deleted by hand.
        if (errno(error) === 'ENOENT') this.#isFenced = true
        else if (!this.#isFenced) failed.push(path)
      }
    }
    // The token is never used again, so its fence has no further use.
    if (this.#isFenced && !this.#isPart) await unfence(this.#directories, this.token).catch(ignoreFailure)
    return failed
  }

  async #temporaries() {
    return (await this.#directories.acquireCached(temporaryPath)) ?? (await acquireTemporaries(this.#directories))
  }

  async #renameAway(path: string, slot: string): Promise<void> {
    try {
      await this.#directories.direct.rename(path, slot)
    } catch (error) {
      if (!['EISDIR', 'ENOTEMPTY', 'EEXIST'].includes(errno(error) ?? '')) throw error
      this.#isFenced = true
      throw leaseLost()
    }
  }

  /** Moves a directory back that another program has put in a file's place. */
  async #putBack(error: unknown, slot: string, path: string): Promise<void> {
    if (!['EISDIR', 'EPERM'].includes(errno(error) ?? '')) return
    await this.#directories.direct.rename(slot, path)
    throw error
  }
}

/** Nothing was changed, and the same call may succeed at once. */
const leaseLost = (): StorageError =>
  new StorageError('UNAVAILABLE', 'another process has broken the lock, because this one was paused for too long')

/**
 * Makes sure that the holder of a token can change nothing any more. A holder that has ended leaves
 * only its prepared content.
 */
export async function fence(directories: Directories, token: string, hasEnded: boolean): Promise<void> {
  using temporaries = await acquireTemporaries(directories)
  await unlinkNow(temporaries.at(token), temporaries.at(newToken())).catch(ignoreAbsence)
  if (hasEnded) return
  const at = (slot: number) => temporaries.at(`${token}.${slot}`)
  // The holder has just discarded a file.
  const discarded = (path: string) => unlinkNow(path, temporaries.at(newToken()))
  for (let slot = 0; slot < slots; slot++) await blockSlot(at(slot), discarded)
  if (platform.openFilesBlock) await blockSlot(at(replacedSlot), (path) => rename(path, at(rescuedSlot)))
}

/**
 * Creates a directory that is not empty, which no rename replaces.
 *
 * @param clear Takes a file away that has the name.
 */
async function blockSlot(path: string, clear: (path: string) => Promise<void>): Promise<void> {
  while (true) {
    try {
      await mkdir(path)
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw error
    }
    try {
      await mkdir(`${path}/fence`)
      return
    } catch (error) {
      if (errno(error) === 'EEXIST') return
      if (!isAbsence(error)) throw error
      await clear(path).catch(ignoreAbsence)
    }
  }
}

/** Deletes the directories of {@link fence} after the token's holder has ended. */
export async function unfence(directories: Directories, token: string): Promise<void> {
  using temporaries = await acquireTemporaries(directories)
  for (let slot = 0; slot <= replacedSlot; slot++) {
    const path = temporaries.at(`${token}.${slot}`)
    await rmdir(`${path}/fence`).catch(ignoreAbsence)
    // The holder's discarded directories have the same names. The cleaner deletes them.
    await rmdir(path).catch(ignoreFailure)
  }
}

/** Returns whether an entry of `.stowage/tmp` may be a file that was being replaced. */
export const mayBeReplaced = (entry: string): boolean =>
  platform.openFilesBlock && (entry.endsWith(`.${replacedSlot}`) || entry.endsWith(`.${rescuedSlot}`))

/**
 * Moves the file back that the former holder of a lock was replacing, unless it finished.
 *
 * @param path Where the file belongs. Its directory exists.
 */
export async function restoreReplaced(directories: Directories, token: string, path: string): Promise<void> {
  if (!platform.openFilesBlock) return
  using temporaries = await acquireTemporaries(directories)
  for (const slot of [replacedSlot, rescuedSlot]) {
    const replaced = temporaries.at(`${token}.${slot}`)
    if ((await lstatIfExists(replaced))?.isFile() !== true) continue
    await directories.direct.link(replaced, path).catch((error: unknown) => {
      if (errno(error) !== 'EEXIST') throw error
    })
    await unlinkNow(replaced, temporaries.at(newToken()))
  }
}

function ignoreAbsence(error: unknown): void {
  if (!isAbsence(error)) throw error
}
