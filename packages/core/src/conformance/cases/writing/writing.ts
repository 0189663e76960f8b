/**
 * D. Writing.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Body } from '../../../index.js'
import { giveAwayChunk } from '../../../provider.js'
import type { ConformanceCase, ConformanceCategory } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes, failingAfter, pieces } from '../../tools/content.js'
import { absent, agrees, lasting, namesOf, rejects } from '../../tools/expectations.js'
import { failedBodies } from './failed-bodies.js'

const content = bytes(300_000)

/** Chunks that are given away, as those of a request are: the provider may free them. */
async function* freeable(content: Uint8Array, chunkSize: number): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces(content, chunkSize)) {
    const chunk = Buffer.allocUnsafeSlow(piece.length)
    chunk.set(piece)
    giveAwayChunk(chunk)
    yield chunk
  }
}

/** A case that stores a body and reads it. */
const stores = (id: string, name: string, body: () => Body, expected: Uint8Array): ConformanceCase => ({
  id,
  name,
  async run({ put, isWhole, storage, container }) {
    const written = await put('file', body())
    assert.equal(written.size, expected.length)
    await isWhole('file', expected)
    agrees(written, await storage.getFile(container, 'file'))
  },
})

/** Asserts that a wrong declared size fails for every kind of body, and changes no file. */
async function expectSizeMismatch(context: CaseContext, size: number): Promise<void> {
  const bodies: Record<string, () => Body> = {
    bytes: () => content,
    stream: () => Readable.from(pieces(content, 10_000)),
    iterable: () => pieces(content, 10_000),
  }
  await context.put('old', bytes(10))
  for (const [kind, body] of Object.entries(bodies)) {
    await rejects(context.put('new', body(), { size }), 'SIZE_MISMATCH')
    await rejects(context.put('old', body(), { size }), 'SIZE_MISMATCH')
    await context.nothingOf('new')
    await context.isWhole('old', bytes(10)).catch((cause: unknown) => {
      throw new Error(`the previous version is gone (${kind})`, { cause })
    })
  }
}

