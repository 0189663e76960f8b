/**
 * E. Streams.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Body } from '../../../index.js'
import { StorageError } from '../../../provider.js'
import type { ConformanceCategory, Need } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { blocks, bytes, failingAfter, hex, pieces, settled, WatchedSource } from '../../tools/content.js'
import { namesOf, rejects } from '../../tools/expectations.js'
import { bodyOf, type FaultyProvider } from '../../tools/faulty-provider.js'
import { providerDownloads } from './provider-downloads.js'
import { readers } from './readers.js'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte

/** Large bodies need parts or a streaming put. */
const unlimited: Need = ({ parts, streamingPut }) =>
  parts === false && !streamingPut ? 'capabilities.parts and capabilities.streamingPut are false' : undefined

/** Providers for each way of sending a large body: in one request, and in parts. */
function ways(context: CaseContext): FaultyProvider[] {
  const { parts, streamingPut } = context.capabilities
  return [...(streamingPut ? [context.faulty()] : []), ...(parts === false ? [] : [context.inParts()])]
}

/** Delays every transfer to the provider until the gate resolves. */
function holdBack(faulty: FaultyProvider, gate: Promise<void>): void {
  faulty.on('putFile', async (proceed, ...args) => {
    await gate
    return proceed(...args)
  })
  faulty.on('uploadPart', async (proceed, ...args) => {
    await gate
    return proceed(...args)
  })
}

/**
 * Reports the bytes that the provider has used: chunks of a stream when it requests the next one,
 * parts when they are stored.
 */
function countTaken(faulty: FaultyProvider, onTaken: (length: number) => void): void {
  faulty.on('putFile', (proceed, container, file, body, options) => {
    if (body instanceof Uint8Array) return proceed(container, file, body, options)
    const counted = async function* () {
      for await (const chunk of bodyOf(body)) {
        yield chunk
        onTaken(chunk.length)
      }
    }
    return proceed(container, file, counted(), options)
  })
  faulty.on('uploadPart', async (proceed, upload, body, options) => {
    const part = await proceed(upload, body, options)
    onTaken(part.size)
    return part
  })
}

