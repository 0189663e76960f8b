/**
 * E. Streams of readers.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { StorageError } from '../../../provider.js'
import type { ConformanceCase } from '../../run/case.js'
import { blocks, bytes, eventually, settled } from '../../tools/content.js'
import { rejects, sameBytes } from '../../tools/expectations.js'

const mebibyte = 1024 * 1024

export const readers: readonly ConformanceCase[] = [
  {
    id: 'E.8',
    name: 'a reader that stops early releases the connection',
    async run(context) {
      const { container, put, read } = context
      const content = bytes(4 * mebibyte)
      await put('file', content)
      const opened: Readable[] = []
      const faulty = context.faulty().on('openFile', async (proceed, ...args) => {
        const file = await proceed(...args)
        if ('stream' in file) opened.push(file.stream)
        return file
      })
      const storage = context.over(faulty)
      for (let times = 0; times < 100; times++) {
        if (times % 3 === 0) {
          const file = await storage.openFile(container, 'file')
          for await (const _chunk of file.stream) break
          await file.close()
        } else if (times % 3 === 1) {
          const file = await storage.openFile(container, 'file')
          await once(file.stream, 'readable')
          await file.close()
        } else {
          for await (const _chunk of storage.downloadStream(container, 'file')) break
        }
      }
      await eventually(() => opened.every((stream) => stream.closed))
      assert.equal(opened.filter((stream) => !stream.closed).length, 0, 'streams are not closed')
      sameBytes(await read('file'), content)
    },
  },
  {
    id: 'E.9',
    name: 'a reader that never reads leaks nothing',
    async run(context) {
      const { container, put } = context
      await put('file', bytes(4 * mebibyte))
      const opened: Readable[] = []
      const faulty = context.faulty().on('openFile', async (proceed, ...args) => {
        const file = await proceed(...args)
        if ('stream' in file) opened.push(file.stream)
        return file
      })
      const storage = context.over(faulty)
      for (let times = 0; times < 50; times++) {
        const file = await storage.openFile(container, 'file')
        await file.close()
        await file.close()
      }
      assert.equal(opened.filter((stream) => !stream.closed).length, 0, 'streams are not closed')
      const before = faulty.calls.length
      const unread = storage.downloadStream(container, 'file')
      await settled(() => faulty.calls.length)
      assert.equal(faulty.calls.length, before, 'a stream without a reader opened the file')
      unread.destroy()
      await settled(() => faulty.calls.length)
      assert.equal(faulty.calls.length, before)
    },
  },
  {
    id: 'E.10',
    name: 'a failure after the first byte reaches the reader',
    async run(context) {
      const { container, put } = context
      const content = bytes(300_000)
      await put('file', content)
      const failure = new StorageError('PERMISSION_DENIED', 'the key was revoked')
      const faulty = context.faulty().breakDownload(100_000, failure, 3)
      const storage = context.over(faulty)
      await rejects((await storage.openFile(container, 'file')).bytes(), 'PERMISSION_DENIED')
      await rejects(buffer(storage.downloadStream(container, 'file')), 'PERMISSION_DENIED')
      const received: Buffer[] = []
      const { stream } = await storage.openFile(container, 'file')
      let ended = false
      stream.once('end', () => {
        ended = true
      })
      stream.on('data', (chunk: Buffer) => received.push(chunk))
      const [error] = await once(stream, 'error')
      const told = await rejects(Promise.reject(error), 'PERMISSION_DENIED')
      assert.deepEqual([told.operation, told.container, told.file], ['openFile', container, 'file'])
      assert.equal(ended, false, 'the stream ended as if it were complete')
      const part = Buffer.concat(received)
      sameBytes(part, content.subarray(0, part.length), 'the bytes before the failure')
      assert.ok(part.length <= 100_000)
    },
  },
  {
    id: 'E.13',
    name: 'a slow reader pauses the provider',
    async run(context) {
      const { container, put } = context
      const total = 32 * mebibyte
      const content = Buffer.concat([...blocks(total, mebibyte)])
      await put('file', content)
      let given = 0
      const opened = context.faulty().transformDownload(async function* (chunks) {
        for await (const chunk of chunks) {
          given += chunk.length
          yield chunk
        }
      }, 2)
      const storage = context.over(opened)
      for (const open of [
        async () => (await storage.openFile(container, 'file')).stream,
        async () => storage.downloadStream(container, 'file'),
      ]) {
        given = 0
        const stream = await open()
        await once(stream, 'readable')
        const ahead = await settled(() => given)
        assert.ok(ahead <= 12 * mebibyte, `${ahead} bytes were read ahead of the reader`)
        sameBytes(await buffer(stream), content)
      }
    },
  },
]
