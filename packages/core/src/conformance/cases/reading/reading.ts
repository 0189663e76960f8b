/**
 * H. Reading and ranges.
 */
import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { type ByteRange, isStorageError } from '../../../provider.js'
import type { ConformanceCase, ConformanceCategory } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes } from '../../tools/content.js'
import { lasting, rejects, sameBytes } from '../../tools/expectations.js'

const size = 10_000
const content = bytes(size)

/** A case that reads a range, which means the bytes from `from` up to, but excluding, `to`. */
const ranged = (id: string, name: string, range: ByteRange, from: number, to: number): ConformanceCase => ({
  id,
  name,
  async run(context) {
    await context.put('file', content)
    await expectRange(context, range, from, to)
  },
})

async function expectRange({ storage, container }: CaseContext, range: ByteRange, from: number, to: number) {
  const opened = await storage.openFile(container, 'file', { range })
  assert.equal(opened.info.size, size, 'info.size must be the size of the complete file')
  assert.equal(opened.offset, from, 'the offset')
  assert.equal(opened.length, to - from, 'the length')
  sameBytes(await opened.bytes(), content.subarray(from, to), 'the range')
  const streamed = await buffer(storage.downloadStream(container, 'file', { range }))
  sameBytes(streamed, content.subarray(from, to), 'the range as a stream')
}

const unsatisfiable = (id: string, name: string, range: ByteRange, length = size): ConformanceCase => ({
  id,
  name,
  async run({ put, storage, container }) {
    await put('file', bytes(length))
    const error = await rejects(storage.openFile(container, 'file', { range }), 'RANGE_NOT_SATISFIABLE')
    assert.equal(error.details.size, length, 'details.size')
    assert.equal(error.file, 'file')
  },
})

/** A case with ranges that are invalid for any file: rejected before any I/O. */
const meaningless = (id: string, name: string, ...ranges: readonly unknown[]): ConformanceCase => ({
  id,
  name,
  async run(context) {
    await context.put('file', content)
    const faulty = context.faulty()
    for (const range of ranges as ByteRange[]) {
      await rejects(context.over(faulty).openFile(context.container, 'file', { range }), 'INVALID_ARGUMENT')
    }
    assert.deepEqual(faulty.calls, [])
  },
})

