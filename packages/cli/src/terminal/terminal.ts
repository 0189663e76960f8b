/**
 * The three streams: results go to standard output, messages to standard error.
 */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'

export interface OutputStream extends Writable {
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface InputStream extends Readable {
  readonly isTTY?: boolean
}

type Style = Parameters<typeof styleText>[0]

export interface TerminalStreams {
  readonly stdin: InputStream
  readonly stdout: OutputStream
  readonly stderr: OutputStream
}

export class Terminal {
  readonly stdin: InputStream
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly #signal: AbortSignal
  /** Clears a temporary last line, such as a progress bar. */
  clearLine: () => void = () => undefined

  constructor({ stdin, stdout, stderr }: TerminalStreams, signal: AbortSignal) {
    this.stdin = stdin
    this.stdout = stdout
    this.stderr = stderr
    this.#signal = signal
  }

  /** Whether questions can be asked. */
  get interactive(): boolean {
    return this.stdin.isTTY === true && this.stderr.isTTY === true
  }

  /**
   * Prints a line of the result. Waits for a slow reader, so that long lists do not fill memory.
   */
  async print(line: string): Promise<void> {
    this.#signal.throwIfAborted()
    if (this.stdout.isTTY === true) this.clearLine()
    if (!this.stdout.write(`${line}\n`)) await once(this.stdout, 'drain', { signal: this.#signal })
  }

  async printJson(value: unknown): Promise<void> {
    await this.print(jsonLine(value))
  }

  say(line: string): void {
    this.clearLine()
    this.stderr.write(`${line}\n`)
  }

  sayJson(value: unknown): void {
    this.say(jsonLine(value))
  }

  /** Adds colours if standard output is a terminal and `NO_COLOR` is not set. */
  styled(style: Style, text: string): string {
    return styleText(style, text, { stream: this.stdout })
  }

  /** The same for standard error. */
  styledMessage(style: Style, text: string): string {
    return styleText(style, text, { stream: this.stderr })
  }
}

const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Returns JSON in one line, without characters that control a terminal. */
const jsonLine = (value: unknown) => JSON.stringify(value).replaceAll(/[\u007f-\u009f]/g, escaped)

/**
 * Escapes a name for a terminal: control characters, which could control the terminal or break a
 * line, and characters that change the direction of text, in the form `\u001b`.
 */
export const printable = (name: string): string =>
  name.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escaped)
