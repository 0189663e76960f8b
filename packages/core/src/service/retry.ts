/** Retries, by one rule for all providers: the code of the error. */
import { setTimeout as delay } from 'node:timers/promises'
import { invalid, shown } from '../checks/invalid.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import { errorCodes, isStorageError } from '../contract/errors.js'

export interface RetryOptions {
  /** Maximum number of attempts, 1 or more. Default: 4. */
  readonly attempts?: number
  /**
   * Milliseconds: the maximum wait before the second attempt. Doubles with each attempt. Default:
   * 100.
   */
  readonly minDelay?: number
  /**
   * Milliseconds: the maximum wait, also if the service asks for a longer one (`Retry-After`).
   * Default: 20,000.
   */
  readonly maxDelay?: number
  /**
   * Milliseconds that a transfer continues without progress after its `attempts` are used. Applies
   * to each put and part of an upload, to its start and completion, and to the rest of a download
   * that has begun. Default: 30,000.
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

/** Consecutive failed attempts. */
export interface Failures {
  readonly count: number
  /** When the first attempt failed, in milliseconds since the epoch. */
  readonly since: number
}

export const noFailures: Failures = { count: 0, since: Number.POSITIVE_INFINITY }

export const addFailure = ({ count, since }: Failures): Failures => ({
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

  /** Returns whether an error allows a retry. */
  allows(error: unknown, idempotent: boolean): boolean {
    if (!isStorageError(error)) return false
    const { retry } = errorCodes[error.code]
    return retry === 'always' || (retry === 'idempotent' && idempotent)
  }

  /** Waits before the next attempt, or throws the error if no further attempt is allowed. */
  async next(failures: Failures, error: unknown, signal: AbortSignal, idempotent: boolean): Promise<void> {
    if (signal.aborted || failures.count >= this.#attempts || !this.allows(error, idempotent)) throw error
    await this.#wait(failures.count, error, signal)
  }

  /**
   * {@link next} for a transfer, whose stream can be read only once or has already been used in
   * part. It therefore continues for `maxOutage`, to outlast a restart or a failover of the
   * service. The last attempt is made when `maxOutage` has passed.
   */
  async nextOfTransfer(failures: Failures, error: unknown, signal: AbortSignal, idempotent: boolean): Promise<void> {
    const remaining = failures.since + this.#maxOutage - Date.now()
    const exhausted = failures.count >= this.#attempts && remaining <= 0
    if (signal.aborted || exhausted || !this.allows(error, idempotent)) throw error
    await this.#wait(failures.count, error, signal, failures.count < this.#attempts ? undefined : remaining)
  }

  /** Calls until success, a final failure, `attempts` failures, or an abort of the signal. */
  run<T>(signal: AbortSignal, idempotent: boolean, call: () => Promise<T>): Promise<T> {
    return this.#run(signal, call, (failures, error) => this.next(failures, error, signal, idempotent))
  }

  /** {@link run} for a request of a transfer, which also continues for `maxOutage`. */
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
        failures = addFailure(failures)
        await next(failures, error)
      }
    }
  }

  /**
   * Waits for a random time up to a limit that doubles (full jitter, so that clients do not retry
   * at the same time). Waits at least as long as the service asks for, up to `maxDelay`. Rejects
   * when the signal is aborted.
   *
   * @param remaining Milliseconds that the random time must not exceed.
   */
  async #wait(
    failedAttempts: number,
    error: unknown,
    signal: AbortSignal,
    remaining = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    const limit = Math.min(this.#maxDelay, this.#minDelay * 2 ** (failedAttempts - 1))
    const requestedDelay = isStorageError(error) ? (error.details.retryAfter ?? 0) * 1000 : 0
    const wait = Math.max(Math.min(remaining, Math.random() * limit), requestedDelay)
    await delay(Math.min(this.#maxDelay, wait), undefined, { signal })
  }
}
