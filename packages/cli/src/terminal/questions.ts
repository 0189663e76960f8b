/**
 * Questions at a terminal, with @clack/prompts. They go to standard error, so that standard output
 * has only the result.
 */
import { type CANCEL_SYMBOL, confirm, isCancel, password, select, text } from '@clack/prompts'
import { Interruption } from '../failures/failures.js'
import type { Terminal } from './terminal.js'

export interface Choice<Value> {
  readonly value: Value
  readonly label: string
  readonly hint?: string
}

/** Returns what is wrong with an answer; `undefined` if it is valid. */
export type AnswerCheck = (answer: string) => string | undefined

/** Every question rejects with an `Interruption` if Ctrl-C or Escape is pressed. */
export class Questions {
  readonly #streams: {
    readonly input: Terminal['stdin']
    readonly output: Terminal['stderr']
    readonly signal: AbortSignal
  }

  constructor(terminal: Terminal, signal: AbortSignal) {
    this.#streams = { input: terminal.stdin, output: terminal.stderr, signal }
  }

  /** Returns the answer without surrounding blanks; the suggestion if it is empty. */
  async text(message: string, { suggestion = '', check }: { suggestion?: string; check?: AnswerCheck } = {}) {
    const answer = await text({
      ...this.#streams,
      message,
      placeholder: suggestion,
      defaultValue: suggestion,
      validate: (value) => check?.((value ?? '').trim() || suggestion),
    })
    return answered(answer).trim()
  }

  /** Returns an answer that is not shown while it is typed. May be empty unless `needed`. */
  async secret(message: string, { needed }: { readonly needed: boolean }): Promise<string> {
    const validate = (value: string | undefined) => (needed && !value ? 'A value is required' : undefined)
    // Clack passes undefined for an empty answer.
    return answered(await password({ ...this.#streams, message, validate })) ?? ''
  }

  async choose<Value>(message: string, choices: readonly [Choice<Value>, ...Choice<Value>[]]): Promise<Value> {
    // Clack's type requires labels only for objects as values. Here, all have labels.
    const options = choices as unknown as Parameters<typeof select<Value>>[0]['options']
    return answered(await select<Value>({ ...this.#streams, message, options, showInstructions: false }))
  }

  async confirm(message: string, suggestion: boolean): Promise<boolean> {
    return answered(await confirm({ ...this.#streams, message, initialValue: suggestion }))
  }
}

function answered<Value>(answer: Value | typeof CANCEL_SYMBOL): Value {
  if (isCancel(answer)) throw new Interruption('SIGINT')
  return answer as Value
}
