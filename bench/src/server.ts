/**
 * A server under measurement: one process.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { ProcessFigures } from './process.ts'

/**
 * How to start a server. One that is a Node program sends `{ port }` to its parent when it
 * listens.
 */
export type Launch =
  | { readonly script: string; readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> }
  | {
      readonly command: string
      readonly args: readonly string[]
      readonly port: number
      readonly env?: Readonly<Record<string, string>>
    }

const patience = 20_000

export class Server {
  readonly port: number
  readonly figures: ProcessFigures
  readonly #process: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#process = child
    this.figures = new ProcessFigures(child.pid ?? 0)
    this.port = port
  }

  static async start(launch: Launch): Promise<Server> {
    const child =
      'script' in launch
        ? fork(launch.script, [...launch.args], {
            stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
            env: { ...process.env, NODE_ENV: 'production', ...launch.env },
          })
        : spawn(launch.command, [...launch.args], {
            stdio: ['ignore', 'ignore', 'pipe'],
            env: { ...process.env, ...launch.env },
          })
    let errors = ''
    child.stderr?.on('data', (text: Buffer) => {
      errors = (errors + text).slice(-5000)
    })
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`a server ended with ${code}:\n${errors}`)))
    })
    failed.catch(() => undefined)
    try {
      const port = await Promise.race([
        'script' in launch ? portOf(child) : untilListening(launch.port),
        failed,
        delay(patience, undefined, { ref: false }).then(() => {
          throw new Error(`a server did not listen within ${patience / 1000} s:\n${errors}`)
        }),
      ])
      return new Server(child, port)
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('message', ({ port }: { port: number }) => resolve(port))
  })
}

async function untilListening(port: number): Promise<number> {
  for (const giveUp = Date.now() + patience; Date.now() < giveUp; await delay(20)) {
    if (await isListening(port)) return port
  }
  return port
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Returns a free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}