async function streamedHash(storage: CaseContext['storage'], container: string, file: string): Promise<string> {
  const hash = createHash('md5')
  for await (const chunk of storage.downloadStream(container, file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

export const streams: ConformanceCategory = {
  title: 'Streams',
  cases: [
    {
      id: 'E.1',
      name: 'the source is paused while the provider reads nothing',
      needs: unlimited,
      async run(context) {
        const { partSize, container } = context
        const total = 12 * partSize
        for (const faulty of ways(context)) {
          const gate = Promise.withResolvers<void>()
          holdBack(faulty, gate.promise)
          const source = new WatchedSource(blocks(total, 16 * kibibyte))
          const options = { partSize, parallelism: 2 }
          const writing = context.over(faulty).putFile(container, 'file', source, options)
          const pulled = await settled(() => source.pulled)
          assert.ok(pulled > 0)
          assert.ok(pulled <= 3 * partSize + 64 * kibibyte, `${pulled} bytes were read ahead of the provider`)
          gate.resolve()
          await writing
          await context.isWhole('file', Buffer.concat([...blocks(total, 16 * kibibyte)]))
        }
      },
    },
    {
      id: 'E.2',
      name: 'a transfer of 200 MB uses bounded memory',
      needs: unlimited,
      async run(context) {
        const { storage, container } = context
        const total = 200_000_000
        const partSize = Math.max(context.partSize, 8 * mebibyte)
        const expected = createHash('md5')
        for (const block of blocks(total, 256 * kibibyte)) expected.update(block)
        const digest = expected.digest('hex')
        for (const faulty of ways(context)) {
          let taken = 0
          let held = 0
          countTaken(faulty, (length) => {
            taken += length
          })
          const source = new WatchedSource(blocks(total, 256 * kibibyte), (pulled) => {
            held = Math.max(held, pulled - taken)
          })
          await context.over(faulty).putFile(container, 'file', source, { partSize, parallelism: 2 })
          assert.ok(held <= 3 * partSize + mebibyte, `${held} bytes were in memory at once`)
          assert.equal((await storage.getFile(container, 'file')).size, total)
          assert.equal(await streamedHash(storage, container, 'file'), digest)
          await storage.removeFile(container, 'file')
        }
      },
    },
    {
      id: 'E.3',
      name: 'chunks of one byte',
      async run({ put, isWhole }) {
        const content = bytes(10_000)
        await put('file', pieces(content, 1))
        await put('stream', Readable.from(pieces(content, 1)))
        await isWhole('file', content)
        await isWhole('stream', content)
      },
    },
    {
      id: 'E.4',
      name: 'one chunk of 64 MB',
      needs: unlimited,
      async run({ put, storage, container }) {
        const [content = Buffer.alloc(0)] = blocks(64_000_000, 64_000_000)
        const single = async function* () {
          yield content
        }
        await put('file', single())
        assert.equal((await storage.getFile(container, 'file')).size, content.length)
        assert.equal(await streamedHash(storage, container, 'file'), hex('md5', content))
      },
    },
    {
      id: 'E.5',
      name: 'a failing source: its error is the cause, and nothing is stored',
      async run(context) {
        const failure = new Error('the sender’s disk failed')
        const chunks = Array(8).fill(bytes(20_000))
        const bodies: Record<string, () => Body> = {
          iterable: () => failingAfter(chunks, failure),
          'node stream': () => Readable.from(failingAfter(chunks, failure)),
          'web stream': () => Readable.toWeb(Readable.from(failingAfter(chunks, failure))) as Body,
          'failing at once': () => failingAfter([], failure),
        }
        for (const [kind, body] of Object.entries(bodies)) {
          const error = await rejects(context.put('file', body()), 'SOURCE_FAILED')
          assert.equal(error.cause, failure, kind)
          await context.nothingOf('file')
        }
      },
    },
    {
      id: 'E.6',
      name: 'a source destroyed without an error fails the write instead of truncating the file',
      async run(context) {
        for (const size of [undefined, 1_000_000]) {
          const source = new Readable({ read() {} })
          source.push(bytes(100_000))
          const writing = context.put('file', source, size === undefined ? {} : { size })
          await settled(() => source.readableLength)
          source.destroy()
          await rejects(writing, 'SOURCE_FAILED')
          const dead = new Readable({ read() {} })
          dead.destroy()
          await rejects(context.put('file', dead), 'INVALID_ARGUMENT')
        }
        await context.nothingOf('file')
      },
    },
    {
      id: 'E.7',
      name: 'a source may pause',
      async run(context) {
        const { partSize } = context
        const content = bytes(2 * 50_000)
        // The case tests the pause itself, so real time must pass.
        const slow = async function* (after: Uint8Array) {
          await delay(300)
          yield content.subarray(0, 50_000)
          await delay(700)
          yield content.subarray(50_000)
          yield after
          await delay(300)
        }
        await context.put('file', slow(Buffer.alloc(0)))
        await context.isWhole('file', content)
        if (context.capabilities.parts === false) return
        const rest = bytes(2 * partSize, 5)
        const storage = context.over(context.inParts(), { partSize })
        await storage.putFile(context.container, 'file', slow(rest))
        await context.isWhole('file', Buffer.concat([content, rest]))
      },
    },
    {
      id: 'E.11',
      name: '100 uploads and downloads leave no listener',
      async run({ storage, container }) {
        const { signal } = new AbortController()
        const emitters = ['warning', 'exit', 'beforeExit', 'unhandledRejection', 'uncaughtException']
        const counts = () => emitters.map((event) => process.listenerCount(event))
        const before = counts()
        const warnings: Error[] = []
        const onWarning = (warning: Error) => void warnings.push(warning)
        process.on('warning', onWarning)
        for (let times = 0; times < 100; times++) {
          await storage.putFile(container, 'file', times % 2 === 0 ? bytes(10) : pieces(bytes(10), 3), { signal })
          const opened = await storage.openFile(container, 'file', { signal })
          await opened.bytes()
          await buffer(storage.downloadStream(container, 'file', { signal }))
          const upload = storage.uploadStream(container, 'file', { signal })
          upload.end('text')
          await upload.file
        }
        await storage.removeFile(container, 'missing', { signal }).catch(() => undefined)
        await settled(() => getEventListeners(signal, 'abort').length)
        process.off('warning', onWarning)
        assert.equal(getEventListeners(signal, 'abort').length, 0, 'listeners are left on the signal')
        assert.deepEqual(counts(), before, 'listeners are left on the process')
        assert.deepEqual(
          warnings.filter(({ name }) => name === 'MaxListenersExceededWarning'),
          [],
        )
      },
    },
    {
      id: 'E.12',
      name: 'no failure becomes an unhandled rejection',
      async run(context) {
        const { storage, container, put } = context
        await put('file', bytes(100_000))
        const unhandled: unknown[] = []
        const onUnhandled = (reason: unknown) => void unhandled.push(reason)
        process.on('unhandledRejection', onUnhandled)
        const failure = new Error('the source failed')
        await rejects(put('new', failingAfter([bytes(10)], failure)), 'SOURCE_FAILED')
        const aborted = AbortSignal.abort()
        await rejects(storage.putFile(container, 'new', Readable.from([bytes(10)]), { signal: aborted }), 'ABORTED')
        const upload = storage.uploadStream(container, 'new')
        upload.on('error', () => undefined)
        upload.destroy(failure)
        const rejected = storage.uploadStream(container, '')
        rejected.on('error', () => undefined)
        const file = await storage.openFile(container, 'file')
        file.stream.destroy()
        const download = storage.downloadStream(container, 'missing')
        download.on('error', () => undefined)
        download.resume()
        storage.downloadStream(container, 'file').destroy()
        storage.files(container)
        const left = storage.files(container, { pageSize: 1 })
        await left.next()
        if (context.capabilities.parts !== false) {
          const faulty = context.inParts().fail('uploadPart', new StorageError('PERMISSION_DENIED', 'no'), 100)
          const large = pieces(bytes(4 * context.partSize), 10_000)
          const writing = context.over(faulty, { partSize: context.partSize }).putFile(container, 'new', large)
          await rejects(writing, 'PERMISSION_DENIED')
        }
        await Promise.allSettled([upload.file, rejected.file])
        await settled(() => unhandled.length)
        process.off('unhandledRejection', onUnhandled)
        assert.deepEqual(unhandled, [])
      },
    },
    {
      id: 'E.14',
      name: 'a failed write ends its source, whatever its kind',
      async run(context) {
        const { container } = context
        const denied = new StorageError('PERMISSION_DENIED', 'not allowed')
        const faulty = context.faulty().fail('putFile', denied, 100).fail('uploadPart', denied, 100)
        const storage = context.over(faulty, { partSize: context.partSize })
        const rejectedWrites: Record<string, (body: Body) => Promise<unknown>> = {
          'by the provider': (body) => storage.putFile(container, 'file', body),
          'for its name': (body) => storage.putFile(container, '', body),
          'by its size': (body) => storage.putFile(container, 'file', body, { maxSize: 10 }),
          'for an option': (body) => storage.putFile(container, 'file', body, { contentType: 'nonsense' }),
        }
        for (const [why, write] of Object.entries(rejectedWrites)) {
          const stream = Readable.from(pieces(bytes(200_000), 10_000))
          await write(stream).then(
            () => assert.fail('it succeeded'),
            () => undefined,
          )
          await settled(() => Number(stream.destroyed))
          assert.ok(stream.destroyed, `the stream is not destroyed when the write is rejected ${why}`)
          // The stream ends eventually: some providers send only a complete body.
          let left = 400
          let ended = false
          const end = () => {
            ended = true
          }
          const web = new ReadableStream({
            pull: (controller) => {
              if (left-- > 0) return controller.enqueue(bytes(10_000))
              end()
              controller.close()
            },
            cancel: end,
          })
          await write(web as Body).then(
            () => assert.fail('it succeeded'),
            () => undefined,
          )
          await settled(() => Number(ended))
          assert.ok(ended, `the web stream is not cancelled when the write is rejected ${why}`)
        }
        assert.deepEqual(namesOf(await context.storage.getFiles(container)), [])
      },
    },
    ...readers,
    ...providerDownloads,
  ],
}
