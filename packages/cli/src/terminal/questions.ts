/**
 * Questions to a person at a terminal.
 *
 * Over @clack/prompts; its own words go to the standard error, so that the standard output has the answer alone.
 */
import { type CANCEL_SYMBOL, confirm, isCancel, password, select, text } from '@clack/prompts'
import { Interruption } from '../failures/failures.js'
import type { Terminal } from './terminal.js'

export interface Choice<Value> {
  readonly value: Value
  readonly label: string
  readonly hint?: string
}

/** What is wrong with an answer, or nothing. */
export type AnswerCheck = (answer: string) => string | undefined

/** Every question rejects with an `Interruption` when Ctrl-C or Escape is pressed. */
export class Questions {
  readonly #streams: {
    readonly input: Terminal['stdin']
    readonly output: Terminal['stderr']
    readonly signal: AbortSignal
  }

  constructor(terminal: Terminal, signal: AbortSignal) {
    this.#streams = { input: terminal.stdin, output: terminal.stderr, signal }
  }

  /** The answer, without blanks around it; the suggestion when it is empty. */
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

  /** An answer that is not shown while it is typed. May be empty unless `needed`. */
  async secret(message: string, { needed }: { readonly needed: boolean }): Promise<string> {
    const validate = (value: string | undefined) => (needed && !value ? 'It is needed' : undefined)
    // Clack hands over undefined for an empty answer.
    return answered(await password({ ...this.#streams, message, validate })) ?? ''
  }

  async choose<Value>(message: string, choices: readonly [Choice<Value>, ...Choice<Value>[]]): Promise<Value> {
    // Clack's own type asks for labels only where values are objects; ours always have them.
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
