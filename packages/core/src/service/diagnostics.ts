/**
 * Diagnostics on `node:diagnostics_channel`: one message for each operation, when it has ended, and
 * one for each warning. Without subscribers an operation is not measured, and a warning becomes one
 * of the process.
 *
 * ```js import { subscribe } from 'node:diagnostics_channel' subscribe('stowage:operation', ({
 * operation, provider, container, file, duration, bytes, outcome, error }) => { … }) ```
 */
import { channel } from 'node:diagnostics_channel'
import type { StorageError } from '../contract/errors.js'

/** The channel's name. */
export const operationChannel = 'stowage:operation'

/** The message of {@link operationChannel}. */
export interface OperationEvent {
  /**
   * The service method's name. `downloadStream` and `uploadStream` appear as `openFile` and
   * `putFile`, and lists page by page, as `filePage` and `containerPage`.
   */
  readonly operation: string
  readonly provider: string
  readonly container?: string
  readonly file?: string
  /** Milliseconds since the epoch. */
  readonly started: number
  /** Milliseconds until the result; for `openFile`, until the stream has ended or was destroyed. */
  readonly duration: number
  /** Bytes of content that were sent or received; 0 for other operations. */
  readonly bytes: number
  /** `aborted`: by the caller's signal, by its timeout, or by a stream that was destroyed early. */
  readonly outcome: 'success' | 'error' | 'aborted'
  readonly error?: StorageError
}

const operations = channel(operationChannel)

/** Measures one operation. */
export class OperationTimer {
  readonly #started = Date.now()
  readonly #from = performance.now()

  /** Starts a measurement. Returns `undefined` if the channel has no subscribers. */
  static start(): OperationTimer | undefined {
    return operations.hasSubscribers ? new OperationTimer() : undefined
  }

  end(facts: Omit<OperationEvent, 'started' | 'duration' | 'outcome'>): void {
    const { error } = facts
    const outcome =
      error === undefined ? 'success' : error.code === 'ABORTED' || error.code === 'TIMEOUT' ? 'aborted' : 'error'
    const event: OperationEvent = {
      ...facts,
      started: this.#started,
      duration: performance.now() - this.#from,
      outcome,
    }
    operations.publish(event)
  }
}

/** The channel's name. */
export const warningChannel = 'stowage:warning'

/**
 * The message of {@link warningChannel}: something that an operation leaves out, or leaves undone,
 * while it succeeds.
 */
export interface WarningEvent {
  readonly provider: string
  /** Its message is for the operator: it may contain names that users must not see. */
  readonly error: StorageError
}

const warnings = channel(warningChannel)

/** The maximum number of process warnings. Each message is shown once. */
const maxShown = 1000
const shownMessages = new Set<string>()

/**
 * Publishes a warning. Without a subscriber it is a warning of the process, which Node writes to
 * the standard error stream, once for each message.
 */
export function warn(event: WarningEvent): void {
  if (warnings.hasSubscribers) {
    warnings.publish(event)
    return
  }
  const { message, code } = event.error
  if (shownMessages.has(message) || shownMessages.size === maxShown) return
  shownMessages.add(message)
  process.emitWarning(message, { type: 'StowageWarning', code })
}
