/**
 * Failures of single files among many.
 */
import type { Session } from './command.js'
import { commonExitCode, exitCodeOf } from './exit-codes.js'
import { describeFailure, messageOf, PartialFailure } from './failures.js'
import { printable } from './terminal.js'

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
