/**
 * The handler on the servers that are the platform's own: what the tests of the router cannot show,
 * because they run on Node.
 */
import { once } from 'node:events'
import { readdir, readFile, readlink, stat, truncate } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Installation } from '../../packages/src/installation.ts'
import { canRun, install, type Recipe, startRecipe } from './recipe.ts'

const MiB = 1024 * 1024
const program = await readFile(new URL('handler-server.mjs', import.meta.url), 'utf8')
const runtimes = ['node', 'bun', 'deno'].map((name) => `${name}-handler.mjs`)

let installation: Installation
beforeAll(async () => {
  installation = await install()
})
afterAll(() => installation[Symbol.asyncDispose]())

describe.each(runtimes.filter(canRun))('%s', (name) => {
  let recipe: Recipe
  let photos: string
  let directory: string

  beforeAll(async () => {
    recipe = await startRecipe(installation, name, program)
    photos = `${recipe.origin}/photos`
    directory = join(recipe.directory, 'files/photos')
    const headers = { 'Content-Type': 'application/json' }
    const created = await fetch(recipe.origin, { method: 'POST', headers, body: '{"name":"photos"}' })
    expect(created.status).toBe(200)
    await put('large', 200)
  })

  afterAll(() => recipe?.[Symbol.asyncDispose]())

  /** Stores a file of so many MiB, whose length is not stated. */
  async function put(file: string, size: number) {
    const piece = new Uint8Array(MiB).fill(7)
    let sent = 0
    const body = new ReadableStream({
      pull: (controller) => (sent++ < size ? controller.enqueue(piece) : controller.close()),
    })
    return fetch(`${photos}/files/${file}`, { method: 'PUT', body, duplex: 'half' })
  }

  const memory = async () => {
    const status = await readFile(`/proc/${recipe.process.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024
  }

  /** The most memory of the server while something is done, above what it had before. */
  async function growth(work: Promise<unknown>): Promise<number> {
    const before = await memory()
    let most = before
    let isDone = false
    work.finally(() => {
      isDone = true
    })
    while (!isDone) {
      most = Math.max(most, await memory())
      await delay(5)
    }
    await work
    return most - before
  }

  /** The files of the storage that the server has open, with and without a name. */
  async function openFiles(): Promise<string[]> {
    const links = await readdir(`/proc/${recipe.process.pid}/fd`)
    const targets = await Promise.all(
      links.map((fd) => readlink(`/proc/${recipe.process.pid}/fd/${fd}`).catch(() => '')),
    )
    const isFile = await Promise.all(
      targets.map((path) =>
        stat(path).then(
          (found) => found.isFile(),
          () => path.endsWith(' (deleted)'),
        ),
      ),
    )
    return targets.filter((path, index) => isFile[index] && path.startsWith(`${recipe.directory}/files/`))
  }

  test('200 MiB go up and down, and memory does not follow', async () => {
    expect(await growth(put('up', 200))).toBeLessThan(100 * MiB)
    expect((await stat(join(directory, 'up'))).size).toBe(200 * MiB)
    const download = async () => {
      let received = 0
      for await (const chunk of (await fetch(`${photos}/download/large`)).body ?? []) received += chunk.length
      expect(received).toBe(200 * MiB)
    }
    expect(await growth(download())).toBeLessThan(100 * MiB)
  })

  test('downloads are read only as fast as their clients take them', async () => {
    const before = await memory()
    const downloads = await Promise.all(Array.from({ length: 10 }, () => fetch(`${photos}/download/large`)))
    await delay(500)
    expect((await memory()) - before).toBeLessThan(100 * MiB)
    await Promise.all(downloads.map(({ body }) => body?.cancel()))
  })

  test('a download that its client cancels closes the file', async () => {
    const response = await fetch(`${photos}/download/large`)
    const reader = response.body?.getReader()
    await reader?.read()
    expect(await openFiles()).toContain(join(directory, 'large'))
    await reader?.cancel()
    await expect.poll(openFiles).toEqual([])
  })

  test('a download whose file is cut off in the middle does not pass for the whole', async () => {
    await put('cut', 50)
    const response = await fetch(`${photos}/download/cut`)
    const reader = response.body?.getReader()
    await reader?.read()
    await truncate(join(directory, 'cut'), MiB)
    const rest = async () => {
      while (!(await reader?.read())?.done) {
        // Until the end, or the failure.
      }
    }
    await expect(rest()).rejects.toThrow()
  })

  test('a large upload that is refused has its response, and leaves nothing', async () => {
    for (let round = 0; round < 5; round++) {
      const response = await put('forbidden', 20)
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ error: { code: 'PERMISSION_DENIED' } })
    }
    expect(await readdir(directory)).not.toContain('forbidden')
  })

  test('an upload that its client breaks off leaves nothing', async () => {
    const controller = new AbortController()
    let sent = 0
    const body = new ReadableStream({
      pull: async (stream) => {
        stream.enqueue(new Uint8Array(MiB))
        if (sent++ > 20) await delay(10)
      },
    })
    const sending = fetch(`${photos}/files/broken`, { method: 'PUT', body, duplex: 'half', signal: controller.signal })
    sending.catch(() => undefined)
    await expect.poll(() => sent).toBeGreaterThan(20)
    const during = await openFiles()
    controller.abort()
    await expect(sending).rejects.toThrow()
    expect(during).toHaveLength(1)
    await expect.poll(openFiles).toEqual([])
    expect(await readdir(directory)).not.toContain('broken')
  })

  // Deno ends the body of a request whose client has gone, although all of it has arrived.
  test.skipIf(name.startsWith('deno'))('an upload whose client leaves after the last byte is stored', async () => {
    const { port } = new URL(photos)
    const content = Buffer.alloc(100_000, 'x')
    for (let round = 0; round < 5; round++) {
      const socket = connect(Number(port), '127.0.0.1')
      await once(socket, 'connect')
      const head = [`PUT /photos/files/left-${round} HTTP/1.1`, 'Host: x', `Content-Length: ${content.length}`, '', '']
      socket.end(Buffer.concat([Buffer.from(head.join('\r\n')), content]), () => socket.destroy())
      await once(socket, 'close')
      await expect.poll(() => readdir(directory)).toContain(`left-${round}`)
      expect((await stat(join(directory, `left-${round}`))).size).toBe(content.length)
    }
  })

  test('a resumable upload continues after a broken request', async () => {
    const tus = { 'Tus-Resumable': '1.0.0' }
    const created = await fetch(`${photos}/uploads`, {
      method: 'POST',
      headers: { ...tus, 'Upload-Length': '9', 'Upload-Metadata': `name ${btoa('resumed')}` },
    })
    expect(created.status).toBe(201)
    const url = new URL(created.headers.get('Location') ?? '', `${photos}/uploads`)
    const offset = async () => Number((await fetch(url, { method: 'HEAD', headers: tus })).headers.get('Upload-Offset'))
    const socket = connect(Number(url.port), url.hostname)
    await once(socket, 'connect')
    const type = 'Content-Type: application/offset+octet-stream'
    const head = `PATCH ${url.pathname} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n${type}`
    socket.write(`${head}\r\nContent-Length: 9\r\n\r\nabcd`)
    // HEAD ends a request that is still sending, so it must not come before the bytes.
    await delay(300)
    socket.destroy()
    await expect.poll(offset).toBe(4)
    const headers = { ...tus, 'Upload-Offset': '4', 'Content-Type': 'application/offset+octet-stream' }
    expect((await fetch(url, { method: 'PATCH', headers, body: 'efghi' })).status).toBe(204)
    expect(await readFile(join(directory, 'resumed'), 'utf8')).toBe('abcdefghi')
  })

  test('headers in Latin-1 and UTF-8 arrive as they were sent', async () => {
    for (const encoding of ['latin1', 'utf8'] as const) {
      const { port } = new URL(photos)
      const socket = connect(Number(port), '127.0.0.1')
      await once(socket, 'connect')
      const head = `PUT /photos/files/named HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1`
      socket.write(
        Buffer.from(
          `${head}\r\nContent-Type: text/plain\r\nContent-Disposition: inline; filename="ü"\r\n\r\nx`,
          encoding,
        ),
      )
      await once(socket.resume(), 'close')
      const { headers } = await fetch(`${photos}/download/named`)
      expect(headers.get('Content-Disposition')).toBe(`inline; filename="_"; filename*=UTF-8''%C3%BC`)
    }
  })
})
