/**
 * Failures of cases: which step failed, in few lines.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { type OperationEvent, operationChannel } from '../../service/diagnostics.js'

/** Characters of a message, and of the compared values in a test runner's difference. */
const maxLength = 1000
const maxOperations = 3

/** The last operations of the storage that have ended while this object exists. */
export class LastOperations implements Disposable {
  readonly last: string[] = []
  readonly #add = (message: unknown) => {
    const { operation, file, container, error } = message as OperationEvent
    const outcome = error === undefined ? 'succeeded' : `failed with ${error.code}`
    this.last.push(`${operation} ${JSON.stringify(file ?? container ?? '')} ${outcome}`)
    if (this.last.length > maxOperations) this.last.shift()
  }

  constructor() {
    subscribe(operationChannel, this.#add)
  }

  [Symbol.dispose](): void {
    unsubscribe(operationChannel, this.#add)
  }
}

/** Adds the last operations to an error's message, and shortens what it compares. */
export function explain(error: unknown, operations: readonly string[]): unknown {
  if (!(error instanceof Error)) return error
  const { message } = error
  const steps = operations.length === 0 ? '' : `\nlast operations: ${operations.join(', ')}`
  error.message = `${message.length > maxLength ? `${message.slice(0, maxLength)}…` : message}${steps}`
  if ('actual' in error && 'expected' in error && isLong([error.actual, error.expected])) {
    error.actual = undefined
    error.expected = undefined
  }
  return error
}

const isLong = (values: unknown): boolean => inspect(values, { depth: 5, maxArrayLength: 200 }).length > maxLength
