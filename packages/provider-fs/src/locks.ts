/**
 * Locks on names, between the processes that share a root, and within one.
 *
 * A lock is a symbolic link in `.stowage/locks`, which is made atomically and whose target tells the owner. It is held only while a version is
 * checked and replaced, never while data flows. One that its owner has left behind is cleared by whoever meets it: since
 * several may meet it at once, clearing it takes a lock of its own, named after the lock and its dead owner.
 */
import { hash } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { DirectCalls } from './direct.js'
import type { Directories, Directory } from './directories.js'
import { aborted, errno, rootMissing, throwIfAborted } from './errors.js'
import { newToken, ownerState } from './owner.js'
import { ignoreFailure, lstat, lutimes, readlink, unlink } from './system.js'

export const bookkeeping = '.stowage'
export const locksPath = [bookkeeping, 'locks']

/** A lock whose owner can't be asked (on another machine) counts as left behind after this. Locks are held for milliseconds. */
const maxAgeElsewhere = 60_000
const maxWait = 25

/** What a lock is of, and the note in it that tells what its owner was about to do, for whoever has to clear it. */
export interface Lock {
  /** The link's own name. */
  readonly name: string
  readonly note: string
}

export const lockName = (...parts: readonly string[]): string => hash('sha256', parts.join('\0'))

export class Locks {
  readonly #directories: Directories
  readonly #recover: (note: string) => Promise<void>
  /** The names locked in this process, each with those that wait for it. */
  readonly #here = new Map<string, (() => void)[]>()

  /** `recover` undoes what the dead owner of a lock had half-done; nobody else holds the lock meanwhile. */
  constructor(directories: Directories, recover: (note: string) => Promise<void>) {
    this.#directories = directories
    this.#recover = recover
  }

  /** Runs the work while all the locks are held. Locks are taken in one order everywhere, so nobody waits in a circle. */
  async hold<T>(locks: readonly Lock[], signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const [first, ...others] = locks.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    if (first === undefined) return work()
    await this.#takeHere(first.name, signal)
    try {
      using directory = await this.#directory()
      const held = await this.take(directory, first, signal)
      try {
        return await this.hold(
          others.filter((other) => other.name !== first.name),
          signal,
          work,
        )
      } finally {
        await held.release()
      }
    } finally {
      this.#releaseHere(first.name)
    }
  }

  /** Clears those of the locks whose owners are known to be dead. */
  async clearLeftBehind(directory: Directory, names: readonly string[], signal: AbortSignal): Promise<void> {
    for (const name of names) {
      const holder = await readlinkIfThere(directory.at(name))
      if (holder !== undefined && (await isLeftBehind(holder, directory.at(name)))) {
        await this.#clear(directory, name, holder, signal)
      }
    }
  }

  async #directory(): Promise<Directory> {
    const directory = await this.#directories.make(locksPath, 0)
    if (directory === undefined) throw rootMissing()
    return directory
  }

  /** Takes a lock that is in any directory, waiting for whoever holds it; what to release it with. */
  async take(directory: Directory, lock: Lock, signal: AbortSignal): Promise<HeldLock> {
    for (let wait = 1; ; wait = Math.min(wait * 2, maxWait)) {
      const held = await this.tryTake(directory, lock, signal)
      if (held !== undefined) return held
      await pause(wait, signal)
    }
  }

  /** As {@link take}; `undefined` when somebody holds it. */
  async tryTake(directory: Directory, lock: Lock, signal: AbortSignal): Promise<HeldLock | undefined> {
    const path = directory.at(lock.name)
    const target = `${newToken()} ${lock.note}`
    while (true) {
      throwIfAborted(signal)
      try {
        await this.#directories.direct.symlink(target, path)
        return new HeldLock(this.#directories.direct, path, target)
      } catch (error) {
        if (errno(error) !== 'EEXIST') throw error
      }
      const holder = await readlinkIfThere(path)
      if (holder === undefined) continue
      if (!(await isLeftBehind(holder, path))) return undefined
      await this.#clear(directory, lock.name, holder, signal)
    }
  }

  async #clear(directory: Directory, name: string, holder: string, signal: AbortSignal): Promise<void> {
    const clearing = { name: lockName(name, holder), note: '' }
    const clearer = await this.take(directory, clearing, signal)
    try {
      // The token is used once, so when it is still there nobody has cleared the lock, and only we may.
      if ((await readlinkIfThere(directory.at(name))) !== holder) return
      await this.#recover(holder.slice(holder.indexOf(' ') + 1))
      await unlink(directory.at(name))
    } finally {
      await clearer.release()
    }
  }

  async #takeHere(name: string, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    const waiting = this.#here.get(name)
    if (waiting === undefined) {
      this.#here.set(name, [])
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => {
      const place = waiting.indexOf(resolve)
      // Gone from the line: the lock was handed over, and whoever awaits it will release it.
      if (place === -1) return
      waiting.splice(place, 1)
      reject(aborted(signal))
    }
    waiting.push(resolve)
    signal.addEventListener('abort', leave, { once: true })
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  #releaseHere(name: string): void {
    const next = this.#here.get(name)?.shift()
    if (next === undefined) this.#here.delete(name)
    else next()
  }
}

/** Waits about so many milliseconds; `ABORTED`. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  delay(milliseconds * (0.5 + Math.random()), undefined, { signal }).catch(() => throwIfAborted(signal))

/** A lock of ours. */
export class HeldLock {
  readonly #direct: DirectCalls
  readonly #path: string
  readonly #target: string
  #confirmed = Date.now()

  constructor(direct: DirectCalls, path: string, target: string) {
    this.#direct = direct
    this.#path = path
    this.#target = target
  }

  /**
   * For locks held for longer than an instant, called while there is progress: keeps other machines from taking the lock for
   * one left behind. False when one of them already has.
   */
  confirm(): boolean {
    const age = Date.now() - this.#confirmed
    if (age < maxAgeElsewhere / 4) return true
    if (age > maxAgeElsewhere / 2 && readlinkSync(this.#path) !== this.#target) return false
    this.#confirmed = Date.now()
    lutimes(this.#path, new Date(), new Date()).catch(ignoreFailure)
    return true
  }

  async release(): Promise<void> {
    if (Date.now() - this.#confirmed > maxAgeElsewhere / 2 && (await readlinkIfThere(this.#path)) !== this.#target)
      return
    await this.#direct.unlink(this.#path).catch((error: unknown) => {
      if (errno(error) !== 'ENOENT') throw error
    })
  }
}

export async function readlinkIfThere(path: string): Promise<string | undefined> {
  try {
    return await readlink(path)
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whether nobody will ever release the lock that has this target. */
export async function isLeftBehind(holder: string, path: string): Promise<boolean> {
  const state = ownerState(holder.split(' ', 1)[0] ?? '')
  if (state === 'dead') return true
  if (state === 'alive') return false
  try {
    return Date.now() - Number((await lstat(path)).mtimeMs) > maxAgeElsewhere
  } catch (error) {
    if (errno(error) === 'ENOENT') return false
    throw error
  }
}
