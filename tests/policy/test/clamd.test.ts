/** The scanner over Debian's clamd: what it finds, its limits, and its absence. */

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { StorageService } from '@stowage/core'
import { type ClamdOptions, clamd } from '@stowage/core/clamd'
import { MemoryProvider } from '@stowage/provider-memory'
import { describeServer } from '@stowage/test-servers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { infected } from './content.ts'

const MiB = 1024 ** 2

async function put(options: ClamdOptions, content: Buffer | Buffer[]) {
  const storage = new StorageService(new MemoryProvider(), { policy: { scan: clamd(options) } })
  await storage.createContainer({ name: 'photos' })
  try {
    await storage.putFile('photos', 'a.bin', content)
  } finally {
    const stored = Buffer.isBuffer(content) ? content.length : Buffer.concat([...content]).length
    const files = await storage.getFiles('photos')
    // Whatever the scan says: a file is stored whole, or not at all.
    expect(files.map((file) => !file.folder && file.size)).toEqual(files.length === 0 ? [] : [stored])
  }
  return storage.hasFile('photos', 'a.bin')
}

const halves = (content: Buffer, at: number) => [content.subarray(0, at), content.subarray(at)]
const found = { code: 'CONTENT_REFUSED', message: 'the scan of the file has found: Eicar-Test.UNOFFICIAL' }
const unscanned = { code: 'UNAVAILABLE', statusCode: 503, details: { rule: 'scan' } }

describeServer('clamd', ({ socket, port, streamMaxLength, maxFileSize }) => {
  describe.each<[string, ClamdOptions]>([
    ['by its socket', { socket }],
    ['by its port', { host: '127.0.0.1', port }],
  ])('clamd %s', (_way, options) => {
    it('finds nothing in a clean file', async () => {
      expect(await put(options, Buffer.alloc(3 * MiB, 'clean '))).toBe(true)
    })

    it('finds nothing in an empty file', async () => {
      expect(await put(options, Buffer.alloc(0))).toBe(true)
    })

    it('finds EICAR', async () => {
      await expect(put(options, infected(100, 0))).rejects.toMatchObject(found)
    })

    it('finds EICAR across the border of two chunks', async () => {
      await expect(put(options, halves(infected(100_000, 49_970), 50_000))).rejects.toMatchObject(found)
    })

    it('finds EICAR across the border of two pieces of its protocol', async () => {
      await expect(put(options, infected(200_000, 65_500))).rejects.toMatchObject(found)
    })
  })

  it('refuses a file that is larger than the limit of the scanner', async () => {
    const refusal = { code: 'TOO_LARGE', details: { rule: 'scan', size: MiB } }
    await expect(put({ socket, maxBytes: MiB }, Buffer.alloc(MiB + 1))).rejects.toMatchObject(refusal)
    await expect(put({ socket, maxBytes: MiB }, halves(Buffer.alloc(MiB + 1), 10))).rejects.toMatchObject(refusal)
    expect(await put({ socket, maxBytes: MiB }, Buffer.alloc(MiB))).toBe(true)
  })

  it('refuses a file that exceeds the limit of the daemon for files, with AlertExceedsMax', async () => {
    await expect(put({ socket }, Buffer.alloc(maxFileSize + 1000))).rejects.toMatchObject({
      code: 'CONTENT_REFUSED',
      message: expect.stringContaining('Exceed'),
    })
  })

  it('refuses a file at which the daemon ends the stream', async () => {
    await expect(put({ socket }, Buffer.alloc(2 * streamMaxLength))).rejects.toMatchObject(unscanned)
  })

  it('scans twenty files at the same time', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        put({ socket }, index % 2 ? infected(300_000, 1000 * index) : Buffer.alloc(300_000)),
      ),
    )
    expect(results.map(({ status }) => status)).toEqual(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? 'rejected' : 'fulfilled')),
    )
  })
})

/** A daemon that does what the test wants. */
async function fakeDaemon(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

describe('a daemon that cannot scan', () => {
  it('does not listen', async () => {
    await expect(put({ socket: '/no/such/clamd.sock' }, Buffer.alloc(10))).rejects.toMatchObject(unscanned)
  })

  it.each([
    ['closes the connection at once', (socket: Socket) => socket.destroy()],
    ['responds with an error', (socket: Socket) => socket.end('INSTREAM size limit exceeded. ERROR\0')],
    ['responds with something else', (socket: Socket) => socket.end('PONG\0')],
    ['responds without an end', (socket: Socket) => socket.end('stream: OK')],
    ['responds without end', (socket: Socket) => socket.write('x'.repeat(100_000))],
  ])('%s', async (_what, serve) => {
    const port = await fakeDaemon(serve)
    await expect(put({ port, timeout: 2000 }, Buffer.alloc(500_000))).rejects.toMatchObject(unscanned)
  })

  it('falls silent', async () => {
    const port = await fakeDaemon((socket) => socket.resume())
    await expect(put({ port, timeout: 50 }, Buffer.alloc(10))).rejects.toMatchObject(unscanned)
  })
})

it.each([
  [{ socket: '/a', port: 1 }, 'socket'],
  [{ maxBytes: 0 }, 'maxBytes'],
  [{ timeout: 0.5 }, 'timeout'],
  [{ path: '/a' }, 'path'],
])('%j is refused', (options, property) => {
  expect(() => clamd(options as ClamdOptions)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { property } }),
  )
})
