/**
 * The demo as users start it: a process of its own, on a free port, with data sources in a
 * directory of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const main = join(import.meta.dirname, '..', 'dist', 'main.js')

export type Environment = Readonly<Record<string, string>>

/** How a process ended, and what it said. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export class DemoProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly ended: Promise<Ended>
  #stdout = ''
  #stderr = ''

  constructor(environment: Environment, directory: string, options: readonly string[] = []) {
    const { PATH = '' } = process.env
    this.#child = spawn(process.execPath, [main, ...options], {
      cwd: directory,
      env: { PATH, PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.ended = once(this.#child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }))
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get stderr(): string {
    return this.#stderr
  }

  /** What matches in what the process says on its standard output, as soon as it does. */
  async says(pattern: RegExp): Promise<string> {
    const over = this.ended.then(({ stdout, stderr }) => {
      throw new Error(`the demo ended and never said ${pattern}, but: ${stdout}${stderr}`)
    })
    // Awaited only while something is missing.
    over.catch(() => undefined)
    for (;;) {
      const match = pattern.exec(this.#stdout)
      if (match !== null) return match[0]
      await Promise.race([once(this.#child.stdout as NodeJS.ReadableStream, 'data'), over])
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL')
    await this.ended
  }
}

/** A demo that listens. */
export interface Demo extends AsyncDisposable {
  readonly process: DemoProcess
  /** Without a slash at its end. */
  readonly url: string
}

/** Starts the demo in the directory and waits until it listens. */
export async function startDemo(
  directory: string,
  environment: Environment = {},
  options: readonly string[] = [],
): Promise<Demo> {
  const process = new DemoProcess(environment, directory, options)
  const url = await process.says(/http:\/\/\S+/)
  return { process, url, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() }
}

/** Runs a demo that is expected to end by itself. */
export async function runDemo(
  directory: string,
  environment: Environment = {},
  options: readonly string[] = [],
): Promise<Ended> {
  await using process = new DemoProcess(environment, directory, options)
  return await process.ended
}

/** A directory that is gone after the test, with a `datasources.json` in it. */
export interface Workplace extends AsyncDisposable {
  readonly directory: string
  readonly environment: { readonly DATASOURCES: string }
}

/** The entry that the demo serves by itself, with its root in the test's directory. */
export const storage = { provider: 'filesystem', root: 'storage', createRoot: true }

export async function workplace(dataSources: unknown = { storage }): Promise<Workplace> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-demo-'))
  const file = join(directory, 'datasources.json')
  await writeFile(file, typeof dataSources === 'string' ? dataSources : JSON.stringify(dataSources))
  return {
    directory,
    environment: { DATASOURCES: file },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}
