/** The servers of resumable uploads that run from npm packages, and how to start them. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { S3Keys } from '@stowage/test-servers'
import { requirePackages } from '../peers.ts'

/** Where a server stores uploads: a directory of its own, or a bucket of Ceph. */
export interface Places {
  directory(): Promise<string>
  s3(): Promise<S3Keys & { readonly endpoint: string; readonly bucket: string }>
}

export interface UploadServer {
  readonly name: string
  readonly title: string
  /** The version of the package; `undefined`: this repository's. */
  readonly version?: string
  readonly on: 'a directory' | 'Ceph'
  /** Where complete files can be read. */
  content(url: string): string
  start(places: Places): Promise<RunningServer>
}

/** Bytes: the limit of every server that can have one. */
const maxSize = 100_000_000
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** A server in a process, which is started again at the same URL if it ends. */
class RunningServer {
  readonly #program: string
  readonly #args: readonly string[]
  #child: ChildProcess | undefined
  url = ''
  /** How often the process has ended by itself. */
  crashes = 0

  constructor(program: string, args: readonly string[]) {
    this.#program = path(program)
    this.#args = args
  }

  async start(): Promise<this> {
    const port = this.url === '' ? '0' : new URL(this.url).port
    const child = fork(this.#program, [...this.#args, port], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#child = child
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${this.#program} has ended`)))
    ended.catch(() => undefined)
    const [message] = await Promise.race([once(child, 'message'), ended])
    this.url = (message as { url: string }).url
    return this
  }

  /** Starts the server again if it has ended. */
  async revive(): Promise<void> {
    // The end of a process may be noticed a little later than that of its connections.
    await delay(20)
    if (this.#child?.exitCode === null && this.#child.signalCode === null) return
    this.crashes++
    await this.start()
  }

  stop(): void {
    this.#child?.kill()
  }
}

const run = (program: string, args: readonly string[]) => new RunningServer(program, args).start()

const downloads = (url: string) => url.replace(/\/uploads$/, '/download/{name}')
const fileStore = { '@tus/server': '2.4.5', '@tus/file-store': '2.1.1' }
const s3Store = { '@tus/server': '2.4.5', '@tus/s3-store': '2.0.7' }
const predecessor = { 'tus-node-server': '0.9.0' }

export const servers: readonly UploadServer[] = [
  {
    name: 'stowage-directory',
    title: 'Stowage',
    on: 'a directory',
    content: downloads,
    start: async (places) => {
      const settings = { provider: 'filesystem', root: await places.directory() }
      return run('stowage.ts', [JSON.stringify(settings), String(maxSize)])
    },
  },
  {
    name: 'stowage-ceph',
    title: 'Stowage',
    on: 'Ceph',
    content: downloads,
    start: async (places) => {
      const { bucket: _, ...keys } = await places.s3()
      return run('stowage.ts', [JSON.stringify({ provider: 'amazon', ...keys }), String(maxSize)])
    },
  },
  {
    name: 'tus-file-store',
    title: '@tus/server with @tus/file-store',
    version: '2.4.5',
    on: 'a directory',
    content: () => '{upload}',
    start: async (places) =>
      run('../../peers/uploads/tus.mjs', [
        JSON.stringify({ root: await places.directory(), maxSize }),
        await requirePackages('uploads-tus-file-store', fileStore),
      ]),
  },
  {
    name: 'tus-s3-store',
    title: '@tus/server with @tus/s3-store',
    version: '2.4.5',
    on: 'Ceph',
    content: () => '{upload}',
    start: async (places) =>
      run('../../peers/uploads/tus.mjs', [
        JSON.stringify({ ...(await places.s3()), maxSize }),
        await requirePackages('uploads-tus-s3-store', s3Store),
      ]),
  },
  {
    name: 'tus-node-server',
    title: 'tus-node-server',
    version: '0.9.0',
    on: 'a directory',
    content: () => '{upload}',
    start: async (places) =>
      run('../../peers/uploads/tus-node-server.mjs', [
        JSON.stringify({ root: await places.directory() }),
        await requirePackages('uploads-tus-node-server', predecessor),
      ]),
  },
]
