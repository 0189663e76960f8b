/**
 * Bodies that are not whole any more, or not the bytes that their owner means: refused, and left to
 * their other reader.
 */
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Body, StorageService } from '../../src/index.js'
import type { ProviderBody } from '../../src/provider.js'
import { capabilities, fakeProvider, written } from '../fake-provider.js'

let directory: string
let file: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stowage-bodies-'))
  file = join(directory, 'file')
  await writeFile(file, Buffer.from([0x61, 0xe9, 0xff, 0x62]))
})

afterAll(() => rm(directory, { recursive: true }))

/** A storage that keeps what it stores. */
function keeper(streamingPut: boolean) {
  const stored = new Map<string, Buffer>()
  const bytesOf = async (body: ProviderBody) =>
    body instanceof Uint8Array ? Buffer.from(body) : Buffer.concat(await Array.fromAsync(body))
  const provider = fakeProvider({
    capabilities: { ...capabilities, streamingPut },
    putFile: async (_container, name, body) => {
      const bytes = await bytesOf(body)
      stored.set(name, bytes)
      return written(bytes.length)
    },
    uploadPart: async (_upload, body, { partNumber }) => {
      const bytes = await bytesOf(body)
      stored.set(`part ${partNumber}`, bytes)
      return { partNumber, size: bytes.length, tag: '1' }
    },
  })
  return { stored, storage: new StorageService(provider) }
}

const upload = { container: 'c', file: 'f', id: 'id', partSize: 1000 }

const ways = {
  putFile: (storage: StorageService, body: Body) => storage.putFile('c', 'f', body),
  uploadPart: (storage: StorageService, body: Body) => storage.uploadPart(upload, 1, body),
}

const once = {
  'a Node stream': () => Readable.from([Buffer.from('first'), Buffer.from(' second')], { objectMode: false }),
  'a file stream': () => createReadStream(file),
  'a PassThrough': () => new PassThrough().end('content'),
  'a web stream': () => new Blob(['content']).stream(),
  'the body of a response': () => new Response('content').body as Body,
  'an async generator': async function* () {
    yield 'content'
  },
  'a generator': function* () {
    yield Buffer.from('content')
  },
} satisfies Record<string, () => Body>

describe.each(Object.entries(ways))('%s', (_, send) => {
  describe.each([true, false])('where streamingPut is %s', (streamingPut) => {
    describe.each(Object.entries(once))('%s', (_kind, make) => {
      it('is stored once, and then refused', async () => {
        const { storage, stored } = keeper(streamingPut)
        const body = make()
        await send(storage, body)
        const before = new Map(stored)
        await expect(send(storage, body)).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
          details: { property: 'body' },
        })
        expect(stored).toEqual(before)
        expect([...stored.values()][0]?.length).toBeGreaterThan(3)
      })

      it('goes whole to the first of two at once', async () => {
        const { storage, stored } = keeper(streamingPut)
        const body = make()
        const [first, second] = await Promise.allSettled([send(storage, body), send(storage, body)])
        expect(first.status).toBe('fulfilled')
        expect(second).toMatchObject({ status: 'rejected', reason: { code: 'INVALID_ARGUMENT' } })
        const alone = keeper(streamingPut)
        await send(alone.storage, make())
        expect(stored).toEqual(alone.stored)
      })

      it('is refused after an operation that was refused itself', async () => {
        const { storage, stored } = keeper(streamingPut)
        const body = make()
        await expect(storage.putFile('c', '', body)).rejects.toMatchObject({ code: 'INVALID_NAME' })
        await expect(send(storage, body)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
        expect(stored.size).toBe(0)
      })
    })
  })

  it.each<[string, () => Promise<Body> | Body]>([
    [
      'a stream that was read to its end',
      async () => {
        const stream = Readable.from([Buffer.from('a')])
        await stream.toArray()
        return stream
      },
    ],
    [
      'an empty stream that was read to its end',
      async () => {
        const stream = Readable.from([])
        await stream.toArray()
        return stream
      },
    ],
    [
      'a stream whose first chunk was read',
      async () => {
        const stream = createReadStream(file, { highWaterMark: 1 })
        await new Promise((resolve) => stream.once('readable', resolve))
        stream.read()
        return stream
      },
    ],
    ['a stream that was destroyed', () => createReadStream(file).destroy()],
    ['a stream that decodes', () => createReadStream(file, 'latin1')],
    ['a stream that decodes UTF-8', () => createReadStream(file).setEncoding('utf8')],
    [
      'a web stream with a reader',
      () => {
        const stream = new Blob(['a']).stream()
        stream.getReader()
        return stream
      },
    ],
    [
      'a web stream that was read and released',
      async () => {
        const stream = new Blob(['a']).stream()
        const reader = stream.getReader()
        await reader.read()
        reader.releaseLock()
        return stream
      },
    ],
    [
      'the body of a response whose body was used',
      async () => {
        const response = new Response('a')
        await response.text()
        return response.body as Body
      },
    ],
    ['a response itself', () => new Response('a') as unknown as Body],
    [
      'a buffer that was transferred',
      () => {
        const bytes = new Uint8Array(10)
        structuredClone(bytes, { transfer: [bytes.buffer] })
        return bytes
      },
    ],
    ['text with a lone surrogate', () => 'a\ud800b'],
    ['pieces of text with a lone surrogate', () => Readable.from(['a\ud83d', 'b'])],
    ['pieces of text that end in half a character', () => Readable.from(['a\ud83d'])],
    ['half a character before bytes', () => Readable.from(['a\ud83d', Buffer.from('b')])],
  ])('refuses %s', async (_kind, make) => {
    for (const streamingPut of [true, false]) {
      const { storage, stored } = keeper(streamingPut)
      await expect(send(storage, await make())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      expect(stored.size).toBe(0)
    }
  })
})

