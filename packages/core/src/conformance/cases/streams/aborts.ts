/**
 * F. Abort.
 */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { defined } from '../../../kit/defined.js'
import type { ConformanceCase, ConformanceCategory } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes, pieces, stallingAfter, WatchedSource } from '../../tools/content.js'
import { eachRejects, isCode, lasting, rejects, sameBytes } from '../../tools/expectations.js'
import {
  beforeTheFirstByte,
  betweenParts,
  duringCompletion,
  duringTheStart,
  inParts,
  type Way,
  waysOf,
  withinAPart,
  withinAPut,
  withinAPutOfBytes,
  withinTheLastPart,
} from './abort-points.js'
import { providerAborts } from './provider-aborts.js'

const old = bytes(1000, 3)

/** The reason of the abort. */
const reason = new Error('the user has left')

async function abortBy(context: CaseContext, way: Way, file: string, why: unknown = reason) {
  const controller = new AbortController()
  const error = await rejects(
    way(context, file, controller.signal, () => controller.abort(why)),
    'ABORTED',
  )
  return { error, controller }
}

const during = (id: string, name: string, ...ways: readonly Way[]): ConformanceCase => ({
  id,
  name,
  ...(ways.every((way) => Object.values(inParts).includes(way))
    ? { needs: ({ parts }) => (parts === false ? 'capabilities.parts is false' : undefined) }
    : {}),
  async run(context) {
    for (const way of ways) {
      const { error } = await abortBy(context, way, 'new')
      assert.equal(error.cause, reason)
      assert.equal(error.file, 'new')
      await context.nothingOf('new')
      assert.deepEqual(await context.names(), [])
    }
    await context.put('new', old)
    await context.isWhole('new', old)
  },
})

