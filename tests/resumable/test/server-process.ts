/** Servers in processes that are killed. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { DataSourceSettings } from '@stowage/core'
import { onTestFinished } from 'vitest'

export class ServerProcess {
  readonly #child: ChildProcess
  /** The URL of the routes. */
  readonly url: string

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.url = `http://127.0.0.1:${port}`
  }

  /** Starts a server. It ends at the latest with the test. */
  static async start(settings: DataSourceSettings): Promise<ServerProcess> {
    const program = new URL('server.ts', import.meta.url)
    const child = fork(program, [JSON.stringify(settings)], { execArgv: [] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)))
    ended.catch(() => undefined)
    const [port] = (await Promise.race([once(child, 'message'), ended])) as [number]
    return new ServerProcess(child, port)
  }

  get pid(): number {
    return this.#child.pid as number
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

/** Two servers of one storage. If one is killed, the other one takes over, and a new one starts. */
export class ServerPair {
  readonly #settings: DataSourceSettings
  #current: ServerProcess
  #next: Promise<ServerProcess>

  private constructor(settings: DataSourceSettings, current: ServerProcess) {
    this.#settings = settings
    this.#current = current
    this.#next = this.#startNext()
  }

  static async start(settings: DataSourceSettings): Promise<ServerPair> {
    return new ServerPair(settings, await ServerProcess.start(settings))
  }

  get current(): ServerProcess {
    return this.#current
  }

  /** Continues with the other server, while the former one still runs. */
  async swap(): Promise<void> {
    const former = this.#current
    this.#current = await this.#next
    this.#next = Promise.resolve(former)
  }

  /** Continues with the other server after the current one was killed. */
  async replace(): Promise<void> {
    this.#current.kill()
    this.#current = await this.#next
    this.#next = this.#startNext()
  }

  #startNext(): Promise<ServerProcess> {
    const next = ServerProcess.start(this.#settings)
    // The test may end before it is needed.
    next.catch(() => undefined)
    return next
  }
}
