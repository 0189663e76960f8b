import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, readFile, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A program of a server. */
export interface Program {
  /** In messages, and the name of its log. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
}

interface Answer {
  readonly id?: number
  readonly pid?: number
  readonly error?: string
  readonly exited?: number
  readonly status?: string | number
}

/**
 * The process beside this one that holds the servers' programs (see servers/supervisor.mjs): whatever happens to this
 * process, they end. One for all servers; it is started with the first and keeps nobody from ending.
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

const supervisor = new Supervisor()

/** A directory of one server and the programs that run in it. Nothing of it remains after {@link ServerGroup.stop}. */
export class ServerGroup {
  readonly directory: string
  readonly #pids: number[] = []
  readonly #programs = new Map<number, Program>()

  private constructor(directory: string) {
    this.directory = directory
  }

  static async create(name: string): Promise<ServerGroup> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), `stowage-${name}-`)))
    await supervisor.ask({ keep: directory })
    return new ServerGroup(directory)
  }

  logOf(program: string): string {
    return join(this.directory, `${program}.log`)
  }

  /** Starts a program that is to go on running. */
  async start(program: Program): Promise<number> {
    const { pid } = await supervisor.ask({ start: this.#order(program) })
    if (pid === undefined) throw new Error(`the supervisor did not say which process ${program.name} is`)
    this.#pids.push(pid)
    this.#programs.set(pid, program)
    return pid
  }

  /** Runs a program to its end; throws with what it wrote when it fails. */
  async run(program: Program): Promise<void> {
    const pid = await this.start(program)
    await this.until(`the end of ${program.name}`, 60_000, async () => supervisor.exitOf(pid) !== undefined, [pid])
    if (supervisor.exitOf(pid) !== 0) throw await this.#failure(pid)
  }

  /**
   * Asks again and again until it is so. Throws, with the end of the log, as soon as one of the programs has ended, and
   * after `patience` milliseconds.
   */
  async until(
    what: string,
    patience: number,
    isSo: () => Promise<boolean>,
    mayEnd: readonly number[] = [],
  ): Promise<void> {
    const giveUp = Date.now() + patience
    while (!(await isSo())) {
      for (const pid of this.#pids) {
        const status = supervisor.exitOf(pid)
        if (status !== undefined && status !== 0 && !mayEnd.includes(pid)) throw await this.#failure(pid)
      }
      if (Date.now() > giveUp) {
        const logs = await Promise.all([...this.#programs.values()].map((program) => this.#endOfLog(program)))
        throw new Error(`waited ${patience / 1000} s in vain for ${what}\n${logs.join('\n')}`)
      }
      await delay(25)
    }
  }

  /** Waits until something answers HTTP there. */
  async untilAnswering(url: string, patience = 60_000): Promise<void> {
    await this.until(`an answer from ${url}`, patience, async () => {
      try {
        const answer = await fetch(url, { signal: AbortSignal.timeout(5000), headers: { connection: 'close' } })
        await answer.body?.cancel()
        return true
      } catch {
        return false
      }
    })
  }

  /** Ends every program that was started here, then removes the directory. Can be called again. */
  async stop(): Promise<void> {
    await supervisor.ask({ stop: this.#pids.toReversed() })
    await supervisor.ask({ remove: this.directory })
  }

  #order({ name, command, args, env }: Program) {
    return { command, args, env: { ...process.env, ...env }, directory: this.directory, log: this.logOf(name) }
  }

  async #failure(pid: number): Promise<Error> {
    const program = this.#programs.get(pid) as Program
    return new Error(
      `${program.name} ended with ${supervisor.exitOf(pid)}: ${program.command} ${program.args.join(' ')}\n${await this.#endOfLog(program)}`,
    )
  }

  async #endOfLog({ name }: Program): Promise<string> {
    const text = await readFile(this.logOf(name), 'utf8').catch(() => '')
    return `--- ${name}\n${text.slice(-3000)}`
  }
}

/** Runs what starts a server in a group of its own; when it fails, nothing of the group is left. */
export async function inGroup<T>(name: string, start: (group: ServerGroup) => Promise<T>): Promise<T> {
  const group = await ServerGroup.create(name)
  try {
    return await start(group)
  } catch (error) {
    await group.stop()
    throw error
  }
}
