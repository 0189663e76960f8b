/**
 * Trying again: one rule for all providers, by the code of the error.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { errorCodes, isStorageError } from './errors.js'
import { invalid, shown } from './invalid.js'
import { checkOptions, type NamesOf } from './option-names.js'

export interface RetryOptions {
  /** Tries in all, 1 or more. Default: 4. */
  readonly attempts?: number
  /** Milliseconds: the bound of the wait before the second try; it doubles with each one. Default: 100. */
  readonly minDelay?: number
  /** Milliseconds: the bound of any wait, also of one that the service asks for (`Retry-After`). Default: 20,000. */
  readonly maxDelay?: number
}

const retryNames = { attempts: true, minDelay: true, maxDelay: true } as const satisfies NamesOf<RetryOptions>

function atLeast(least: number, property: string, value: unknown): number {
  if (typeof value === 'number' && value >= least) return value
  throw invalid(property, `${property} must be a number from ${least}, not ${shown(value)}`)
}

export class RetryPolicy {
  readonly attempts: number
  readonly #minDelay: number
  readonly #maxDelay: number

  constructor(options: RetryOptions = {}) {
    checkOptions('retry', options, retryNames)
    const { attempts = 4, minDelay = 100, maxDelay = 20_000 } = options
    this.attempts = atLeast(1, 'retry.attempts', attempts)
    this.#minDelay = atLeast(0, 'retry.minDelay', minDelay)
    this.#maxDelay = atLeast(0, 'retry.maxDelay', maxDelay)
  }

  /** Whether an error allows another try. */
  allows(error: unknown, idempotent: boolean): boolean {
    if (!isStorageError(error)) return false
    const { retry } = errorCodes[error.code]
    return retry === 'always' || (retry === 'idempotent' && idempotent)
  }

  /**
   * Waits before the next try: a random time up to a bound that doubles (full jitter, so that many clients do not come
   * back at once), and never less than the service asked for. Rejects when the signal is aborted.
   */
  async wait(failedTries: number, error: unknown, signal: AbortSignal): Promise<void> {
    const bound = Math.min(this.#maxDelay, this.#minDelay * 2 ** (failedTries - 1))
    const asked = isStorageError(error) ? (error.details.retryAfter ?? 0) * 1000 : 0
    await delay(Math.min(this.#maxDelay, Math.max(Math.random() * bound, asked)), undefined, { signal })
  }

  /** After a try has failed: waits until it is time for the next one, or throws the error when there is none. */
  async next(failedTries: number, error: unknown, signal: AbortSignal, idempotent: boolean): Promise<void> {
    if (signal.aborted || failedTries >= this.attempts || !this.allows(error, idempotent)) throw error
    await this.wait(failedTries, error, signal)
  }

  /** Calls until it succeeds, fails for good, has failed `attempts` times, or the signal is aborted. */
  async run<T>(signal: AbortSignal, idempotent: boolean, call: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted()
      try {
        return await call()
      } catch (error) {
        await this.next(tries, error, signal, idempotent)
      }
    }
  }
}