it('leaves a stream that another reader has to that reader', async () => {
  const { storage } = keeper(true)
  const stream = createReadStream(file, { highWaterMark: 1 })
  const reader = stream[Symbol.asyncIterator]()
  await reader.next()
  await expect(storage.putFile('c', 'f', stream, { signal: AbortSignal.abort() })).rejects.toThrow()
  await expect(storage.putFile('c', 'f', stream)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(stream.destroyed).toBe(false)
  expect(Buffer.concat(await Array.fromAsync({ [Symbol.asyncIterator]: () => reader })).length).toBe(3)
})

it('destroys a stream that decodes, as it does any that it refuses', async () => {
  const stream = createReadStream(file, 'utf8')
  await keeper(true)
    .storage.putFile('c', 'f', stream)
    .catch(() => undefined)
  expect(stream.destroyed).toBe(true)
})

it('names the failure of a stream that failed before, and not its state', async () => {
  const failure = new Error('gone')
  const stream = new Readable({ read() {} })
  stream.on('error', () => undefined).destroy(failure)
  await new Promise((resolve) => stream.once('close', resolve))
  await expect(keeper(true).storage.putFile('c', 'f', stream)).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    cause: failure,
  })
})

it('stores what can be read again as often as it is given', async () => {
  const { storage, stored } = keeper(true)
  for (const body of ['a', Buffer.from('a'), new Blob(['a']), [Buffer.from('a')], new Set([Buffer.from('a')])]) {
    for (const name of ['one', 'two']) await storage.putFile('c', name, body)
    expect([...stored.values()].map(String)).toEqual(['a', 'a'])
  }
})

it('refuses a request whose text was asked for', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const { storage, stored } = keeper(true)
  const server = createServer((req: IncomingMessage, res) => {
    req.setEncoding('utf8')
    resolve(storage.putFile('c', 'f', req).catch((error: unknown) => error))
    res.end()
  }).listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const { port } = server.address() as AddressInfo
  await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'a' }).catch(() => undefined)
  expect(await promise).toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(stored.size).toBe(0)
  server.closeAllConnections()
  server.close()
})

it('keeps characters whole that two pieces, or two writes, share', async () => {
  const { storage, stored } = keeper(true)
  await storage.putFile('c', 'pieces', Readable.from(['a\ud83d', '\ude00b']))
  expect(String(stored.get('pieces'))).toBe('a😀b')
  const stream = storage.uploadStream('c', 'writes')
  stream.write('a\ud83d')
  stream.write('\ude00')
  stream.end('é', 'latin1')
  await stream.file
  expect(stored.get('writes')).toEqual(Buffer.concat([Buffer.from('a😀'), Buffer.from([0xe9])]))
})

it('refuses half a character at the end of an upload stream', async () => {
  const { storage, stored } = keeper(true)
  const stream = storage.uploadStream('c', 'f').on('error', () => undefined)
  stream.end('a\ud83d')
  await expect(stream.file).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(stored.size).toBe(0)
})
