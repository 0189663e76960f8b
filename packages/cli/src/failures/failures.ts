/**
 * Failures of a command, and their messages.
 */
import { getSystemErrorMessage } from 'node:util'
import { isStorageError, type StorageErrorCode } from '@stowage/core'

/** A failure with a message and the exit code of the command. */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure'
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Wrong arguments: exit code 2. */
export class UsageFailure extends CommandFailure {
  override readonly name = 'UsageFailure'

  constructor(message: string) {
    super(2, message)
  }
}

/** Numbers of POSIX signals. */
const signalNumbers = Object.freeze({ SIGHUP: 1, SIGINT: 2, SIGPIPE: 13, SIGTERM: 15 })

/** A signal ended the command: no message, and the exit code is 128 plus the signal's number. */
export class Interruption extends CommandFailure {
  override readonly name = 'Interruption'
  readonly signalName: keyof typeof signalNumbers

  constructor(signalName: keyof typeof signalNumbers) {
    super(128 + signalNumbers[signalName], 'interrupted')
    this.signalName = signalName
  }
}

/** One of many files cannot be copied, for a reason that does not concern the others. */
export class FileFailure extends CommandFailure {
  override readonly name = 'FileFailure'
}

/** Some of many files failed. Each failure has been reported. */
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

/** The data sources of errors, as messages name them. */
const origins = new WeakMap<object, string>()

/** Records the data source of an error. */
export function setOrigin(error: object, origin: string): void {
  origins.set(error, origin)
}

/** Returns the message for a person. */
export function messageOf(error: unknown): string {
  if (isStorageError(error, 'SOURCE_FAILED') && error.cause !== undefined) return messageOf(error.cause)
  if (isSystemError(error)) {
    const message = getSystemErrorMessage(error.errno)
    return error.path === undefined ? message : `${error.path}: ${message}`
  }
  if (!(error instanceof Error)) return String(error)
  const origin = isStorageError(error) && concernService.has(error.code) ? origins.get(error) : undefined
  return origin === undefined ? error.message : `${origin}: ${error.message}`
}

/** Errors that concern the service, not a file: their messages do not say which service. */
const concernService: ReadonlySet<StorageErrorCode> = new Set([
  'UNAUTHENTICATED',
  'CONNECTION_LOST',
  'SERVICE_FAILED',
  'BAD_RESPONSE',
  'UNAVAILABLE',
  'RATE_LIMITED',
  'TIMEOUT',
] as const)

/** Returns the description for a program. */
export function describeFailure(error: unknown, exitCode: number): Readonly<Record<string, unknown>> {
  const message = messageOf(error)
  if (!isStorageError(error)) return { message, exitCode, code: isSystemError(error) ? error.code : undefined }
  const { code, container, file } = error
  return { message, exitCode, code, container, file }
}
