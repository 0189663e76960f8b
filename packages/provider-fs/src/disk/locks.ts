/**
 * Locks on names, between the processes that share a root, and within one.
 *
 * A lock is a symbolic link in `.stowage/locks`, which is made atomically and whose target begins with its holder's token. It is
 * held only while a version is checked and replaced, never while data flows. A lock is broken when its holder has ended, or has not
 * renewed it for the length of a lease; then the holder is fenced off first (`lease.ts`), so a wrong guess costs it an
 * error and nobody any data. Since several processes may break a lock at once, breaking takes a lock of its own, named after the holder.
 */
import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isStorageError, StorageError } from '@stowage/core/provider'
import { errno, isFull, rootMissing, throwIfAborted, translate } from '../errors.js'
import { locksPath } from './bookkeeping.js'
import type { Directories, Directory } from './directories.js'
import { fence, Lease, unfence } from './lease.js'
import { Lines, type Lock, lockBusy, subject } from './lines.js'
import { newToken, ownerState } from './owner.js'
import { lstatIfThere, readdirIfThere, readlinkIfThere } from './system.js'

/** Milliseconds for which a lock is left alone that its holder does not renew. Locks are held for milliseconds. */
const leaseMilliseconds = 10_000
/** Leases after which a caller that waits is refused, although the holder does renew its lock. */
const maxLeases = 3
/** Milliseconds after which an unrenewed lock counts as stale at first sight, by the clock of this machine. */
const staleMilliseconds = 60_000
/** Milliseconds between looks at a lock that another process holds, at most. */
const maxWait = 25
/** A release that fails is repeated so often, each time after twice as long. Before the end somebody has broken the lock. */
const maxReleases = 10
const firstReleaseDelay = 50

export interface HoldOptions {
  /** The lease's token. Default: a new one. */
  readonly token?: string
  /** A lease that is held already, and under whose token this one is. */
  readonly partOf?: Lease | undefined
  /** Whether a process that dies leaves something that the lock's note says how to undo. */
  readonly withNote?: boolean
  /** Goes on without a lock that nobody holds and that finds no room on the disk, where nobody else can take it either. */
  readonly evenWhenFull?: boolean
}

export interface LocksOptions {
  /** Milliseconds: for tests. */
  readonly lease?: number | undefined
  /** Completes or undoes what the dead holder of locks with these notes has half done. */
  readonly recover: (notes: readonly string[], lease: Lease) => Promise<void>
}

export const lockName = (...parts: readonly string[]): string => hash('sha256', parts.join('\0'))

export class Locks {
  readonly #directories: Directories
  readonly #lease: number
  readonly #recover: LocksOptions['recover']
  readonly #lines: Lines
  /** Locks that other processes hold and that are waited for here, by their paths. */
  readonly #watches = new Map<string, Watch>()
  readonly #leases = new Set<Lease>()
  #renewal: NodeJS.Timeout | undefined

  constructor(directories: Directories, { lease = leaseMilliseconds, recover }: LocksOptions) {
    this.#directories = directories
    this.#lease = lease
    this.#lines = new Lines(lease, (maxLeases + 1) * lease)
    this.#recover = recover
  }

