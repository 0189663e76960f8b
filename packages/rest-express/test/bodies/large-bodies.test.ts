/**
 * Bodies of hundreds of megabytes through a real server, whose memory must not grow with them. The
 * server is a separate process, so that only its memory is measured.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryDirectory } from '../tools/storages.js'

const MiB = 1024 * 1024
const size = 300 * MiB
const timeout = 120_000

/** Starts the server in a process. `memory` returns its peak in bytes since the previous call. */
async function startProcess() {
  const root = temporaryDirectory()
  const child = fork(new URL('large-bodies-server.mjs', import.meta.url), [root], { execArgv: [] })
  onTestFinished(() => void child.kill())
  const [port] = (await once(child, 'message')) as [number]
  const memory = async () => {
    child.send('memory')
    const [peak] = (await once(child, 'message')) as [number]
    return peak
  }
  return { root, url: `http://127.0.0.1:${port}`, memory }
}

async function* pieces(bytes: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(MiB)
  for (let sent = 0; sent < bytes; sent += piece.length) {
    crypto.getRandomValues(piece.subarray(0, 65_536))
    yield piece
  }
}

const put = (url: string, body: AsyncIterable<Uint8Array>, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'PUT', body: ReadableStream.from(body), headers, duplex: 'half' } as RequestInit)

async function* formOf(bytes: number): AsyncGenerator<Uint8Array> {
  yield Buffer.from('--X\r\nContent-Disposition: form-data; name="f"; filename="form.bin"\r\n\r\n')
  yield* pieces(bytes)
  yield Buffer.from('\r\n--X--\r\n')
}

describe('300 MiB', () => {
  it('go up as a raw body and come down again in flat memory', { timeout }, async () => {
    const { url, memory, root } = await startProcess()
    const idle = await memory()
    expect((await put(`${url}/photos/files/raw.bin`, pieces(size))).status).toBe(201)
    expect((await stat(join(root, 'photos', 'raw.bin'))).size).toBe(size)
    expect((await memory()) - idle).toBeLessThan(100 * MiB)
    const response = await fetch(`${url}/photos/download/raw.bin`)
    let received = 0
    for await (const chunk of response.body ?? []) received += chunk.length
    expect(received).toBe(size)
    expect((await memory()) - idle).toBeLessThan(100 * MiB)
  })

  it('go up as a form in flat memory', { timeout }, async () => {
    const { url, memory, root } = await startProcess()
    const idle = await memory()
    const response = await fetch(`${url}/photos/upload`, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=X' },
      body: ReadableStream.from(formOf(size)),
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(200)
    expect((await stat(join(root, 'photos', 'form.bin'))).size).toBe(size)
    expect((await memory()) - idle).toBeLessThan(100 * MiB)
  })

  it('are read only as fast as the client takes them', { timeout }, async () => {
    const { url, memory } = await startProcess()
    await put(`${url}/photos/files/raw.bin`, pieces(size))
    const idle = await memory()
    const responses = await Promise.all(Array.from({ length: 10 }, () => fetch(`${url}/photos/download/raw.bin`)))
    // No client reads: the server buffers a limited number of bytes for each.
    await wait(500)
    expect((await memory()) - idle).toBeLessThan(120 * MiB)
    await Promise.all(responses.map((response) => response.body?.cancel()))
  })

  it('leave nothing when they are too many', { timeout }, async () => {
    const { url, root } = await startProcess()
    const response = await put(`${url}/photos/files/big.bin`, pieces(410 * MiB)).catch(() => undefined)
    // The server does not read the whole refused body: a client that only sends sees a closed
    // connection.
    expect([413, undefined]).toContain(response?.status)
    expect(await readdir(join(root, 'photos'))).toEqual([])
  })
})
