/**
 * The scope of one operation: its signal, its deadline, and which of the two ended it.
 */
import { StorageError } from './errors.js'
import { invalid } from './invalid.js'
import type { OperationOptions } from './options.js'

const longestTimeout = 2 ** 31 - 1

/**
 * Joins the caller's signal and timeout into one signal of our own. Only one listener is ever put on the caller's signal,
 * and `dispose` takes it off again, whatever the provider does with ours.
 */
export class OperationScope {
  readonly #controller = new AbortController()
  readonly #caller: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined
  #onAbort: (() => void) | undefined

  constructor(options: OperationOptions) {
    if (typeof options !== 'object' || options === null) throw invalid('options', 'the options must be an object')
    const { signal, timeout } = options
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw invalid('signal', 'signal must be an AbortSignal')
    }
    if (timeout !== undefined && !(Number.isInteger(timeout) && timeout >= 1 && timeout <= longestTimeout)) {
      throw invalid(
        'timeout',
        `timeout must be a whole number of milliseconds from 1 to ${longestTimeout}, not ${timeout}`,
      )
    }
    if (signal?.aborted) throw abortedBy(signal)
    this.#caller = signal
    if (signal !== undefined) {
      // A function that holds `this` and is held by it would live on, with the whole operation, until all memory is collected.
      this.#onAbort = this.#abortByCaller.bind(this, signal)
      signal.addEventListener('abort', this.#onAbort, { once: true })
    }
    if (timeout !== undefined) {
      this.#timer = setTimeout(() => {
        this.#controller.abort(new StorageError('TIMEOUT', `the operation took longer than ${timeout} ms`))
      }, timeout)
    }
  }

  #abortByCaller(signal: AbortSignal): void {
    this.#controller.abort(abortedBy(signal))
  }

  /** What providers get. Its reason is the `ABORTED` or `TIMEOUT` error that the operation ends with. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Ends the operation from within, as when a stream is destroyed. */
  abort(error: StorageError): void {
    this.#controller.abort(error)
  }

  /** The deadline is met: what comes after may take its time. */
  clearTimeout(): void {
    clearTimeout(this.#timer)
  }

  dispose(): void {
    clearTimeout(this.#timer)
    if (this.#onAbort !== undefined) this.#caller?.removeEventListener('abort', this.#onAbort)
    this.#onAbort = undefined
  }
}

function abortedBy(signal: AbortSignal): StorageError {
  return new StorageError('ABORTED', 'the operation was aborted', { cause: signal.reason })
}
