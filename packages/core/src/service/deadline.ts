/** The signal and the deadline of one operation, and which of the two ended it. */

import { invalid, shown } from '../checks/invalid.js'
import { StorageError } from '../contract/errors.js'
import type { OperationOptions } from './options.js'

const maxTimeout = 2 ** 31 - 1

/**
 * The signal of all operations that cannot be aborted. It keeps no listeners: they would never be
 * called. Providers may leave listeners on it, as every other signal belongs to one operation.
 */
const unaborted = new AbortController().signal
unaborted.addEventListener = () => undefined

/**
 * Joins the caller's signal and timeout into one signal. Adds a single listener to the caller's
 * signal, which `dispose` removes, whatever the provider does with the joined signal.
 */
export class OperationScope {
  /**
   * The signal that providers receive. Its reason is the `ABORTED` or `TIMEOUT` error of the
   * operation.
   */
  readonly signal: AbortSignal
  readonly #caller: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined
  #onAbort: (() => void) | undefined

  constructor(options: OperationOptions) {
    const { signal, timeout } = options
    if (signal === undefined && timeout === undefined) {
      this.signal = unaborted
      return
    }
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw invalid('signal', 'signal must be an AbortSignal')
    }
    if (timeout !== undefined && !(Number.isInteger(timeout) && timeout >= 1 && timeout <= maxTimeout)) {
      throw invalid(
        'timeout',
        `timeout must be a whole number of milliseconds from 1 to ${maxTimeout}, not ${shown(timeout)}`,
      )
    }
    if (signal?.aborted) throw abortedBy(signal)
    const controller = new AbortController()
    this.signal = controller.signal
    this.#caller = signal
    if (signal !== undefined) {
      // The listener does not capture `this`. The caller's signal would keep the whole operation in
      // memory with it.
      this.#onAbort = () => controller.abort(abortedBy(signal))
      signal.addEventListener('abort', this.#onAbort, { once: true })
    }
    if (timeout !== undefined) {
      this.#timer = setTimeout(() => {
        controller.abort(new StorageError('TIMEOUT', `the operation took longer than ${timeout} ms`))
      }, timeout)
    }
  }

  /** Ends the deadline. What follows is not limited in time. */
  clearTimeout(): void {
    clearTimeout(this.#timer)
  }

  /** Removes the timer and the listener. */
  dispose(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    if (this.#onAbort !== undefined) this.#caller?.removeEventListener('abort', this.#onAbort)
    this.#onAbort = undefined
  }
}

function abortedBy(signal: AbortSignal): StorageError {
  return new StorageError('ABORTED', 'the operation was aborted', { cause: signal.reason })
}