export const reading: ConformanceCategory = {
  title: 'Reading and ranges',
  cases: [
    {
      id: 'H.1',
      name: 'a complete file',
      async run({ put, storage, container }) {
        await put('file', content)
        const opened = await storage.openFile(container, 'file')
        assert.deepEqual([opened.offset, opened.length, opened.info.size], [0, size, size])
        sameBytes(await opened.bytes(), content)
        sameBytes(await buffer(storage.downloadStream(container, 'file')), content, 'the stream')
        await put('text', 'Grüße 世界')
        assert.equal(await (await storage.openFile(container, 'text')).text(), 'Grüße 世界')
      },
    },
    {
      id: 'H.2',
      name: 'a missing file fails with FILE_NOT_FOUND and its name',
      async run({ storage, container }) {
        const error = await rejects(storage.openFile(container, 'not/there'), 'FILE_NOT_FOUND')
        assert.deepEqual([error.container, error.file], [container, 'not/there'])
        const range = { start: 5, end: 6 }
        await rejects(storage.openFile(container, 'not/there', { range }), 'FILE_NOT_FOUND')
        const streamed = await rejects(buffer(storage.downloadStream(container, 'not/there')), 'FILE_NOT_FOUND')
        assert.equal(streamed.file, 'not/there')
      },
    },
    ranged('H.3', 'from an offset to the end', { start: 4000 }, 4000, size),
    ranged('H.4', 'a part in the middle', { start: 1000, end: 1999 }, 1000, 2000),
    ranged('H.5', 'a part from the start', { start: 0, end: 99 }, 0, 100),
    ranged('H.6', 'the last byte', { start: size - 1 }, size - 1, size),
    ranged('H.7', 'an end beyond the file means its last byte', { start: 9000, end: 20_000 }, 9000, size),
    {
      id: 'H.8',
      name: 'the properties with a range are those of the whole file',
      async run({ put, storage, container }) {
        await put('file', content, { contentType: 'image/png' })
        const opened = await storage.openFile(container, 'file', { range: { start: 5, end: 5 } })
        sameBytes(await opened.bytes(), content.subarray(5, 6))
        assert.deepEqual(lasting(opened.info), lasting(await storage.getFile(container, 'file')))
      },
    },
    unsatisfiable('H.9', 'an offset equal to the size', { start: size }),
    unsatisfiable('H.10', 'an offset beyond the size', { start: size + 1, end: size + 100 }),
    meaningless('H.11', 'a negative offset or end', { start: -1 }, { start: -10, end: 5 }, { start: 0, end: -1 }),
    meaningless('H.12', 'an end before the start', { start: 10, end: 9 }, { start: size + 5, end: size }),
    ranged('H.13', 'a suffix', { suffix: 100 }, size - 100, size),
    ranged('H.14', 'a suffix longer than the file', { suffix: size + 1 }, 0, size),
    unsatisfiable('H.15', 'a suffix of no bytes', { suffix: 0 }),
    meaningless(
      'H.16',
      'empty and fractional ranges',
      { start: 5, end: 4 },
      {},
      { start: 1.5 },
      { start: Number.NaN },
      { suffix: -1 },
      { start: '5' },
      { start: 0, end: Number.POSITIVE_INFINITY },
    ),
    {
      id: 'H.17',
      name: 'a range on an empty file',
      async run({ put, storage, container, read }) {
        await put('file', Buffer.alloc(0))
        for (const range of [{ start: 0 }, { start: 0, end: 0 }, { suffix: 1 }, { start: 5 }]) {
          const error = await rejects(storage.openFile(container, 'file', { range }), 'RANGE_NOT_SATISFIABLE')
          assert.equal(error.details.size, 0)
        }
        assert.equal((await read('file')).length, 0)
        assert.equal((await buffer(storage.downloadStream(container, 'file'))).length, 0)
      },
    },
    {
      id: 'H.18',
      name: 'concurrent ranges of one file',
      async run({ put, read }) {
        const large = bytes(1_000_000)
        await put('file', large)
        const ranges = Array.from({ length: 50 }, (_, index) => ({
          start: index * 20_000,
          end: index * 20_000 + 19_999,
        }))
        const parts = await Promise.all(ranges.map((range) => read('file', { range })))
        sameBytes(Buffer.concat(parts), large)
      },
    },
    {
      id: 'H.19',
      name: 'a folder cannot be read',
      async run({ put, nothingOf, storage, container }) {
        await put('folder/below/file', content)
        for (const folder of ['folder', 'folder/', 'folder/below', 'folder/below/']) {
          await nothingOf(folder)
          await rejects(storage.openFile(container, folder, { range: { start: 0, end: 0 } }), 'FILE_NOT_FOUND')
          await rejects(storage.removeFile(container, folder), 'FILE_NOT_FOUND')
          await rejects(storage.copyFile({ container, file: folder }, { container, file: 'copy' }), 'FILE_NOT_FOUND')
        }
        assert.equal(await storage.hasFile(container, 'folder/below/file'), true)
      },
    },
    {
      id: 'H.20',
      name: 'a file replaced during a read: the old bytes or an error, never a mix',
      async run({ put, storage, secondStorage, container }) {
        const length = 8 * 1024 * 1024
        const old = bytes(length, 1)
        await put('file', old)
        const opened = await storage.openFile(container, 'file')
        const received: Buffer[] = []
        try {
          for await (const chunk of opened.stream as AsyncIterable<Buffer>) {
            if (received.length === 0) await secondStorage.putFile(container, 'file', bytes(length, 2))
            received.push(chunk)
          }
          sameBytes(Buffer.concat(received), old)
        } catch (error) {
          if (!isStorageError(error)) throw error
          const part = Buffer.concat(received)
          sameBytes(part, old.subarray(0, part.length), 'the bytes before the error')
        }
        sameBytes(await storage.openFile(container, 'file').then((file) => file.bytes()), bytes(length, 2))
      },
    },
    {
      id: 'H.21',
      name: 'ranges around the boundaries of common chunk sizes',
      async run({ put, read }) {
        const large = bytes(2 * 1024 * 1024 + 5)
        await put('file', large)
        for (const border of [4096, 65_536, 262_144, 1_048_576, 2_097_152]) {
          for (const [start, end] of [
            [border - 1, border],
            [border, border],
            [0, border - 1],
            [border - 1, large.length - 1],
            [border + 1, large.length - 1],
          ] as const) {
            sameBytes(await read('file', { range: { start, end } }), large.subarray(start, end + 1), `${start}-${end}`)
          }
        }
      },
    },
    {
      id: 'H.22',
      name: 'the bare provider resolves a range as core announces it',
      async run({ put, provider, container, call }) {
        await put('file', content)
        const opened = await provider.openFile(container, 'file', { ...call, conditions: {}, range: { suffix: 7 } })
        assert.deepEqual([opened.offset, opened.length], [size - 7, 7])
        const given = 'bytes' in opened ? Buffer.from(opened.bytes) : await buffer(opened.stream)
        sameBytes(given, content.subarray(size - 7))
        assert.equal(opened.info.size, size)
      },
    },
    {
      id: 'H.23',
      name: 'changing the bytes that a reader received changes no file',
      async run({ put, read, isWhole, storage, container }) {
        for (const stored of [content, bytes(1_000_000)]) {
          await put('file', stored)
          const mine = await read('file')
          mine.fill(0)
          const part = await read('file', { range: { start: 10, end: 500 } })
          part.fill(0)
          const opened = await storage.openFile(container, 'file')
          for await (const chunk of opened.stream as AsyncIterable<Buffer>) chunk.fill(0)
          await isWhole('file', stored)
        }
      },
    },
  ],
}
