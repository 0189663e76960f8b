/**
 * A project's directory, and the program `stowage` run in it: with pipes, or in a real
 * pseudo-terminal.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { spawn as spawnInTerminal } from '@lydell/node-pty'

const packageDirectory = join(import.meta.dirname, '..')
export const program = join(packageDirectory, 'bin', 'stowage.cjs')

type Environment = Readonly<Record<string, string>>

/** What a command ended with. */
export interface Outcome {
  /** 128 and the signal's number when a signal killed it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly environment?: Environment
  readonly stdin?: string | Uint8Array
  /** Whether file permissions hold for the command even if the tests run as root. */
  readonly restricted?: boolean
}

/** util-linux: root without the capabilities that override file permissions. */
const restriction = ['setpriv', '--bounding-set=-dac_override,-dac_read_search']

export class Workplace implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** With Stowage's packages installed, unless told otherwise, and these files. */
  static async make(files: Readonly<Record<string, string>> = {}, { installed = true } = {}): Promise<Workplace> {
    const place = new Workplace(await mkdtemp(join(tmpdir(), 'stowage-cli-')))
    await place.write('package.json', '{}\n')
    if (installed) await symlink(join(packageDirectory, 'node_modules'), join(place.path, 'node_modules'), 'junction')
    for (const [name, content] of Object.entries(files)) await place.write(name, content)
    return place
  }

  /** With the data source `files`, a directory of the same name. */
  static async withFiles(files: Readonly<Record<string, string>> = {}): Promise<Workplace> {
    const entry = { files: { provider: 'filesystem', root: './files', createRoot: true } }
    return Workplace.make({ 'datasources.json': JSON.stringify(entry), ...files })
  }

  at(...names: string[]): string {
    return join(this.path, ...names)
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(this.at(name)), { recursive: true })
    await writeFile(this.at(name), content)
  }

  read(name: string): Promise<string> {
    return readFile(this.at(name), 'utf8')
  }

  async readJson(name: string): Promise<unknown> {
    return JSON.parse(await this.read(name))
  }

  /** Runs a command to its end. */
  async run(
    args: readonly string[],
    { environment = {}, stdin = '', restricted = false }: RunOptions = {},
  ): Promise<Outcome> {
    const command = [process.execPath, program, ...args]
    const [executable = '', ...rest] = restricted && process.getuid?.() === 0 ? [...restriction, ...command] : command
    const child = spawn(executable, rest, { cwd: this.path, env: this.#environment(environment) })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text
      })
    }
    // A command that ends without reading its input closes the pipe.
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin)
    const [code] = await once(child, 'close')
    return { code: code as number, ...output }
  }

  /** Starts a command in a pseudo-terminal. */
  inTerminal(args: readonly string[], environment: Environment = {}): TerminalSession {
    return new TerminalSession(args, this.path, this.#environment(environment))
  }

  /** Starts a command whose output does not matter. */
  start(args: readonly string[], environment: Environment = {}): Running {
    return new Running(args, this.path, this.#environment(environment))
  }

  /** What interrupted copies leave is in the directory, and not in the user's. */
  #environment(environment: Environment) {
    return environmentWith({ XDG_STATE_HOME: this.at('state'), ...environment })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

/**
 * Without what the test's own surroundings say of colours and terminals, and of packages installed
 * elsewhere.
 */
function environmentWith(environment: Environment): Record<string, string> {
  const { NO_COLOR, FORCE_COLOR, CI, NODE_PATH, ...own } = process.env
  return { ...(own as Record<string, string>), TERM: 'xterm-256color', COLORTERM: '', ...environment }
}

export const enter = '\r'
export const down = '\u001b[B'
export const ctrlC = '\u0003'

/** A command that runs. */
export class Running implements AsyncDisposable {
  readonly #child
  /** The exit code; `null` if a signal ended it. */
  readonly ended: Promise<number | null>

  constructor(args: readonly string[], directory: string, environment: Record<string, string>) {
    this.#child = spawn(process.execPath, [program, ...args], { cwd: directory, env: environment, stdio: 'ignore' })
    this.ended = once(this.#child, 'close').then(([code]) => code as number | null)
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Kills the command as soon as a condition holds. It must still run then. */
  async killWhen(holds: () => Promise<boolean>): Promise<void> {
    await this.stopWhen('SIGKILL', holds)
    if ((await this.ended) !== null) throw new Error('the command ended before it was killed')
  }

  async stopWhen(name: NodeJS.Signals, holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) {
      if (this.#child.exitCode !== null) throw new Error(`the command ended with ${this.#child.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    this.signal(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }
}

export class TerminalSession implements AsyncDisposable {
  /** Everything that the terminal was sent. */
  raw = ''
  /** Where the text that was waited for last ended in {@link text}. */
  #seen = 0
  #wake: (() => void) | undefined
  #ended = false
  readonly #terminal
  readonly exitCode: Promise<number>

  constructor(args: readonly string[], directory: string, environment: Record<string, string>) {
    this.#terminal = spawnInTerminal(process.execPath, [program, ...args], {
      cwd: directory,
      env: environment,
      cols: 120,
      rows: 40,
    })
    this.#terminal.onData((data) => {
      this.raw += data
      this.#wake?.()
    })
    this.exitCode = new Promise((resolve) => {
      this.#terminal.onExit(({ exitCode, signal }) => {
        this.#ended = true
        resolve(signal === undefined || signal === 0 ? exitCode : 128 + signal)
        this.#wake?.()
      })
    })
  }

  /** What was shown, without what steers the terminal. */
  get text(): string {
    return stripVTControlCharacters(this.raw)
  }

  /** Waits for a text that comes after the one that was waited for last. */
  async until(expected: string): Promise<this> {
    for (;;) {
      const found = this.text.indexOf(expected, this.#seen)
      if (found >= 0) {
        this.#seen = found + expected.length
        return this
      }
      if (this.#ended) throw new Error(`the program ended without saying ${JSON.stringify(expected)}:\n${this.text}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  type(keys: string): void {
    this.#terminal.write(keys)
  }

  /** Waits for a question, and answers it. */
  async answer(question: string, keys: string): Promise<void> {
    await this.until(question)
    this.type(keys)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#terminal.kill('SIGKILL')
    await this.exitCode
  }
}
