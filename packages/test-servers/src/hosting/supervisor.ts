import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Reply {
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
  readonly #waiting = new Map<number, { resolve(reply: Reply): void; reject(error: Error): void }>()
  readonly #exits = new Map<number, string | number>()

  /** How a program ended, if it did. */
  exitOf(pid: number): string | number | undefined {
    return this.#exits.get(pid)
  }

  async ask(message: Record<string, unknown>): Promise<Reply> {
    const supervisor = this.#running()
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
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
    const supervisor = fork(fileURLToPath(new URL('../../servers/supervisor.mjs', import.meta.url)), [], {
      detached: true,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    supervisor.on('message', (reply: Reply) => this.#receive(reply))
    supervisor.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the supervisor of the test servers has ended'))
    })
    this.#process = supervisor
    return supervisor
  }

  #receive(reply: Reply): void {
    if (reply.exited !== undefined) this.#exits.set(reply.exited, reply.status ?? 'unknown')
    if (reply.id === undefined) return
    const waiting = this.#waiting.get(reply.id)
    if (reply.error === undefined) waiting?.resolve(reply)
    else waiting?.reject(new Error(reply.error))
  }
}

export const supervisor = new Supervisor()