export const writing: ConformanceCategory = {
  title: 'Writing',
  cases: [
    stores('D.1', 'bytes', () => Buffer.from(content), content),
    stores('D.2', 'a string, as UTF-8', () => 'Grüße, 世界 😀\r\n\0', Buffer.from('Grüße, 世界 😀\r\n\0')),
    stores('D.3', 'a Node stream', () => Readable.from(pieces(content, 7001)), content),
    stores('D.4', 'a web stream', () => new Blob([content]).stream(), content),
    stores('D.5', 'an async iterable', () => pieces(content, 4999), content),
    stores('D.6', 'a Blob', () => new Blob([content.subarray(0, 1000), content.subarray(1000)]), content),
    stores('D.7', 'an empty buffer', () => Buffer.alloc(0), Buffer.alloc(0)),
    stores('D.8', 'a stream that ends at once', () => Readable.from([]), Buffer.alloc(0)),
    stores('D.9', 'one byte', () => Buffer.from([0]), Buffer.from([0])),
    {
      id: 'D.10',
      name: 'overwriting with something smaller',
      async run({ put, isWhole, names }) {
        await put('file', content)
        await put('file', content.subarray(0, 10))
        await isWhole('file', content.subarray(0, 10))
        assert.deepEqual(await names(), ['file'])
      },
    },
    {
      id: 'D.11',
      name: 'overwriting with something larger',
      async run({ put, isWhole, names }) {
        await put('file', content.subarray(0, 10))
        await put('file', content)
        await isWhole('file', content)
        assert.deepEqual(await names(), ['file'])
      },
    },
    {
      id: 'D.12',
      name: 'the properties that a write returns equal those of a later read',
      async run({ put, storage, secondStorage, container, capabilities }) {
        const written = await put('file', content, { contentType: 'image/png' })
        const info = await secondStorage.getFile(container, 'file')
        agrees(written, info)
        assert.equal(info.container, container)
        assert.equal(info.name, 'file')
        assert.equal(info.size, content.length)
        if (capabilities.tellsReplaced) {
          assert.equal(written.replaced, false, 'the file was new')
          assert.equal((await put('other', content)).replaced, false, 'the other file was new')
          assert.equal((await put('other', content)).replaced, true, 'the file existed')
          await storage.removeFile(container, 'other')
        }
        assert.ok(info.mtime instanceof Date && !Number.isNaN(info.mtime.getTime()))
        const opened = await storage.openFile(container, 'file')
        await opened.close()
        agrees(info, opened.info)
        const [listed] = await storage.getFiles(container)
        assert.ok(listed !== undefined && listed.folder === undefined)
        assert.equal(listed.size, info.size)
        assert.deepEqual(listed.mtime, info.mtime)
        if (listed.etag !== undefined) assert.equal(listed.etag, info.etag)
      },
    },
    {
      id: 'D.13',
      name: 'a correct declared size',
      async run({ put, isWhole }) {
        await put('bytes', content, { size: content.length })
        await put('stream', Readable.from(pieces(content, 9999)), { size: content.length })
        await put('empty', Readable.from([]), { size: 0 })
        await isWhole('bytes', content)
        await isWhole('stream', content)
        await isWhole('empty', Buffer.alloc(0))
      },
    },
    {
      id: 'D.14',
      name: 'a body shorter than its declared size fails and stores nothing',
      run: (context) => expectSizeMismatch(context, content.length + 1),
    },
    {
      id: 'D.15',
      name: 'a body longer than its declared size fails and stores nothing',
      async run(context) {
        await expectSizeMismatch(context, content.length - 1)
        await expectSizeMismatch(context, 0)
      },
    },
    {
      id: 'D.16',
      name: 'a failed write leaves the previous version unchanged',
      async run(context) {
        const { put, storage, container } = context
        await put('file', content, { contentType: 'image/png' })
        const before = lasting(await storage.getFile(container, 'file'))
        for (const after of [0, 1, 5]) {
          const body = failingAfter(Array(after).fill(bytes(50_000)), new Error('the disk of the sender failed'))
          await rejects(put('file', body, { contentType: 'text/plain' }), 'SOURCE_FAILED')
        }
        assert.deepEqual(lasting(await storage.getFile(container, 'file')), before)
        await context.isWhole('file', content)
        assert.deepEqual(await context.uploads(), [])
      },
    },
    {
      id: 'D.17',
      name: 'a file is not visible before its write is complete',
      async run({ storage, secondStorage, container, put, isWhole }) {
        await put('old', bytes(10))
        for (const file of ['new', 'old', 'folder/new']) {
          const upload = storage.uploadStream(container, file)
          for (let sent = 0; sent < 5; sent++) {
            if (!upload.write(content)) await once(upload, 'drain')
          }
          assert.deepEqual(namesOf(await secondStorage.getFiles(container, { delimiter: '/' })), ['old'])
          if (file === 'old') await isWhole('old', bytes(10))
          else await absent(secondStorage, container, file)
          upload.end()
          await upload.file
          await isWhole(file, Buffer.concat(Array(5).fill(content)))
          if (file !== 'old') await storage.removeFile(container, file)
          else await put('old', bytes(10))
        }
      },
    },
    {
      id: 'D.18',
      name: 'a name with slashes creates no entries for its folders',
      async run({ storage, container, put, names, nothingOf }) {
        await put('a/b/c', bytes(10))
        assert.deepEqual(await names(), ['a/b/c'])
        for (const folder of ['a', 'a/', 'a/b', 'a/b/']) await nothingOf(folder)
        await storage.removeFile(container, 'a/b/c')
        assert.deepEqual(await names(), [])
        assert.deepEqual(await names({ delimiter: '/' }), [])
        await storage.destroyContainer(container, { onlyIfEmpty: true })
      },
    },
    stores(
      'D.19',
      'a view of a buffer stores only its own bytes',
      () => content.subarray(1000, 2000),
      content.subarray(1000, 2000),
    ),
    stores('D.20', 'an ArrayBuffer', () => Uint8Array.from(content).buffer, content),
    stores('D.21', 'a stream of text', () => Readable.from(['Grü', 'ße ', '世界']), Buffer.from('Grüße 世界')),
    {
      id: 'D.22',
      name: 'changing the caller’s buffer after a write changes no file',
      async run({ put, isWhole }) {
        const mine = Buffer.from(content)
        await put('file', mine)
        mine.fill(0)
        await isWhole('file', content)
      },
    },
    {
      id: 'D.23',
      name: 'an upload stream finishes only when the file exists',
      async run({ storage, secondStorage, container, isWhole }) {
        const upload = storage.uploadStream(container, 'file', { contentType: 'image/png' })
        await pipeline(Readable.from(pieces(content, 10_000)), upload)
        assert.equal((await secondStorage.getFile(container, 'file')).contentType, 'image/png')
        await isWhole('file', content)
        agrees(await upload.file, await storage.getFile(container, 'file'))
      },
    },
    {
      id: 'D.24',
      name: 'a destroyed upload stream stores nothing',
      async run(context) {
        await context.put('old', bytes(10))
        for (const file of ['new', 'old']) {
          const upload = context.storage.uploadStream(context.container, file)
          upload.on('error', () => undefined)
          upload.write(content)
          upload.destroy()
          await rejects(upload.file, 'ABORTED')
        }
        await context.nothingOf('new')
        await context.isWhole('old', bytes(10))
      },
    },
    {
      id: 'D.25',
      name: 'a body larger than maxSize fails with TOO_LARGE; one of exactly maxSize is stored',
      async run(context) {
        await context.put('old', bytes(10))
        const bodies: (() => Body)[] = [() => content, () => pieces(content, 10_000)]
        for (const body of bodies) {
          for (const file of ['new', 'old']) {
            const error = await rejects(context.put(file, body(), { maxSize: content.length - 1 }), 'TOO_LARGE')
            assert.equal(error.details.size, content.length - 1)
          }
          await context.put('fits', body(), { maxSize: content.length })
          await context.isWhole('fits', content)
        }
        await context.nothingOf('new')
        await context.isWhole('old', bytes(10))
      },
    },
    {
      id: 'D.26',
      name: 'an invalid body is rejected',
      async run(context) {
        for (const body of [undefined, null, 7, {}, true] as unknown as Body[]) {
          await rejects(context.storage.putFile(context.container, 'file', body), 'INVALID_ARGUMENT')
        }
        for (const chunk of [7, {}, null]) {
          const body = (async function* () {
            yield chunk
          })() as unknown as Body
          await rejects(context.storage.putFile(context.container, 'file', body), 'INVALID_ARGUMENT')
        }
        await context.nothingOf('file')
      },
    },
    {
      id: 'D.27',
      name: 'progress increases up to the size of the body',
      async run({ put }) {
        const seen: number[] = []
        await put('file', pieces(content, 10_000), { onProgress: (sent) => void seen.push(sent) })
        assert.equal(seen.at(-1), content.length)
        assert.deepEqual(
          seen,
          seen.toSorted((a, b) => a - b),
        )
      },
    },
    {
      id: 'D.28',
      name: 'concurrent writes of one name leave one complete version',
      async run({ storage, secondStorage, container, read }) {
        const versions = Array.from({ length: 10 }, (_, index) => bytes(100_000 + index, index))
        await Promise.all(
          versions.map((version, index) =>
            (index % 2 === 0 ? storage : secondStorage).putFile(container, 'file', version, {
              contentType: `application/x-${index}`,
            }),
          ),
        )
        const stored = await read('file')
        const winner = versions.findIndex((version) => version.equals(stored))
        assert.notEqual(winner, -1, 'the file is a mix')
        const { size, contentType } = await storage.getFile(container, 'file')
        assert.equal(size, 100_000 + winner)
        assert.equal(contentType, `application/x-${winner}`, 'the attributes belong to another version')
      },
    },
    {
      id: 'D.29',
      name: 'a body whose chunks are given away is stored completely',
      async run(context) {
        const whole = bytes(1_500_000)
        for (const chunkSize of [16_384, 65_536, 1_200_000]) {
          await context.put('file', freeable(whole, chunkSize))
          await context.isWhole('file', whole)
        }
        if (context.capabilities.parts === false) return
        const { partSize, storage, container } = context
        const upload = await storage.startUpload(container, 'parts', { partSize })
        const part = await storage.uploadPart(upload, 1, freeable(whole.subarray(0, partSize), 65_536))
        await storage.completeUpload(upload, [part])
        await context.isWhole('parts', whole.subarray(0, part.size))
      },
    },
    ...failedBodies,
  ],
}
