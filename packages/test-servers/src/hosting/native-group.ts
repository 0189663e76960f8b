import { mkdir, mkdtemp, readFile, realpath, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { versionOf } from './debian.js'
import { type Account, type Program, ServerGroup } from './server-group.js'
import { supervisor } from './supervisor.js'

/** Milliseconds that a program may take which is run to its end. */
const patience = 60_000

/** A server whose programs run on this machine, under the supervisor. */
export class NativeGroup extends ServerGroup {
  readonly directory: string
  readonly address = '127.0.0.1'
  readonly cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))
  protected readonly pause = 25
  readonly #daemons: number[] = []
  readonly #programs = new Map<number, Program>()

  private constructor(directory: string) {
    super()
    this.directory = directory
  }

  static async create(name: string): Promise<NativeGroup> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), `stowage-${name}-`)))
    await supervisor.ask({ keep: directory })
    return new NativeGroup(directory)
  }

  get account(): Account {
    const { username, gid } = userInfo()
    return { name: username, groupId: gid }
  }

  async makeDirectories(...names: readonly string[]): Promise<void> {
    for (const name of names) await mkdir(join(this.directory, name), { mode: 0o700, recursive: true })
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.directory, name), text)
  }

  async bring(file: URL): Promise<string> {
    return fileURLToPath(file)
  }

  versionOf(name: string): Promise<string> {
    return versionOf(name)
  }

  async start(program: Program): Promise<void> {
    this.#daemons.push(await this.#spawn(program))
  }

  async run(program: Program): Promise<void> {
    const pid = await this.#spawn(program)
    const giveUp = Date.now() + patience
    while (supervisor.exitOf(pid) === undefined) {
      if (Date.now() > giveUp) throw new Error(`${program.name} has not ended after ${patience / 1000} s`)
      await delay(this.pause)
    }
    if (supervisor.exitOf(pid) !== 0) throw new Error(await this.#endOf(pid))
  }

  async stop(): Promise<void> {
    await supervisor.ask({ stop: [...this.#programs.keys()].toReversed() })
    await supervisor.ask({ remove: this.directory })
  }

  protected async ended(): Promise<string | undefined> {
    const pid = this.#daemons.find((daemon) => supervisor.exitOf(daemon) !== undefined)
    return pid === undefined ? undefined : this.#endOf(pid)
  }

  protected async logs(): Promise<string> {
    return (await Promise.all([...this.#programs.values()].map((program) => this.#endOfLog(program)))).join('\n')
  }

  async #spawn(program: Program): Promise<number> {
    const { name, command, args, env } = program
    const { directory } = this
    const order = { command, args, env: { ...process.env, ...env }, directory, log: join(directory, `${name}.log`) }
    const { pid } = await supervisor.ask({ start: order })
    if (pid === undefined) throw new Error(`the supervisor did not say which process ${name} is`)
    this.#programs.set(pid, program)
    return pid
  }

  async #endOf(pid: number): Promise<string> {
    const program = this.#programs.get(pid) as Program
    const { name, command, args } = program
    return `${name} ended with ${supervisor.exitOf(pid)}: ${command} ${args.join(' ')}\n${await this.#endOfLog(program)}`
  }

  async #endOfLog({ name }: Program): Promise<string> {
    const text = await readFile(join(this.directory, `${name}.log`), 'utf8').catch(() => '')
    return `--- ${name}\n${text.slice(-3000)}`
  }
}
