/**
 * Locks on names, between the processes that share a root and within one process.
 *
 * A lock is a mark in `.stowage/locks` (a symbolic link, or a small file on Windows), which is
 * created atomically. Its text begins with its holder's token. It is held only while a version is
 * checked and replaced, never while content is transferred. A lock is broken if its holder has
 * ended, or has not renewed it for the length of a lease. The former holder is fenced off first
 * (`lease.ts`), so a wrong guess causes an error and no loss of data. Because several processes may
 * break a lock at once, breaking it requires another lock, which is named after the holder.
 */
import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isStorageError, StorageError } from '@stowage/core/provider'
import { errno, isFull, rootMissing, throwIfAborted, translate } from '../mapping/errors.js'
import { platform } from '../platform/platform.js'
import { locksPath } from './bookkeeping.js'
import type { Directories, Directory } from './directories.js'
import { fence, Lease, unfence } from './lease.js'
import { type Lock, LockQueues, lockBusy, lockedPath } from './lock-queues.js'
import { newToken, ownerState } from './owner.js'
import { lstatIfExists, readdirIfExists, readMark } from './system.js'

/**
 * Milliseconds without a renewal after which a lock can be broken. Locks are held for milliseconds.
 */
const leaseMilliseconds = 10_000
/** Leases after which a waiting caller fails, although the holder renews its lock. */
const maxLeases = 3
/**
 * Milliseconds without a renewal, by this machine's clock, after which a lock counts as stale at
 * first sight.
 */
const staleMilliseconds = 60_000
/** Maximum milliseconds between checks of a lock that another process holds. */
const maxWait = 25
/**
 * How often a failed release is retried, with a delay that doubles. By then, another process has
 * broken the lock.
 */
const maxReleases = 10
const firstReleaseDelay = 50

export interface WithLocksOptions {
  /** The lease's token. Default: a new one. */
  readonly token?: string
  /** A lease that is already held, whose token this one uses. */
  readonly partOf?: Lease | undefined
  /**
   * Whether the lock's note shows how to undo the work of a process that is killed. It always does
   * on Windows, where each replacement may need it.
   */
  readonly withNote?: boolean
  /**
   * Whether to continue without a lock that is free, if the disk has no space for it. No other
   * process can acquire it then.
   */
  readonly evenIfFull?: boolean
}

export interface LocksOptions {
  /** Milliseconds, for tests. */
  readonly lease?: number | undefined
  /** Completes or undoes the unfinished changes of a former holder whose locks have these notes. */
  readonly recover: (notes: readonly string[], token: string, lease: Lease) => Promise<void>
}

export const lockName = (...parts: readonly string[]): string => hash('sha256', parts.join('\0'))

export class Locks {
  readonly #directories: Directories
  readonly #lease: number
  readonly #recover: LocksOptions['recover']
  readonly #queues: LockQueues
  /** Locks of other processes for which this process waits, by their names. */
  readonly #watches = new Map<string, Watch>()
  readonly #leases = new Set<Lease>()
  #renewal: NodeJS.Timeout | undefined

  constructor(directories: Directories, { lease = leaseMilliseconds, recover }: LocksOptions) {
    this.#directories = directories
    this.#lease = lease
    this.#queues = new LockQueues(lease, (maxLeases + 1) * lease)
    this.#recover = recover
  }