  /** Runs the work while all the locks are held. Locks are taken in one order everywhere, so no two callers wait for each other. */
  async hold<T>(
    locks: readonly Lock[],
    signal: AbortSignal,
    work: (lease: Lease) => Promise<T>,
    options: HoldOptions = {},
  ): Promise<T> {
    const ordered = locks.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    const entered: string[] = []
    using directory = await this.#directory(options)
    const lease = this.#newLease(options.token, options.partOf)
    try {
      for (const lock of ordered) {
        if (entered.includes(lock.name)) continue
        await this.#lines.enter(lock, signal)
        entered.push(lock.name)
        if (directory !== undefined) await this.#takeInto(lease, directory, lock, signal, options)
      }
      return await work(lease)
    } catch (error) {
      // A system call that failed for want of what a fence has taken away.
      if (errno(error) !== undefined) await lease.confirm()
      throw error
    } finally {
      for (const path of await this.#end(lease)) void this.#releaseLater(path.slice(path.lastIndexOf('/') + 1), lease)
      for (const name of entered.reverse()) this.#lines.leave(name)
    }
  }

  /** Takes a lock that is in any directory, waiting for its holder. {@link release} ends the lease. */
  async take(directory: Directory, lock: Lock, signal: AbortSignal, token?: string): Promise<Lease> {
    const lease = this.#newLease(token)
    try {
      await this.#takeInto(lease, directory, lock, signal, {})
      return lease
    } catch (error) {
      this.#leases.delete(lease)
      throw error
    }
  }

  /** As {@link take}; `undefined` when another process holds the lock. */
  async tryTake(directory: Directory, lock: Lock, signal: AbortSignal): Promise<Lease | undefined> {
    const lease = this.#newLease()
    let done = false
    try {
      done = await this.#tryTakeInto(lease, directory, lock, signal, {})
      return done ? lease : undefined
    } finally {
      if (!done) this.#leases.delete(lease)
    }
  }

  /** Where this fails, the lease ends by itself. */
  async release(lease: Lease): Promise<void> {
    await this.#end(lease)
  }

  /** Breaks those of a directory's locks whose holders are known to be gone; those of the names that were broken. */
  async breakStale(directory: Directory, names: readonly string[], signal: AbortSignal): Promise<string[]> {
    const broken: string[] = []
    for (const name of names) {
      const target = await readlinkIfThere(directory.at(name))
      if (target === undefined || !(await isStale(target, directory.at(name)))) continue
      await this.#break(directory, { name, note: '' }, target, signal)
      broken.push(name)
    }
    return broken
  }

  #newLease(token = newToken(), partOf?: Lease): Lease {
    const lease = new Lease(this.#directories, token, partOf)
    this.#leases.add(lease)
    this.#renewLater()
    return lease
  }

  async #end(lease: Lease): Promise<readonly string[]> {
    this.#leases.delete(lease)
    return lease.release()
  }

  #renewLater(): void {
    if (this.#renewal !== undefined) return
    this.#renewal = setTimeout(() => {
      this.#renewal = undefined
      for (const lease of this.#leases) lease.renew()
      if (this.#leases.size > 0) this.#renewLater()
    }, this.#lease / 4)
    this.#renewal.unref()
  }

  async #releaseLater(name: string, { token }: Lease): Promise<void> {
    for (let tries = 0; tries < maxReleases; tries++) {
      await delay(firstReleaseDelay * 2 ** tries, undefined, { ref: false })
      try {
        using directory = await this.#directories.hold(locksPath)
        const path = directory?.at(name)
        const target = path && (await readlinkIfThere(path))
        if (path === undefined || target?.split(' ', 1)[0] !== token) return
        const lease = new Lease(this.#directories, token)
        lease.add({ path, target })
        if ((await lease.release()).length === 0) return
      } catch (error) {
        // The root is gone, or cannot be reached: the lease ends by itself.
        if (errno(error) === undefined) return
      }
    }
  }

  async #directory({ evenWhenFull = false }: HoldOptions): Promise<Directory | undefined> {
    try {
      const directory = await this.#directories.make(locksPath, 0)
      if (directory === undefined) throw rootMissing()
      return directory
    } catch (error) {
      if (evenWhenFull && isFull(error)) return undefined
      throw error
    }
  }

