/** Resumable uploads through processes that are killed at any moment, and through two at once. */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import { expect, it, onTestFinished } from 'vitest'
import { temporaryDirectory } from '../tools/storages.js'

const timeout = 120_000
const tus = { 'Tus-Resumable': '1.0.0' }

class Server {
  readonly #root: string
  #child: ChildProcess | undefined
  url = ''

  constructor(root: string) {
    this.#root = root
    onTestFinished(() => void this.#child?.kill('SIGKILL'))
  }

  async start(): Promise<void> {
    this.#child = fork(new URL('resumable-server.mjs', import.meta.url), [this.#root], { execArgv: [] })
    const [port] = (await once(this.#child, 'message')) as [number]
    this.url = `http://127.0.0.1:${port}/photos/`
  }

  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Waits for the end of a process that was killed, and starts another one. */
  async restart(): Promise<void> {
    const child = this.#child
    if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit')
    await this.start()
  }
}

const create = async (url: string, name: string, size: number): Promise<string> => {
  const metadata = `filename ${Buffer.from(name).toString('base64')}`
  const headers = { ...tus, 'Upload-Length': String(size), 'Upload-Metadata': metadata }
  const response = await fetch(`${url}uploads`, { method: 'POST', headers })
  expect(response.status).toBe(201)
  return response.headers.get('location') ?? ''
}

/** Sends bytes. Returns the offset in the response; `undefined` for a conflict or no response. */
async function append(url: string, offset: number, body: Buffer<ArrayBuffer>, signal?: AbortSignal) {
  const headers = { ...tus, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) }
  const response = await fetch(url, { method: 'PATCH', headers, body, ...(signal && { signal }) }).catch(
    () => undefined,
  )
  if (response === undefined || response.status === 409) return undefined
  expect(response.status).toBe(204)
  return Number(response.headers.get('upload-offset'))
}

async function offsetOf(url: string): Promise<number> {
  const response = await fetch(url, { method: 'HEAD', headers: tus })
  expect(response.status).toBe(200)
  return Number(response.headers.get('upload-offset'))
}

async function nothingLeft(root: string): Promise<void> {
  await using storage = new StorageService(new FilesystemProvider({ root }))
  await storage.purgeUploads('photos')
  expect(await Array.fromAsync(storage.uploads('photos'))).toEqual([])
}

it('a server that is killed at any moment loses no byte that it has reported', { timeout }, async () => {
  const root = temporaryDirectory()
  const server = new Server(root)
  await server.start()
  for (let upload = 0; upload < 10; upload++) {
    const content = randomBytes(randomInt(1, 30_000_000))
    const path = await create(server.url, `killed-${upload}`, content.length)
    for (let offset = 0, kills = 0; offset < content.length; ) {
      const length = randomInt(4) === 0 ? randomInt(1, 100) : randomInt(1, 25_000_000)
      const kill = kills < 3 && randomInt(2) === 0
      const timer = kill ? setTimeout(() => server.kill(), randomInt(60)) : undefined
      const reported = await append(server.url + path, offset, content.subarray(offset, offset + length))
      clearTimeout(timer)
      if (reported !== undefined) offset = reported
      if (kill) {
        kills++
        server.kill()
        await server.restart()
      }
      const stored = await offsetOf(server.url + path)
      expect(stored).toBeGreaterThanOrEqual(offset)
      offset = stored
    }
    expect((await readFile(join(root, 'photos', `killed-${upload}`))).equals(content)).toBe(true)
  }
  await nothingLeft(root)
})

it('two servers that share a directory continue what the other one began', { timeout }, async () => {
  const root = temporaryDirectory()
  const servers = [new Server(root), new Server(root)]
  for (const server of servers) await server.start()
  let turn = 0
  const next = () => (servers[turn++ % 2] as Server).url
  for (let upload = 0; upload < 20; upload++) {
    const content = randomBytes(randomInt(1, 20_000_000))
    const path = await create(next(), `shared-${upload}`, content.length)
    for (let offset = 0, requests = 0; offset < content.length; requests++) {
      const signal = requests < 3 ? AbortSignal.timeout(randomInt(1, 40)) : undefined
      const reported = await append(next() + path, offset, content.subarray(offset), signal)
      const stored = await offsetOf(next() + path)
      expect(stored).toBeGreaterThanOrEqual(reported ?? 0)
      offset = stored
    }
    expect((await readFile(join(root, 'photos', `shared-${upload}`))).equals(content)).toBe(true)
  }
  await nothingLeft(root)
})