  /**
   * Runs `work` while all locks are held. Locks are always acquired in the same order, so no two
   * callers wait for each other.
   */
  async withLocks<T>(
    locks: readonly Lock[],
    signal: AbortSignal,
    work: (lease: Lease) => Promise<T>,
    options: WithLocksOptions = {},
  ): Promise<T> {
    const ordered = locks.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    const entered: string[] = []
    using directory = await this.#directory(options)
    const lease = this.#newLease(options.token, options.partOf)
    try {
      for (const lock of ordered) {
        if (entered.includes(lock.name)) continue
        await this.#queues.enter(lock, signal)
        entered.push(lock.name)
        if (directory !== undefined) await this.#acquireInto(lease, directory, lock, signal, options)
      }
      return await work(lease)
    } catch (error) {
      // The system call may have failed because of a fence.
      if (errno(error) !== undefined) await lease.confirm()
      throw error
    } finally {
      for (const path of await this.#end(lease)) void this.#releaseLater(path.slice(path.lastIndexOf('/') + 1), lease)
      for (const name of entered.reverse()) this.#queues.leave(name)
    }
  }

  /** Acquires a lock in any directory, and waits for its holder. {@link release} ends the lease. */
  async acquire(directory: Directory, lock: Lock, signal: AbortSignal, token?: string): Promise<Lease> {
    const lease = this.#newLease(token)
    try {
      await this.#acquireInto(lease, directory, lock, signal, {})
      return lease
    } catch (error) {
      this.#leases.delete(lease)
      throw error
    }
  }

  /** Same as {@link take}, but returns `undefined` if another process holds the lock. */
  async tryAcquire(directory: Directory, lock: Lock, signal: AbortSignal): Promise<Lease | undefined> {
    const lease = this.#newLease()
    let done = false
    try {
      done = await this.#tryAcquireInto(lease, directory, lock, signal, {})
      return done ? lease : undefined
    } finally {
      if (!done) this.#leases.delete(lease)
    }
  }

  /** Releases the locks. If this fails, the lease expires. */
  async release(lease: Lease): Promise<void> {
    await this.#end(lease)
  }

  /**
   * Breaks a directory's locks whose holders have ended. Returns the names of those that were
   * broken.
   */
  async breakStale(directory: Directory, names: readonly string[], signal: AbortSignal): Promise<string[]> {
    const broken: string[] = []
    for (const name of names) {
      const target = await readMark(directory.at(name))
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
    for (let attempt = 0; attempt < maxReleases; attempt++) {
      await delay(firstReleaseDelay * 2 ** attempt, undefined, { ref: false })
      try {
        using directory = await this.#directories.acquire(locksPath)
        const path = directory?.at(name)
        const target = path && (await readMark(path))
        if (path === undefined || target?.split(' ', 1)[0] !== token) return
        const lease = new Lease(this.#directories, token)
        lease.add({ path, target })
        if ((await lease.release()).length === 0) return
      } catch (error) {
        // The root was deleted or is unreachable, so the lease expires.
        if (errno(error) === undefined) return
      }
    }
  }

  async #directory({ evenIfFull = false }: WithLocksOptions): Promise<Directory | undefined> {
    try {
      const directory = await this.#directories.make(locksPath, 0)
      if (directory === undefined) throw rootMissing()
      return directory
    } catch (error) {
      if (evenIfFull && isFull(error)) return undefined
      throw error
    }
  }

  async #acquireInto(
    lease: Lease,
    directory: Directory,
    lock: Lock,
    signal: AbortSignal,
    options: WithLocksOptions,
  ): Promise<void> {
    const path = directory.at(lock.name)
    try {
      for (let wait = 1; ; wait = Math.min(wait * 2, maxWait)) {
        if (await this.#tryAcquireInto(lease, directory, lock, signal, options)) return
        const target = await readMark(path)
        if (target === undefined) continue
        const watch = this.#watches.get(lock.name) ?? new Watch()
        this.#watches.set(lock.name, watch)
        await watch.observe(target, path)
        if (watch.unrenewed > this.#lease) await this.#break(directory, lock, target, signal)
        else if (watch.held > maxLeases * this.#lease) throw lockBusy(lock)
        else await pause(wait, signal)
      }
    } catch (error) {
      throw lockFailed(lock, error)
    } finally {
      // The next caller in the queue continues with the observations of the holder.
      if (!this.#queues.hasWaiting(lock.name)) this.#watches.delete(lock.name)
    }
  }

  async #tryAcquireInto(
    lease: Lease,
    directory: Directory,
    lock: Lock,
    signal: AbortSignal,
    options: WithLocksOptions,
  ): Promise<boolean> {
    const path = directory.at(lock.name)
    const targets =
      options.withNote === true || platform.openFilesBlock
        ? [`${lease.token} ${lock.note}`, lease.token]
        : [lease.token]
    while (true) {
      throwIfAborted(signal)
      const target = await this.#makeLink(targets, path)
      if (target === undefined) {
        // The lock does not exist: creating a link that exists would have failed with EEXIST.
        if (options.evenIfFull === true) return true
        throw new StorageError(
          'NO_SPACE',
          `the file system has no space for the lock of ${JSON.stringify(lockedPath(lock))}`,
        )
      }
      if (target !== exists) {
        lease.add({ path, target })
        return true
      }
      const holder = await readMark(path)
      if (holder === undefined) continue
      if (!(await isStale(holder, path))) return false
      await this.#break(directory, lock, holder, signal)
    }
  }

  /**
   * Creates the link with the first target for which there is space. Returns `undefined` if there
   * is none.
   */
  async #makeLink(targets: readonly string[], path: string): Promise<string | typeof exists | undefined> {
    for (const target of targets) {
      try {
        await this.#directories.direct.makeMark(target, path)
        return target
      } catch (error) {
        if (errno(error) === 'EEXIST') return exists
        if (!isFull(error) && !(errno(error) === 'ENAMETOOLONG' && target !== targets.at(-1))) throw error
      }
    }
    return undefined
  }

  async #break(directory: Directory, lock: Lock, target: string, signal: AbortSignal): Promise<void> {
    const [token = ''] = target.split(' ', 1)
    const path = directory.at(lock.name)
    const breaker = await this.acquire(directory, { name: lockName('break', token), note: lock.note }, signal)
    try {
      // A token is used once, so while it is there, the lock is the one that was read.
      if ((await readMark(path)) !== target) return
      const state = ownerState(token)
      if (state !== undefined) await fence(this.#directories, token, state === 'dead')
      if ((await readMark(path)) !== target) {
        // It was released at the last moment.
        await unfence(this.#directories, token)
      } else {
        const locks = target === token ? [{ name: lock.name, note: lock.note }] : await locksOf(directory, token)
        await this.#recover(
          locks.map(({ note }) => note),
          token,
          breaker,
        )
        for (const { name } of locks) await breaker.discard(directory.at(name))
      }
    } finally {
      await this.release(breaker)
    }
  }
}

const exists = Symbol('exists')

/** Observations of a lock that other processes hold. */
class Watch {
  #target = ''
  #changed = 0n
  #seen = 0
  /** Milliseconds for which it has had the same holder. */
  held = 0
  /** Milliseconds for which it has not been renewed. */
  unrenewed = 0

  async observe(target: string, path: string): Promise<void> {
    const changed = (await lstatIfExists(path))?.mtimeNs ?? 0n
    const now = performance.now()
    // This process may have been paused too. The holder then gets time to continue.
    const passed = Math.min(now - this.#seen, 10 * maxWait)
    this.held = target === this.#target ? this.held + passed : 0
    this.unrenewed = target === this.#target && changed === this.#changed ? this.unrenewed + passed : 0
    this.#target = target
    this.#changed = changed
    this.#seen = now
  }
}

/** Returns the locks with notes of one holder. */
async function locksOf(directory: Directory, token: string): Promise<Lock[]> {
  const locks: Lock[] = []
  for (const name of await readdirIfExists(directory.path)) {
    const target = await readMark(directory.at(name))
    if (target?.startsWith(`${token} `)) locks.push({ name, note: target.slice(token.length + 1) })
  }
  return locks
}

/**
 * Makes the error of a lock that could not be acquired or broken, for example because the directory
 * is read-only.
 */
function lockFailed(lock: Lock, error: unknown): unknown {
  const translated = errno(error) === undefined ? undefined : translate(error)
  if (!isStorageError(translated)) return error
  const { code, message, cause } = translated
  return new StorageError(code, `${JSON.stringify(lockedPath(lock))} cannot be locked: ${message}`, { cause })
}

/** Waits for about this time. Rejects with `ABORTED`. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  delay(milliseconds * (0.5 + Math.random()), undefined, { signal }).catch(() => throwIfAborted(signal))

/** Returns whether a lock can be broken at first sight. */
export async function isStale(target: string, path: string): Promise<boolean> {
  // Windows has marks without a text: drafts of a killed process, which end with its token.
  const token = target === '' ? path.slice(path.lastIndexOf('~') + 1) : (target.split(' ', 1)[0] ?? '')
  if (ownerState(token) === 'dead') return true
  const stats = await lstatIfExists(path)
  return stats !== undefined && Date.now() - Number(stats.mtimeMs) > staleMilliseconds
}
