/**
 * Retries: one rule for all providers, by the code of the error.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { invalid, shown } from '../checks/invalid.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import { errorCodes, isStorageError } from '../contract/errors.js'

export interface RetryOptions {
  /** Tries in all, 1 or more. Default: 4. */
  readonly attempts?: number
  /**
   * Milliseconds: the bound of the wait before the second try; it doubles with each one. Default:
   * 100.
   */
  readonly minDelay?: number
  /**
   * Milliseconds: the bound of any wait, also of one that the service asks for (`Retry-After`).
   * Default: 20,000.
   */
  readonly maxDelay?: number
  /**
   * Milliseconds that a transfer goes on without progress, also when its `attempts` are used up:
   * each put or part of an upload, its start and completion, and the rest of a download that has
   * begun. Default: 30,000.
   */
  readonly maxOutage?: number
}

const retryNames = {
  attempts: true,
  minDelay: true,
  maxDelay: true,
  maxOutage: true,
} as const satisfies NamesOf<RetryOptions>

function atLeast(least: number, property: string, value: unknown): number {
  if (typeof value === 'number' && value >= least) return value
  throw invalid(property, `${property} must be a number from ${least}, not ${shown(value)}`)
}

/** The tries that have failed in a row. */
export interface Failures {
  readonly count: number
  /** When the first one failed: milliseconds since the epoch. */
  readonly since: number
}

export const noFailures: Failures = { count: 0, since: Number.POSITIVE_INFINITY }

export const oneMore = ({ count, since }: Failures): Failures => ({
  count: count + 1,
  since: Math.min(since, Date.now()),
})

export class RetryPolicy {
  readonly #attempts: number
  readonly #minDelay: number
  readonly #maxDelay: number
  readonly #maxOutage: number

  /** Throws `INVALID_ARGUMENT`. */
  constructor(options: RetryOptions = {}) {
    checkOptions('retry', options, retryNames)
    const { attempts = 4, minDelay = 100, maxDelay = 20_000, maxOutage = 30_000 } = options
    this.#attempts = atLeast(1, 'retry.attempts', attempts)
    this.#minDelay = atLeast(0, 'retry.minDelay', minDelay)
    this.#maxDelay = atLeast(0, 'retry.maxDelay', maxDelay)
    this.#maxOutage = atLeast(0, 'retry.maxOutage', maxOutage)
  }

  /** Whether an error allows another try. */
  allows(error: unknown, idempotent: boolean): boolean {
    if (!isStorageError(error)) return false
    const { retry } = errorCodes[error.code]
    return retry === 'always' || (retry === 'idempotent' && idempotent)
  }

  /**
   * After a try has failed: waits until it is time for the next one, or throws the error when there
   * is none.
   */
  async next(failures: Failures, error: unknown, signal: AbortSignal, idempotent: boolean): Promise<void> {
    if (signal.aborted || failures.count >= this.#attempts || !this.allows(error, idempotent)) throw error
    await this.#wait(failures.count, error, signal)
  }

  /**
   * {@link next} of a transfer: its caller has handed over a stream that can be read only once, or
   * has used a part of what was read. So it outlasts a service that is restarted or fails over. The
   * last try is made when `maxOutage` is over.
   */
  async nextOfTransfer(failures: Failures, error: unknown, signal: AbortSignal, idempotent: boolean): Promise<void> {
    const left = failures.since + this.#maxOutage - Date.now()
    const enough = failures.count >= this.#attempts && left <= 0
    if (signal.aborted || enough || !this.allows(error, idempotent)) throw error
    await this.#wait(failures.count, error, signal, failures.count < this.#attempts ? undefined : left)
  }

  /**
   * Calls until it succeeds, fails for good, has failed `attempts` times, or the signal is aborted.
   */
  run<T>(signal: AbortSignal, idempotent: boolean, call: () => Promise<T>): Promise<T> {
    return this.#run(signal, call, (failures, error) => this.next(failures, error, signal, idempotent))
  }

  /** {@link run} of a request of a transfer, which also goes on for `maxOutage`. */
  runTransfer<T>(signal: AbortSignal, idempotent: boolean, call: () => Promise<T>): Promise<T> {
    return this.#run(signal, call, (failures, error) => this.nextOfTransfer(failures, error, signal, idempotent))
  }

  async #run<T>(
    signal: AbortSignal,
    call: () => Promise<T>,
    next: (failures: Failures, error: unknown) => Promise<void>,
  ): Promise<T> {
    for (let failures = noFailures; ; ) {
      signal.throwIfAborted()
      try {
        return await call()
      } catch (error) {
        failures = oneMore(failures)
        await next(failures, error)
      }
    }
  }

  /**
   * A random time up to a bound that doubles (full jitter, so that many clients do not come back at
   * once), and not less than the service asked for, up to `maxDelay`. Rejects when the signal is
   * aborted.
   * @param left Milliseconds, which the random time does not exceed.
   */
  async #wait(
    failedTries: number,
    error: unknown,
    signal: AbortSignal,
    left = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    const bound = Math.min(this.#maxDelay, this.#minDelay * 2 ** (failedTries - 1))
    const asked = isStorageError(error) ? (error.details.retryAfter ?? 0) * 1000 : 0
    const wait = Math.max(Math.min(left, Math.random() * bound), asked)
    await delay(Math.min(this.#maxDelay, wait), undefined, { signal })
  }
}
