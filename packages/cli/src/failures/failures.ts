/**
 * Failures of a command, and what is said of them.
 */
import { getSystemErrorMessage } from 'node:util'
import { isStorageError } from '@stowage/core'

/** A failure with the words and the number that the command ends with. */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure'
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The command was called wrongly; ends with 2. */
export class UsageFailure extends CommandFailure {
  override readonly name = 'UsageFailure'

  constructor(message: string) {
    super(2, message)
  }
}

/** Numbers of POSIX signals. */
const signalNumbers = Object.freeze({ SIGHUP: 1, SIGINT: 2, SIGPIPE: 13, SIGTERM: 15 })

/** The user or the machine ended the command: nothing needs to be said, and the number is 128 and that of the signal. */
export class Interruption extends CommandFailure {
  override readonly name = 'Interruption'
  readonly signalName: keyof typeof signalNumbers

  constructor(signalName: keyof typeof signalNumbers) {
    super(128 + signalNumbers[signalName], 'interrupted')
    this.signalName = signalName
  }
}

/** One file among many cannot be copied, for a reason that says nothing about the others. */
export class FileFailure extends CommandFailure {
  override readonly name = 'FileFailure'
}

/** Many files were asked for, and some failed; what of each has been said already. */
export class PartialFailure extends CommandFailure {
  override readonly name = 'PartialFailure'
}

export interface SystemError extends Error {
  readonly code: string
  readonly errno: number
  readonly path?: string
}

export const isSystemError = (error: unknown): error is SystemError =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  'errno' in error &&
  typeof error.errno === 'number'

/** What a person is told. */
export function messageOf(error: unknown): string {
  if (isStorageError(error, 'SOURCE_FAILED') && error.cause !== undefined) return messageOf(error.cause)
  if (isSystemError(error)) {
    const message = getSystemErrorMessage(error.errno)
    return error.path === undefined ? message : `${error.path}: ${message}`
  }
  return error instanceof Error ? error.message : String(error)
}

/** What a program is told. */
export function describeFailure(error: unknown, exitCode: number): Readonly<Record<string, unknown>> {
  const message = messageOf(error)
  if (!isStorageError(error)) return { message, exitCode, ...(isSystemError(error) ? { code: error.code } : {}) }
  const { code, container, file } = error
  return { message, exitCode, code, container, file }
}
