/**
 * Failures of some of many files.
 */
import { isStorageError, type StorageErrorCode } from '@stowage/core'
import type { Session } from '../commands/command.js'
import { printable } from '../terminal/terminal.js'
import { commonExitCode, exitCodeOf } from './exit-codes.js'
import { describeFailure, FileFailure, isSystemError, messageOf, PartialFailure } from './failures.js'

export class Failures {
  readonly #session: Session
  readonly #codes = new Set<number>()
  #count = 0

  constructor(session: Session) {
    this.#session = session
  }

  /** Reports a failure at once, and remembers its exit code. */
  add(name: string, error: unknown): void {
    const exitCode = exitCodeOf(error)
    this.#count++
    this.#codes.add(exitCode)
    const { terminal, json } = this.#session
    if (json) terminal.sayJson({ name, error: describeFailure(error, exitCode) })
    else terminal.say(`${terminal.styledMessage('red', 'stowage:')} ${printable(`${name}: ${messageOf(error)}`)}`)
  }

  /** Reports something that is skipped on purpose, which is not a failure. */
  leaveOut(name: string, reason: string): void {
    const { terminal, json } = this.#session
    if (json) terminal.sayJson({ name, leftOut: reason })
    else terminal.say(`stowage: skipped ${printable(name)}: it is ${reason}`)
  }

  /** Throws if there was a failure. */
  finish(): void {
    if (this.#count > 0) throw new PartialFailure(commonExitCode(this.#codes), `${this.#count} files failed`)
  }
}

/** Failures that do not concern the other files. */
const ofOneFile: ReadonlySet<StorageErrorCode> = new Set([
  'INVALID_NAME',
  'PERMISSION_DENIED',
  'FILE_NOT_FOUND',
  'NAME_CONFLICT',
  'BUSY',
  'PRECONDITION_FAILED',
  'TOO_LARGE',
  'CHECKSUM_MISMATCH',
  'SIZE_MISMATCH',
  'SOURCE_FAILED',
] as const)

/** Codes of the operating system that concern the other files too. */
const ofTheMachine: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EROFS'])

/** Whether a failure does not concern the other files of the same command. */
export function concernsOneFile(error: unknown): boolean {
  if (error instanceof FileFailure) return true
  if (isStorageError(error)) return ofOneFile.has(error.code)
  return isSystemError(error) && !ofTheMachine.has(error.code)
}
