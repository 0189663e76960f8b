/**
 * Downloads of large files from a directory, whose bytes go through buffers that are used again.
 */
import { randomBytes } from 'node:crypto'
import { readdir, readlink, truncate } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import compression from 'compression'
import type { Express } from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually, headerOf, isFetch, openSocket, readToEnd, startServer } from '../tools/rest-server.js'
import { temporaryDirectory } from '../tools/storages.js'

const content = randomBytes(8_000_001)

async function serverWithFile(before?: (app: Express) => void) {
  const root = temporaryDirectory()
  const provider = new FilesystemProvider({ root })
  const server = await startServer({ provider, ...(before === undefined ? {} : { before }) })
  await server.storage.putFile('photos', 'a', content)
  const path = join(root, 'photos', 'a')
  /** How often this process has the file open. */
  const descriptors = async () => {
    const links = await readdir('/proc/self/fd')
    const targets = await Promise.all(links.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => undefined)))
    return targets.filter((target) => target === path).length
  }
  const get = async (headers: Record<string, string> = {}) => {
    const response = await server.fetch('/photos/download/a', { headers })
    return Buffer.from(await response.arrayBuffer())
  }
  return { ...server, path, descriptors, get }
}

const applications: readonly (readonly [string, ((app: Express) => void) | undefined])[] = [
  ['alone', undefined],
  ['behind compression', (app) => void app.use(compression())],
]

describe.each(isFetch ? applications.slice(0, 1) : applications)('A large download %s', (_, before) => {
  it('is the file, however many there are at once', async () => {
    const { get } = await serverWithFile(before)
    const sizes = [70_000, 524_288, 524_289, 1_048_576, 5_000_000]
    const responses = await Promise.all(
      Array.from({ length: 40 }, async (_, turn) => {
        const start = turn * 1000
        const end = start + (sizes[turn % sizes.length] as number) - 1
        return (await get({ Range: `bytes=${start}-${end}` })).equals(content.subarray(start, end + 1))
      }),
    )
    expect(responses).toEqual(Array(40).fill(true))
    expect((await get()).equals(content)).toBe(true)
  })

  it('can be followed by another on the same connection', async () => {
    const { port, mount } = await serverWithFile(before)
    const request = `GET ${mount}/photos/download/a HTTP/1.1\r\nHost: x\r\n`
    const socket = await openSocket(port)
    const responses = readToEnd(socket)
    socket.write(`${request}\r\n${request}Range: bytes=0-1999999\r\n\r\n${request}Connection: close\r\n\r\n`)
    const bodies = (await responses).split(/HTTP\/1\.1 20[06][\s\S]*?\r\n\r\n/).slice(1)
    const expected = [content, content.subarray(0, 2_000_000), content]
    expect(bodies.map((body, index) => Buffer.from(body, 'latin1').equals(expected[index] as Buffer))).toEqual([
      true,
      true,
      true,
    ])
  })

  it('closes the file when the client goes away', async () => {
    const { port, mount, descriptors, failures } = await serverWithFile(before)
    for (let times = 0; times < 20; times++) {
      const socket = await openSocket(port)
      socket.write(`GET ${mount}/photos/download/a HTTP/1.1\r\nHost: x\r\n\r\n`)
      await new Promise((resolve) => socket.once('data', resolve))
      socket.resetAndDestroy()
    }
    await eventually(async () => failures.length === 20 && (await descriptors()) === 0)
    expect(new Set(failures.map(({ statusCode }) => statusCode))).toEqual(new Set([499]))
  })

  it.skipIf(isFetch)('has one descriptor for each connection, however many requests were pipelined on it', async () => {
    const { port, mount, descriptors, failures } = await serverWithFile(before)
    const sockets = await Promise.all(Array.from({ length: 10 }, () => openSocket(port)))
    let most = 0
    for (const socket of sockets) {
      socket.write(`GET ${mount}/photos/download/a HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(900))
      await new Promise((resolve) => socket.once('readable', resolve))
      most = Math.max(most, await descriptors())
    }
    expect(most).toBe(10)
    for (const socket of sockets) socket.destroy()
    await eventually(async () => failures.length === 9000 && (await descriptors()) === 0)
  })

  it('cuts the connection when the file is shortened meanwhile', async () => {
    const { port, mount, path, descriptors, failures } = await serverWithFile(before)
    const socket = await openSocket(port)
    socket.write(`GET ${mount}/photos/download/a HTTP/1.1\r\nHost: x\r\n\r\n`)
    await new Promise((resolve) => socket.once('readable', resolve))
    await truncate(path, 7_900_000)
    expect((await buffer(socket)).length).toBeLessThan(content.length)
    await eventually(async () => failures.length === 1 && (await descriptors()) === 0)
    expect(failures[0]?.error).toMatchObject({ code: 'PRECONDITION_FAILED', operation: 'openFile', file: 'a' })
  })
})

it.skipIf(isFetch)('gives a middleware that keeps the chunks of the response chunks to keep', async () => {
  const kept: Buffer[] = []
  const { get } = await serverWithFile((app) =>
    app.use((_req, res, next) => {
      const write = res.write.bind(res) as (chunk: Buffer) => boolean
      res.write = (chunk: Buffer) => {
        kept.push(chunk)
        return write(chunk)
      }
      next()
    }),
  )
  expect((await get()).equals(content)).toBe(true)
  expect(Buffer.concat(kept).equals(content)).toBe(true)
})

it('a large download ends when the operation is aborted while the receiver does not read', async () => {
  const root = temporaryDirectory()
  await using storage = new StorageService(new FilesystemProvider({ root }))
  await storage.createContainer({ name: 'photos' })
  await storage.putFile('photos', 'a', content)
  const deaf = createServer((socket) => socket.on('error', () => undefined).pause())
  const controller = new AbortController()
  const opened = await storage.openFile('photos', 'a', { signal: controller.signal })
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void deaf.close())
  const socket = await openSocket((deaf.address() as AddressInfo).port)
  const sending = opened.sendTo(socket, { reuseBuffers: true })
  await eventually(() => socket.writableNeedDrain)
  controller.abort(new Error('enough'))
  await expect(sending).rejects.toMatchObject({ code: 'ABORTED', operation: 'openFile' })
  expect(socket.destroyed).toBe(true)
})

it('a large download is sent by nginx only where accelRedirect returns a location', async () => {
  const accelRedirect = (_file: unknown, req: IncomingMessage) =>
    headerOf(req, 'x-from-nginx') === undefined ? undefined : '/stowage-files/'
  const { storage, fetch } = await startServer({
    provider: new FilesystemProvider({ root: temporaryDirectory() }),
    accelRedirect,
  })
  await storage.putFile('photos', 'a b/ü%00.bin', content)
  const url = `/photos/download/${['a b', 'ü%00.bin'].map(encodeURIComponent).join('/')}`
  expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(content)).toBe(true)
  const response = await fetch(url, { headers: { 'X-From-Nginx': '1' } })
  expect([response.status, await response.text()]).toEqual([200, ''])
  expect(response.headers.get('X-Accel-Redirect')).toBe('/stowage-files/photos/a%20b/%C3%BC%252500.bin')
  expect(response.headers.get('Accept-Ranges')).toBeNull()
})
