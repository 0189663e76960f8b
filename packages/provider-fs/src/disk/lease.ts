/**
 * The right to change what a set of locks protects.
 *
 * A lock can be broken while its holder lives: the process was paused, its thread has ended, or nothing is known of it. So a
 * broken lock must also stop its former holder. Every change under a lock therefore depends on a name in `.stowage/tmp` that
 * begins with the lease's token, and {@link fence} takes these names away for good before a lock changes hands:
 * - what is to appear is renamed or linked from `<token>`, which is then missing;
 * - what is to go is renamed to `<token>.<n>`, where there is then a directory that cannot be replaced.
 *
 * The kernel looks a name up and renames it in one step, so a holder that was stopped at any instant, even between two
 * instructions, finds out by an error and has changed nothing. Its own lock is released in the same way.
 */
import { readlinkSync } from 'node:fs'
import { StorageError } from '@stowage/core/provider'
import { errno, isAbsence, isFull } from '../errors.js'
import { temporaryPath } from './bookkeeping.js'
import type { Directories } from './directories.js'
import { ignoreFailure, lutimes, mkdir, rmdir, unlink } from './system.js'
import { holdTemporaries } from './temporary.js'

/** Directories that can be discarded under one lease, and one place for files. */
const slots = 4
const fileSlot = 0

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

  /** `partOf`: another lease under the same token, which ends later. */
  constructor(directories: Directories, token: string, partOf?: Lease) {
    this.#directories = directories
    this.token = partOf?.token ?? token
    this.#isPart = partOf !== undefined
  }

  /** Adds a lock, as a link that was made for this lease. Its directory stays held as long as the lease. */
  add(lock: HeldLock): void {
    this.#locks.push(lock)
  }

  /** Whether no lock has been broken yet. It may be a moment later, which is what {@link discard} takes care of. */
  async isHeld(): Promise<boolean> {
    const { direct } = this.#directories
    for (const { path, target } of this.#locks) if ((await direct.readlinkIfThere(path)) !== target) return false
    return true
  }

  /** As {@link isHeld}, for code that cannot wait. */
  isHeldNow(): boolean {
    try {
      return this.#locks.every(({ path, target }) => readlinkSync(path) === target)
    } catch (error) {
      if (isAbsence(error)) return false
      throw error
    }
  }

  /** `UNAVAILABLE` when a lock has been broken. */
  async confirm(): Promise<void> {
    if (await this.isHeld()) return
    this.#isFenced = true
    throw leaseLost()
  }

  /** Keeps the locks from being broken by processes that know nothing of this one. */
  renew(): void {
    const now = new Date()
    for (const { path } of this.#locks) lutimes(path, now, now).catch(ignoreFailure)
  }

  /** Removes a file, unless a lock was broken (`UNAVAILABLE`). */
  async discard(path: string): Promise<void> {
    const { direct } = this.#directories
    try {
      using temporaries = await this.#temporaries()
      const slot = temporaries.at(`${this.token}.${fileSlot}`)
      await this.#renameAway(path, slot)
      await direct.unlink(slot).catch((error: unknown) => this.#putBack(error, slot, path))
    } catch (error) {
      // No room for the name, or the container is a mount point: it is removed where it is.
      if (!isFull(error) && errno(error) !== 'EXDEV') throw error
      await this.confirm()
      await direct.unlink(path)
    }
  }

  /** Moves a directory to `.stowage/tmp`, unless a lock was broken (`UNAVAILABLE`); its name there. */
  async discardDirectory(path: string): Promise<string> {
    using temporaries = await this.#temporaries()
    const name = `${this.token}.${++this.#lastSlot}`
    if (this.#lastSlot >= slots) throw new RangeError(`no more than ${slots - 1} directories fit under one lease`)
    await this.#renameAway(path, temporaries.at(name))
    return name
  }

  /** Releases the locks; those that could not be released. */
  async release(): Promise<readonly string[]> {
    const failed: string[] = []
    for (const { path } of this.#locks.splice(0).reverse()) {
      try {
        await this.discard(path)
      } catch (error) {
        // Gone: it was broken, or removed by hand.
        if (errno(error) === 'ENOENT') this.#isFenced = true
        else if (!this.#isFenced) failed.push(path)
      }
    }
    // The token is not used again, so what keeps it from doing anything has no use any more.
    if (this.#isFenced && !this.#isPart) await unfence(this.#directories, this.token).catch(ignoreFailure)
    return failed
  }

  async #temporaries() {
    return (await this.#directories.holdAsSeen(temporaryPath)) ?? (await holdTemporaries(this.#directories))
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

  /** For a directory that another program has put in a file's place. */
  async #putBack(error: unknown, slot: string, path: string): Promise<void> {
    if (!['EISDIR', 'EPERM'].includes(errno(error) ?? '')) return
    await this.#directories.direct.rename(slot, path)
    throw error
  }
}

/** Nothing has been changed, and the same call may succeed at once. */
const leaseLost = (): StorageError =>
  new StorageError('UNAVAILABLE', 'another process has taken the lock over, because this one was paused for too long')

/** Makes sure that the holder of a token can change nothing any more. One that has ended leaves only what it had prepared. */
export async function fence(directories: Directories, token: string, hasEnded: boolean): Promise<void> {
  using temporaries = await holdTemporaries(directories)
  await unlink(temporaries.at(token)).catch(unlessAbsent)
  if (hasEnded) return
  for (let slot = 0; slot < slots; slot++) await obstruct(temporaries.at(`${token}.${slot}`))
}

/** Puts a directory with something in it there, which no rename replaces. */
async function obstruct(path: string): Promise<void> {
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
      // A file: what the holder has removed just in time.
      await unlink(path).catch(unlessAbsent)
    }
  }
}

/** Removes what {@link fence} has made, once the token's holder has ended. */
export async function unfence(directories: Directories, token: string): Promise<void> {
  using temporaries = await holdTemporaries(directories)
  for (let slot = 0; slot < slots; slot++) {
    const path = temporaries.at(`${token}.${slot}`)
    await rmdir(`${path}/fence`).catch(unlessAbsent)
    // What the holder has discarded before is in the same place: that is the cleaner's.
    await rmdir(path).catch(ignoreFailure)
  }
}

function unlessAbsent(error: unknown): void {
  if (!isAbsence(error)) throw error
}
