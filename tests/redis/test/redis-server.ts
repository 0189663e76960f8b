import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** A Redis server whose data is only in memory. */
export class RedisServer implements AsyncDisposable {
  readonly url: string
  readonly #process: ChildProcess

  private constructor(url: string, process: ChildProcess) {
    this.url = url
    this.#process = process
  }

  /** @param options More options of the program. */
  static async start(port: number, ...options: readonly string[]): Promise<RedisServer> {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', ...options]
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => {
        if (line.includes('Ready to accept connections')) resolve()
      })
      child.on('error', reject)
      child.on('exit', () => reject(new Error('redis-server has ended')))
    })
    return new RedisServer(`redis://127.0.0.1:${port}`, child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }
}

/** Accepts connections, and never responds. */
export class SilentServer implements Disposable {
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((socket) => {
    this.#sockets.add(socket.on('error', () => undefined).resume())
  })

  static async start(port: number): Promise<SilentServer> {
    const silent = new SilentServer()
    await once(silent.#server.listen(port, '127.0.0.1'), 'listening')
    return silent
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}
