/**
 * The scope of one operation: its signal, its deadline, and which of the two ended it.
 */

import { invalid, shown } from '../checks/invalid.js'
import { StorageError } from '../contract/errors.js'
import type { OperationOptions } from './options.js'

const longestTimeout = 2 ** 31 - 1

/**
 * The signal of all operations that nothing can abort. It keeps no listeners: they would never be
 * called, and providers may leave them there, since every other signal is of one operation alone.
 */
const unaborted = new AbortController().signal
unaborted.addEventListener = () => undefined

/**
 * Joins the caller's signal and timeout into one signal of our own. Only one listener is ever put
 * on the caller's signal, and `dispose` takes it off again, whatever the provider does with ours.
 */
export class OperationScope {
  /**
   * What providers get. Its reason is the `ABORTED` or `TIMEOUT` error that the operation ends
   * with.
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
    if (timeout !== undefined && !(Number.isInteger(timeout) && timeout >= 1 && timeout <= longestTimeout)) {
      throw invalid(
        'timeout',
        `timeout must be a whole number of milliseconds from 1 to ${longestTimeout}, not ${shown(timeout)}`,
      )
    }
    if (signal?.aborted) throw abortedBy(signal)
    const controller = new AbortController()
    this.signal = controller.signal
    this.#caller = signal
    if (signal !== undefined) {
      // It does not hold `this`: what holds a function that holds it would live on, with the whole
      // operation, until all memory is collected.
      this.#onAbort = () => controller.abort(abortedBy(signal))
      signal.addEventListener('abort', this.#onAbort, { once: true })
    }
    if (timeout !== undefined) {
      this.#timer = setTimeout(() => {
        controller.abort(new StorageError('TIMEOUT', `the operation took longer than ${timeout} ms`))
      }, timeout)
    }
  }

  /** The deadline is met: what comes after may take its time. */
  clearTimeout(): void {
    clearTimeout(this.#timer)
  }

  dispose(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    if (this.#onAbort !== undefined) this.#caller?.removeEventListener('abort', this.#onAbort)
    this.#onAbort = undefined
  }
}

function abortedBy(signal: AbortSignal): StorageError {
  return new StorageError('ABORTED', 'the operation was aborted', { cause: signal.reason })
}
