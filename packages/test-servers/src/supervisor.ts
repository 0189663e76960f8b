import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Answer {
  readonly id?: number
  readonly pid?: number
  readonly error?: string
  readonly exited?: number
  readonly status?: string | number
}

/**
 * The process that runs the programs of servers (see servers/supervisor.mjs). They end with this
 * process, however it ends. There is one for all servers. It starts with the first one, and does
 * not keep this process alive.
 */
class Supervisor {
  #process: ChildProcess | undefined
  #lastId = 0
  readonly #waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>()
  readonly #exits = new Map<number, string | number>()

  /** How a program ended, if it did. */
  exitOf(pid: number): string | number | undefined {
    return this.#exits.get(pid)
  }

  async ask(message: Record<string, unknown>): Promise<Answer> {
    const supervisor = this.#running()
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#waiting.set(id, { resolve, reject })
    supervisor.ref()
    supervisor.channel?.ref()
    supervisor.send({ id, ...message })
    return promise.finally(() => {
      this.#waiting.delete(id)
      if (this.#waiting.size > 0) return
      supervisor.unref()
      supervisor.channel?.unref()
    })
  }

  #running(): ChildProcess {
    if (this.#process?.connected) return this.#process
    const supervisor = fork(fileURLToPath(new URL('../servers/supervisor.mjs', import.meta.url)), [], {
      detached: true,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    supervisor.on('message', (answer: Answer) => this.#receive(answer))
    supervisor.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the supervisor of the test servers has ended'))
    })
    this.#process = supervisor
    return supervisor
  }

  #receive(answer: Answer): void {
    if (answer.exited !== undefined) this.#exits.set(answer.exited, answer.status ?? 'unknown')
    if (answer.id === undefined) return
    const waiting = this.#waiting.get(answer.id)
    if (answer.error === undefined) waiting?.resolve(answer)
    else waiting?.reject(new Error(answer.error))
  }
}

export const supervisor = new Supervisor()