  async #takeInto(
    lease: Lease,
    directory: Directory,
    lock: Lock,
    signal: AbortSignal,
    options: HoldOptions,
  ): Promise<void> {
    const path = directory.at(lock.name)
    try {
      for (let wait = 1; ; wait = Math.min(wait * 2, maxWait)) {
        if (await this.#tryTakeInto(lease, directory, lock, signal, options)) return
        const target = await readlinkIfThere(path)
        if (target === undefined) continue
        const watch = this.#watches.get(lock.name) ?? new Watch()
        this.#watches.set(lock.name, watch)
        await watch.look(target, path)
        if (watch.unrenewed > this.#lease) await this.#break(directory, lock, target, signal)
        else if (watch.held > maxLeases * this.#lease) throw lockBusy(lock)
        else await pause(wait, signal)
      }
    } catch (error) {
      throw lockFailed(lock, error)
    } finally {
      // The next one in line goes on with what is known of the holder.
      if (!this.#lines.isWaitedFor(lock.name)) this.#watches.delete(lock.name)
    }
  }

  async #tryTakeInto(
    lease: Lease,
    directory: Directory,
    lock: Lock,
    signal: AbortSignal,
    options: HoldOptions,
  ): Promise<boolean> {
    const path = directory.at(lock.name)
    const targets = options.withNote === true ? [`${lease.token} ${lock.note}`, lease.token] : [lease.token]
    while (true) {
      throwIfAborted(signal)
      const target = await this.#makeLink(targets, path)
      if (target === undefined) {
        // There is no such lock, then: what is there would have been found first.
        if (options.evenWhenFull === true) return true
        throw new StorageError(
          'NO_SPACE',
          `the file system has no room for the lock of ${JSON.stringify(subject(lock))}`,
        )
      }
      if (target !== taken) {
        lease.add({ path, target })
        return true
      }
      const holder = await readlinkIfThere(path)
      if (holder === undefined) continue
      if (!(await isStale(holder, path))) return false
      await this.#break(directory, lock, holder, signal)
    }
  }

  /** The first of the targets for which there is room; `undefined` when there is none for any. */
  async #makeLink(targets: readonly string[], path: string): Promise<string | typeof taken | undefined> {
    for (const target of targets) {
      try {
        await this.#directories.direct.symlink(target, path)
        return target
      } catch (error) {
        if (errno(error) === 'EEXIST') return taken
        if (!isFull(error) && !(errno(error) === 'ENAMETOOLONG' && target !== targets.at(-1))) throw error
      }
    }
    return undefined
  }

  async #break(directory: Directory, lock: Lock, target: string, signal: AbortSignal): Promise<void> {
    const [token = ''] = target.split(' ', 1)
    const path = directory.at(lock.name)
    const breaker = await this.take(directory, { name: lockName('break', token), note: lock.note }, signal)
    try {
      // A token is used once, so while it is there the lock is the one that was met.
      if ((await readlinkIfThere(path)) !== target) return
      const state = ownerState(token)
      if (state !== undefined) await fence(this.#directories, token, state === 'dead')
      if ((await readlinkIfThere(path)) !== target) {
        // Released in the last moment.
        await unfence(this.#directories, token)
      } else {
        const locks = target === token ? [{ name: lock.name, note: lock.note }] : await locksOf(directory, token)
        await this.#recover(
          locks.map(({ note }) => note),
          breaker,
        )
        for (const { name } of locks) await breaker.discard(directory.at(name))
      }
    } finally {
      await this.release(breaker)
    }
  }
}

const taken = Symbol('taken')

/** What is seen of a lock that is waited for. */
class Watch {
  #target = ''
  #changed = 0n
  #seen = 0
  /** Milliseconds for which it has been seen with one holder. */
  held = 0
  /** Milliseconds for which it has been seen without being renewed. */
  unrenewed = 0

  async look(target: string, path: string): Promise<void> {
    const changed = (await lstatIfThere(path))?.mtimeNs ?? 0n
    const now = performance.now()
    // This process may have been paused as well, and gives the holder time to wake up.
    const passed = Math.min(now - this.#seen, 10 * maxWait)
    this.held = target === this.#target ? this.held + passed : 0
    this.unrenewed = target === this.#target && changed === this.#changed ? this.unrenewed + passed : 0
    this.#target = target
    this.#changed = changed
    this.#seen = now
  }
}

/** The locks of one holder that left notes. */
async function locksOf(directory: Directory, token: string): Promise<Lock[]> {
  const locks: Lock[] = []
  for (const name of await readdirIfThere(directory.here)) {
    const target = await readlinkIfThere(directory.at(name))
    if (target?.startsWith(`${token} `)) locks.push({ name, note: target.slice(token.length + 1) })
  }
  return locks
}

/** A lock that cannot be taken, though it may be broken: the directory is read-only, perhaps. */
function lockFailed(lock: Lock, error: unknown): unknown {
  const translated = errno(error) === undefined ? undefined : translate(error)
  if (!isStorageError(translated)) return error
  const { code, message, cause } = translated
  return new StorageError(code, `${JSON.stringify(subject(lock))} cannot be locked: ${message}`, { cause })
}

/** Waits about so many milliseconds; `ABORTED`. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  delay(milliseconds * (0.5 + Math.random()), undefined, { signal }).catch(() => throwIfAborted(signal))

/** Whether a lock can be broken at first sight. */
export async function isStale(target: string, path: string): Promise<boolean> {
  if (ownerState(target.split(' ', 1)[0] ?? '') === 'dead') return true
  const stats = await lstatIfThere(path)
  return stats !== undefined && Date.now() - Number(stats.mtimeMs) > staleMilliseconds
}
