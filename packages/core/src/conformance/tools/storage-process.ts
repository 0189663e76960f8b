/**
 * Another process that opens the same storage, and runs tasks there.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ProcessSettings } from '../run/harness.js'
import type { Task } from './storage-tasks.js'

const program = fileURLToPath(new URL('./storage-program.js', import.meta.url))

/** What the program sends: when it is ready, and after each task. */
export type ProgramMessage = { readonly ready: true } | { readonly done: number } | { readonly failed: string }

export class StorageProcess {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Starts the process, and returns when it has opened the storage and reached the container. */
  static async start({ module, settings }: ProcessSettings, container: string): Promise<StorageProcess> {
    const child = fork(program, [module, JSON.stringify(settings), container], { execArgv: [] })
    const started = new StorageProcess(child)
    try {
      assert.deepEqual(await started.#message(), { ready: true })
    } catch (error) {
      await started.end()
      throw error
    }
    return started
  }

  /** Runs a task, and returns how often it succeeded. */
  async run(task: Task): Promise<number> {
    this.#child.send(task)
    const message = await this.#message()
    assert.ok('done' in message, 'failed' in message ? message.failed : 'the process sent an unknown message')
    return message.done
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }

  async #message(): Promise<ProgramMessage> {
    const waiting = new AbortController()
    const { signal } = waiting
    try {
      const [message] = (await Promise.race([
        once(this.#child, 'message', { signal }),
        once(this.#child, 'exit', { signal }).then(([code]) => assert.fail(`the process ended with exit code ${code}`)),
      ])) as [ProgramMessage]
      return message
    } finally {
      waiting.abort()
    }
  }
}
