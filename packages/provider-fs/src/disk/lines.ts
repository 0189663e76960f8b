/**
 * The callers of one process that wait for the same lock, in the order in which they came: only the first of them asks for the
 * lock on the disk.
 */
import { StorageError } from '@stowage/core/provider'
import { aborted, throwIfAborted } from '../errors.js'

/** What a lock is of. */
export interface Lock {
  /** The link's own name. */
  readonly name: string
  /** What the holder is about to do: a verb and a path, for the process that breaks the lock. */
  readonly note: string
}

/** What a lock is of, for people. */
export const subject = ({ name, note }: Lock): string => note.slice(note.indexOf(' ') + 1) || name

export const lockBusy = (lock: Lock): StorageError =>
  new StorageError('BUSY', `${JSON.stringify(subject(lock))} is locked by another operation that takes long`)

interface Line {
  readonly waiting: (() => void)[]
  /** When the present holder came to the front. */
  since: number
}

export class Lines {
  readonly #lines = new Map<string, Line>()
  readonly #interval: number
  readonly #limit: number

  /** `limit`: milliseconds after which the others give up when one stays at the front. `interval`: between looks at that. */
  constructor(interval: number, limit: number) {
    this.#interval = interval
    this.#limit = limit
  }

  isWaitedFor(name: string): boolean {
    return (this.#lines.get(name)?.waiting.length ?? 0) > 0
  }

  /** Waits to be at the front. {@link leave} lets the next one there. `ABORTED`, `BUSY`. */
  async enter(lock: Lock, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    const line = this.#lines.get(lock.name)
    if (line === undefined) {
      this.#lines.set(lock.name, { waiting: [], since: performance.now() })
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = (error: unknown) => {
      const place = line.waiting.indexOf(resolve)
      // At the front by now, so this caller will leave it.
      if (place === -1) return
      line.waiting.splice(place, 1)
      reject(error)
    }
    const abort = () => giveUp(aborted(signal))
    const look = setInterval(() => {
      if (performance.now() - line.since > this.#limit) giveUp(lockBusy(lock))
    }, this.#interval)
    line.waiting.push(resolve)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await promise
    } finally {
      clearInterval(look)
      signal.removeEventListener('abort', abort)
    }
  }

  leave(name: string): void {
    const line = this.#lines.get(name)
    const next = line?.waiting.shift()
    if (line === undefined || next === undefined) {
      this.#lines.delete(name)
      return
    }
    line.since = performance.now()
    next()
  }
}
