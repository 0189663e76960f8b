/**
 * Failures of single files among many.
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

  /** Tells of a failure at once, and remembers the number that it ends with. */
  add(name: string, error: unknown): void {
    const exitCode = exitCodeOf(error)
    this.#count++
    this.#codes.add(exitCode)
    const { terminal, json } = this.#session
    if (json) terminal.sayJson({ name, error: describeFailure(error, exitCode) })
    else terminal.say(`${terminal.styledMessage('red', 'stowage:')} ${printable(`${name}: ${messageOf(error)}`)}`)
  }

  /** Tells of something that is left out on purpose: no failure. */
  leaveOut(name: string, reason: string): void {
    const { terminal, json } = this.#session
    if (json) terminal.sayJson({ name, leftOut: reason })
    else terminal.say(`stowage: ${printable(name)} is left out: it is ${reason}`)
  }

  /** Rejects when there was a failure. */
  finish(): void {
    if (this.#count > 0) throw new PartialFailure(commonExitCode(this.#codes), `${this.#count} files failed`)
  }
}

/** Failures after which the other files can still be copied. Any other would fail them too. */
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

/** Codes of the operating system that the next file would meet as well. */
const ofTheMachine: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EROFS'])

/** Whether a failure says nothing about the other files of the same command. */
export function concernsOneFile(error: unknown): boolean {
  if (error instanceof FileFailure) return true
  if (isStorageError(error)) return ofOneFile.has(error.code)
  return isSystemError(error) && !ofTheMachine.has(error.code)
}