export const abort: ConformanceCategory = {
  title: 'Abort',
  cases: [
    {
      id: 'F.1',
      name: 'an aborted signal: no I/O, and the source is not read',
      async run(context) {
        const { container } = context
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const signal = AbortSignal.abort(reason)
        const source = new WatchedSource([bytes(10)])
        const place = { container, file: 'file' }
        const options = { signal }
        const upload = { ...place, id: 'id', partSize: context.partSize }
        const part = { partNumber: 1, size: 1, tag: 'a' }
        const operations = {
          getContainers: () => storage.getContainers(options),
          containerPage: () => storage.containerPage(options),
          getContainer: () => storage.getContainer(container, options),
          hasContainer: () => storage.hasContainer(container, options),
          createContainer: () => storage.createContainer({ name: context.containerName(), signal }),
          destroyContainer: () => storage.destroyContainer(container, options),
          getFiles: () => storage.getFiles(container, options),
          filePage: () => storage.filePage(container, options),
          getFile: () => storage.getFile(container, 'file', options),
          hasFile: () => storage.hasFile(container, 'file', options),
          openFile: () => storage.openFile(container, 'file', options),
          downloadStream: () => buffer(storage.downloadStream(container, 'file', options)),
          putFile: () => storage.putFile(container, 'file', source, options),
          uploadStream: () => ended(storage.uploadStream(container, 'file', options)),
          removeFile: () => storage.removeFile(container, 'file', options),
          removeFiles: () => storage.removeFiles(container, ['file'], options),
          copyFile: () => storage.copyFile(place, { container, file: 'b' }, options),
          moveFile: () => storage.moveFile(place, { container, file: 'b' }, options),
          ...(context.capabilities.parts === false
            ? {}
            : {
                startUpload: () => storage.startUpload(container, 'file', options),
                uploadPart: () => storage.uploadPart(upload, 1, bytes(1), options),
                parts: () => Array.fromAsync(storage.parts(upload, options)),
                completeUpload: () => storage.completeUpload(upload, [part], options),
                abortUpload: () => storage.abortUpload(upload, options),
                uploads: () => Array.fromAsync(storage.uploads(container, options)),
                purgeUploads: () => storage.purgeUploads(container, options),
              }),
        }
        await eachRejects(operations, 'ABORTED', (error, operation) => assert.equal(error.cause, reason, operation))
        assert.deepEqual(faulty.calls, [])
        assert.equal(source.pulled, 0)
      },
    },
    during('F.2', 'before the first byte', beforeTheFirstByte),
    during('F.3', 'within a single put', withinAPut, withinAPutOfBytes),
    during('F.4', 'within a part', withinAPart, withinTheLastPart),
    during('F.5', 'between parts, and while the upload starts', betweenParts, duringTheStart),
    during('F.6', 'during the completion', duringCompletion),
    {
      id: 'F.7',
      name: 'the previous version is kept, whenever the abort occurs',
      async run(context) {
        await context.put('old', old, { contentType: 'image/png' })
        const facts = async () => lasting(await context.storage.getFile(context.container, 'old'))
        const before = await facts()
        for (const [name, way] of Object.entries(waysOf(context))) {
          await abortBy(context, way, 'old')
          assert.deepEqual(await facts(), before, name)
          await context.isWhole('old', old)
        }
      },
    },
    {
      id: 'F.8',
      name: 'no unfinished upload is left',
      async run(context) {
        for (const [name, way] of Object.entries(waysOf(context))) {
          await abortBy(context, way, 'new')
          assert.deepEqual(await context.uploads(), [], name)
        }
      },
    },
    {
      id: 'F.9',
      name: 'no temporary file is left: the container is empty',
      async run(context) {
        for (const way of Object.values(waysOf(context))) {
          await abortBy(context, way, 'new')
          await abortBy(context, way, 'folder/new')
        }
        assert.deepEqual(await context.names(), [])
        assert.deepEqual(await context.names({ delimiter: '/' }), [])
        await context.storage.destroyContainer(context.container, { onlyIfEmpty: true })
      },
    },
    {
      id: 'F.10',
      name: 'the reason of the abort is the cause of the error, whatever its type',
      async run(context) {
        for (const why of [reason, 'a string', 7, null]) {
          for (const way of Object.values(waysOf(context))) {
            const { error } = await abortBy(context, way, 'new', why)
            assert.equal(error.cause, why)
            assert.equal(error.statusCode, 499)
          }
        }
        const { error, controller } = await abortBy(context, beforeTheFirstByte, 'new', undefined)
        assert.equal(error.cause, controller.signal.reason)
      },
    },
    {
      id: 'F.11',
      name: 'an abort after the success has no effect',
      async run(context) {
        const { storage, container } = context
        const controller = new AbortController()
        const { signal } = controller
        await storage.putFile(container, 'file', old, { signal })
        await storage.putFile(container, 'stream', pieces(old, 100), { signal })
        const opened = await storage.openFile(container, 'file', { signal })
        sameBytes(await opened.bytes(), old)
        await storage.copyFile({ container, file: 'file' }, { container, file: 'copy' }, { signal })
        controller.abort(reason)
        for (const file of ['file', 'stream', 'copy']) await context.isWhole(file, old)
      },
    },
    {
      id: 'F.12',
      name: 'during a read',
      async run(context) {
        const { storage, container } = context
        const content = bytes(4 * 1024 * 1024)
        await context.put('file', content)
        for (const open of [
          async (signal: AbortSignal) => (await storage.openFile(container, 'file', { signal })).stream,
          async (signal: AbortSignal) => storage.downloadStream(container, 'file', { signal }),
        ]) {
          const controller = new AbortController()
          const stream = await open(controller.signal)
          const received: Buffer[] = []
          const reading = (async () => {
            for await (const chunk of stream as AsyncIterable<Buffer>) {
              received.push(chunk)
              controller.abort(reason)
            }
          })()
          assert.equal((await rejects(reading, 'ABORTED')).cause, reason)
          assert.ok(stream.destroyed)
          const part = Buffer.concat(received)
          assert.ok(part.length < content.length, 'the file was read to its end despite the abort')
          sameBytes(part, content.subarray(0, part.length), 'the bytes before the failure')
        }
        const controller = new AbortController()
        const stalled = context.faulty().stall('openFile', () => controller.abort(reason))
        const { signal } = controller
        await rejects(context.over(stalled).openFile(container, 'file', { signal }), 'ABORTED')
        await context.isWhole('file', content)
      },
    },
    {
      id: 'F.13',
      name: 'during a list',
      async run(context) {
        const { container } = context
        await context.putMany(['a', 'b', 'c', 'd', 'e'])
        const controller = new AbortController()
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const seen: string[] = []
        const listing = (async () => {
          for await (const { name } of storage.files(container, { pageSize: 2, signal: controller.signal })) {
            seen.push(name)
            if (name === 'c') controller.abort(reason)
          }
        })()
        assert.equal((await rejects(listing, 'ABORTED')).cause, reason)
        assert.deepEqual(seen, ['a', 'b', 'c'])
        assert.equal(faulty.count('listFiles'), 2, 'a page was requested after the abort')
        const stalled = new AbortController()
        const never = context.faulty().stall('listFiles', () => stalled.abort(reason))
        await rejects(context.over(never).getFiles(container, { signal: stalled.signal }), 'ABORTED')
      },
    },
    {
      id: 'F.14',
      name: 'during a batch removal: what was removed is reported',
      async run(context) {
        const { container } = context
        const files = Array.from({ length: 1500 }, (_, index) => `file ${String(index).padStart(4, '0')}`)
        await context.putMany(files)
        const controller = new AbortController()
        const faulty = context.faulty().on('removeFiles', async (proceed, ...args) => {
          const outcomes = await proceed(...args)
          controller.abort(reason)
          return outcomes
        })
        const removal = context.over(faulty).removeFiles(container, files, { signal: controller.signal })
        const outcome = await removal.then(
          (outcomes) => outcomes.map(({ file }) => file),
          (error: unknown) => {
            const aborted = isCode(error, 'ABORTED')
            assert.equal(aborted.cause, reason)
            return aborted.details.removed ?? assert.fail('details.removed is missing')
          },
        )
        const left = await context.names()
        assert.ok(outcome.length > 0, 'nothing was removed before the abort')
        assert.deepEqual(
          [...outcome, ...left].toSorted(),
          files,
          'the removed and the remaining files are not all files',
        )
      },
    },
    {
      id: 'F.15',
      name: 'during a copy and a move',
      async run(context) {
        const { container } = context
        await context.put('source', old)
        for (const method of ['copyFile', 'moveFile'] as const) {
          const controller = new AbortController()
          const stop = () => controller.abort(reason)
          const faulty = context.faulty().stall('copyFile', stop).stall('moveFile', stop)
          const places = [
            { container, file: 'source' },
            { container, file: 'target' },
          ] as const
          const copy = context.over(faulty)[method](...places, { signal: controller.signal })
          assert.equal((await rejects(copy, 'ABORTED')).cause, reason)
          await context.nothingOf('target')
          await context.isWhole('source', old)
        }
      },
    },
    {
      id: 'F.16',
      name: 'the listener is removed from the signal after a success and a failure',
      async run(context) {
        const { storage, container } = context
        const { signal } = new AbortController()
        const listeners = () => getEventListeners(signal, 'abort').length
        await storage.putFile(container, 'file', old, { signal })
        assert.equal(listeners(), 0, 'after a put')
        await rejects(storage.getFile(container, 'missing', { signal }), 'FILE_NOT_FOUND')
        assert.equal(listeners(), 0, 'after a failure')
        const opened = await storage.openFile(container, 'file', { signal })
        await opened.bytes()
        assert.equal(listeners(), 0, 'after a read')
        const left = await storage.openFile(container, 'file', { signal })
        await left.close()
        assert.equal(listeners(), 0, 'after a read that was closed early')
        await storage.getFiles(container, { signal })
        for await (const _entry of storage.files(container, { signal })) break
        assert.equal(listeners(), 0, 'after a list')
        await storage.removeFiles(container, ['file', 'missing'], { signal })
        assert.equal(listeners(), 0, 'after a removal')
      },
    },
    {
      id: 'F.17',
      name: 'a timeout fails with TIMEOUT and leaves nothing',
      async run(context) {
        const { container } = context
        await context.put('old', old)
        for (const file of ['new', 'old']) {
          const stalls = stallingAfter([bytes(1000)], () => undefined)
          const write = context.storage.putFile(container, file, stalls, { timeout: 20 })
          assert.equal((await rejects(write, 'TIMEOUT')).statusCode, 504)
          const upload = context.storage.uploadStream(container, file, { timeout: 20 })
          upload.on('error', () => undefined)
          upload.write(bytes(1000))
          await rejects(upload.file, 'TIMEOUT')
          const faulty = context.faulty().stall('putFile')
          await rejects(context.over(faulty).putFile(container, file, old, { timeout: 20 }), 'TIMEOUT')
        }
        await context.nothingOf('new')
        await context.isWhole('old', old)
      },
    },
    {
      id: 'F.18',
      name: 'an abort ends the source',
      async run(context) {
        for (const size of [undefined, 1_000_000]) {
          const controller = new AbortController()
          let reads = 0
          const source = new Readable({
            read() {
              if (reads++ === 0) this.push(bytes(30_000))
              else controller.abort(reason)
            },
          })
          const options = { signal: controller.signal, ...defined({ size }) }
          await rejects(context.put('file', source, options), 'ABORTED')
          await new Promise(setImmediate)
          assert.ok(source.destroyed, 'the stream is not destroyed')
          await context.nothingOf('file')
        }
      },
    },
    {
      id: 'F.19',
      name: 'the bare provider settles when its signal is aborted while it waits for the body',
      needs: ({ streamingPut }) => (streamingPut ? undefined : 'capabilities.streamingPut is false'),
      async run(context) {
        const { provider, container } = context
        await context.put('old', old)
        for (const file of ['new', 'old']) {
          const controller = new AbortController()
          const stalling = stallingAfter([bytes(100_000)], () => controller.abort(reason))
          const body = endingWith(controller.signal, stalling)
          const write = provider.putFile(container, file, body, {
            signal: controller.signal,
            attributes: { contentType: 'text/plain', metadata: {} },
            conditions: {},
            checksums: {},
            native: {},
          })
          await write.then(
            () => assert.fail('it succeeded'),
            () => undefined,
          )
        }
        await context.nothingOf('new')
        await context.isWhole('old', old)
      },
    },
    ...providerAborts,
  ],
}

/** A body as core passes it: a pending read fails when the signal is aborted. */
async function* endingWith(signal: AbortSignal, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )
  aborted.catch(() => undefined)
  const chunks = body[Symbol.asyncIterator]()
  for (;;) {
    const { done, value } = await Promise.race([chunks.next(), aborted])
    if (done) return
    yield value
  }
}

/** Ends an upload stream and returns its result, also if only an event reports the failure. */
function ended(upload: ReturnType<CaseContext['storage']['uploadStream']>): Promise<unknown> {
  upload.on('error', () => undefined)
  upload.end('text')
  return upload.file
}
