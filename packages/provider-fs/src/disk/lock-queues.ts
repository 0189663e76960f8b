/**
 * Queues of the callers in one process that wait for the same lock, in the order of arrival. Only
 * the first caller of a queue tries to create the lock on the disk.
 */
import { StorageError } from '@stowage/core/provider'
import { aborted, throwIfAborted } from '../mapping/errors.js'

/** A lock of a file or a container. */
export interface Lock {
  /** The link's name. */
  readonly name: string
  /** What the holder is about to do: a verb and a path, for a process that breaks the lock. */
  readonly note: string
}

/** Returns the path of the locked file or container, for messages. */
export const lockedPath = ({ name, note }: Lock): string => note.slice(note.indexOf(' ') + 1) || name

export const lockBusy = (lock: Lock): StorageError =>
  new StorageError('BUSY', `${JSON.stringify(lockedPath(lock))} is locked by another operation for too long`)

interface Queue {
  readonly waiting: (() => void)[]
  /** When the current holder became the first. */
  since: number
}

export class LockQueues {
  readonly #queues = new Map<string, Queue>()
  readonly #interval: number
  readonly #limit: number

  /**
   * @param interval Milliseconds between checks of the limit.
   * @param limit Milliseconds after which waiting callers fail if the first one does not leave.
   */
  constructor(interval: number, limit: number) {
    this.#interval = interval
    this.#limit = limit
  }

  hasWaiting(name: string): boolean {
    return (this.#queues.get(name)?.waiting.length ?? 0) > 0
  }

  /**
   * Waits to be the first in the queue, until {@link leave} is called. Rejects with `ABORTED` or
   * `BUSY`.
   */
  async enter(lock: Lock, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    const queue = this.#queues.get(lock.name)
    if (queue === undefined) {
      this.#queues.set(lock.name, { waiting: [], since: performance.now() })
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = (error: unknown) => {
      const index = queue.waiting.indexOf(resolve)
      // Already the first, so this caller will leave the queue.
      if (index === -1) return
      queue.waiting.splice(index, 1)
      reject(error)
    }
    const abort = () => giveUp(aborted(signal))
    const check = setInterval(() => {
      if (performance.now() - queue.since > this.#limit) giveUp(lockBusy(lock))
    }, this.#interval)
    queue.waiting.push(resolve)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await promise
    } finally {
      clearInterval(check)
      signal.removeEventListener('abort', abort)
    }
  }

  leave(name: string): void {
    const queue = this.#queues.get(name)
    const next = queue?.waiting.shift()
    if (queue === undefined || next === undefined) {
      this.#queues.delete(name)
      return
    }
    queue.since = performance.now()
    next()
  }
}
