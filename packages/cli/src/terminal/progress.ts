/**
 * The progress of a copy, in the last line of a terminal.
 *
 * Not cli-progress, which was last released in 2023, needs a total, and does not clear its line
 * when other text is printed.
 */
import { printable, type Terminal } from './terminal.js'

/** Milliseconds between two updates. */
const interval = 100
const barWidth = 20

export class Progress implements Disposable {
  readonly #terminal: Terminal
  readonly #started = performance.now()
  readonly #timer: NodeJS.Timeout
  #files = 0
  #bytes = 0
  /** Bytes that earlier attempts copied, which say nothing about the speed. */
  #resumed = 0
  #total = 0
  #totalKnown = false
  #current = ''

  private constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.#timer = setInterval(() => this.#draw(), interval).unref()
    terminal.clearLine = () => terminal.stderr.write('\r\u001b[K')
  }

  /** Returns `undefined` if standard error is not a terminal. */
  static on(terminal: Terminal): Progress | undefined {
    return terminal.stderr.isTTY === true ? new Progress(terminal) : undefined
  }

  /** Adds bytes to the total. */
  expect(bytes: number): void {
    this.#total += bytes
  }

  /** Declares that the total is known. */
  complete(): void {
    this.#totalKnown = true
  }

  /** Starts a file. The returned function is called with all bytes of the file so far. */
  begin(name: string): (bytes: number) => void {
    this.#current = name
    let before = 0
    return (bytes) => {
      this.#bytes += bytes - before
      before = bytes
    }
  }

  /** Counts bytes that an interrupted copy has stored. */
  resume(bytes: number): void {
    this.#resumed += bytes
  }

  fileDone(): void {
    this.#files++
  }

  /** Replaces the line by a summary. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#terminal.say(`${this.#done()} in ${((performance.now() - this.#started) / 1000).toFixed(1)} s`)
    this.#terminal.clearLine = () => undefined
  }

  #done(): string {
    return `${this.#files} ${this.#files === 1 ? 'file' : 'files'}, ${formatBytes(this.#bytes)}`
  }

  #draw(): void {
    const { stderr } = this.#terminal
    const rate = Math.max(0, this.#bytes - this.#resumed) / ((performance.now() - this.#started) / 1000)
    const known = this.#totalKnown && this.#total > 0
    const share = known ? Math.min(1, this.#bytes / this.#total) : 0
    const filled = Math.round(share * barWidth)
    const bar = `${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)} ${String(Math.floor(share * 100)).padStart(3)} %  `
    const line = `${known ? bar : ''}${this.#done()}, ${formatBytes(rate)}/s  ${printable(this.#current)}`
    stderr.write(`\r${fitting(line, (stderr.columns ?? 80) - 1)}\u001b[K`)
  }
}

/** Cuts a line to a width. Characters outside of ASCII count as two columns, as some are. */
function fitting(line: string, columns: number): string {
  let width = 0
  let fits = ''
  for (const character of line) {
    width += /^[\x20-\x7e]$/.test(character) ? 1 : 2
    if (width > columns) break
    fits += character
  }
  return fits
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}
