import { setTimeout as delay } from 'node:timers/promises'

/** A program of a server. */
export interface Program {
  /** In messages, and the name of its log. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** Who runs the programs. */
export interface Account {
  readonly name: string
  readonly groupId: number
}

/**
 * A directory of one server and the programs that run in it, on this machine or in a container.
 * Nothing of it remains after {@link ServerGroup.stop}.
 */
export abstract class ServerGroup {
  /** Absolute, and where the programs run. */
  abstract readonly directory: string
  /**
   * The address on which programs listen, so that they are reachable only on 127.0.0.1 of this
   * machine.
   */
  abstract readonly address: string
  abstract readonly account: Account
  /**
   * A directory of this machine that outlives the runs, if this machine is where the programs run.
   */
  abstract readonly cache: string | undefined
  /** Milliseconds between two looks at something that is waited for. */
  protected abstract readonly pause: number

  /** Creates directories in that of the group. Other users cannot read them. */
  abstract makeDirectories(...names: readonly string[]): Promise<void>

  /** Writes a file into the group's directory. */
  abstract write(name: string, text: string): Promise<void>

  /** Makes a file of this package readable for the programs. Returns its path there. */
  abstract bring(file: URL): Promise<string>

  /**
   * The version of the software in an installed package of Debian's, without what Debian adds to
   * it.
   */
  abstract versionOf(name: string): Promise<string>

  /** Starts a program that is to go on running. */
  abstract start(program: Program): Promise<void>

  /** Runs a program to its end; throws with what it wrote when it fails. */
  abstract run(program: Program): Promise<void>

  /** Ends every program that was started here, then removes the directory. Can be called again. */
  abstract stop(): Promise<void>

  /** Returns a message about a program that has ended too early, if there is one. */
  protected abstract ended(): Promise<string | undefined>

  /** The ends of all logs. */
  protected abstract logs(): Promise<string>

  /**
   * Polls until a condition is true. Throws, with the end of the log, as soon as a program has
   * ended, or after `patience` milliseconds.
   */
  async until(what: string, patience: number, isSo: () => Promise<boolean>): Promise<void> {
    const giveUp = Date.now() + patience
    while (!(await isSo())) {
      const ended = await this.ended()
      if (ended !== undefined) throw new Error(ended)
      if (Date.now() > giveUp) {
        throw new Error(`waited ${patience / 1000} s in vain for ${what}\n${await this.logs()}`)
      }
      await delay(this.pause)
    }
  }

  /** Waits until a server responds to HTTP at a URL. */
  async untilResponding(url: string, patience = 60_000): Promise<void> {
    await this.until(`a response from ${url}`, patience, async () => {
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(5000), headers: { connection: 'close' } })
        await response.body?.cancel()
        return true
      } catch {
        return false
      }
    })
  }
}

/** Starts a server in a new group. If that fails, deletes the group. */
export async function inGroup<T>(group: ServerGroup, start: (group: ServerGroup) => Promise<T>): Promise<T> {
  try {
    return await start(group)
  } catch (error) {
    await group.stop()
    throw error
  }
}
