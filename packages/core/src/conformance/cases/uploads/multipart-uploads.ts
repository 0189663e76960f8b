/**
 * G. Large files: multipart uploads, which any process can continue.
 */

import assert from 'node:assert/strict'
import { withUploads } from '../../../checks/provider.js'
import type { PartUpload, UploadedPart } from '../../../provider.js'
import { all, type ConformanceCase, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes, hex, pieces, stallingAfter } from '../../tools/content.js'
import { agrees, eachRejects, isCode, rejects } from '../../tools/expectations.js'
import { allAttributes } from '../writing/attributes.js'
import { failedParts } from './failed-parts.js'
import { listed, send, sliceOf, start } from './parts.js'
import { unfinishedUploads } from './unfinished-uploads.js'

/** Without multipart uploads, each of their calls is rejected before any I/O. */
async function rejection(context: CaseContext): Promise<void> {
  const { container } = context
  const faulty = context.faulty()
  const storage = context.over(faulty)
  const upload: PartUpload = { container, file: 'file', id: 'id', partSize: 1000 }
  const operations = {
    startUpload: () => storage.startUpload(container, 'file'),
    uploadPart: () => storage.uploadPart(upload, 1, bytes(10)),
    parts: () => Array.fromAsync(storage.parts(upload)),
    completeUpload: () => storage.completeUpload(upload, [{ partNumber: 1, size: 10, tag: 'a' }]),
    abortUpload: () => storage.abortUpload(upload),
    uploads: () => Array.fromAsync(storage.uploads(container)),
    purgeUploads: () => storage.purgeUploads(container),
  }
  await eachRejects(operations, 'NOT_SUPPORTED', ({ details }) => assert.equal(details.capability, 'parts'))
  assert.deepEqual(faulty.calls, [])
}

export const partUploads: readonly ConformanceCase[] = [
  {
    id: 'G.11',
    name: 'parts in any order',
    needs: needs.parts,
    rejection,
    async run(context) {
      const content = bytes(4 * context.partSize + 77)
      const upload = await start(context)
      const parts = await send(context, upload, content, [5, 2, 4, 1, 3])
      const written = await context.storage.completeUpload(upload, parts)
      assert.equal(written.size, content.length)
      agrees(written, await context.storage.getFile(context.container, 'file'))
      await context.isWhole('file', content)
    },
  },
  {
    id: 'G.12',
    name: 'concurrent parts from two handles',
    needs: needs.parts,
    async run(context) {
      const { storage, secondStorage, partSize } = context
      const content = bytes(6 * partSize)
      const upload = await start(context)
      const parts = await Promise.all(
        [1, 2, 3, 4, 5, 6].map((partNumber) =>
          (partNumber % 2 === 0 ? storage : secondStorage).uploadPart(
            upload,
            partNumber,
            pieces(sliceOf(content, partSize, partNumber), 10_000),
          ),
        ),
      )
      await secondStorage.completeUpload(upload, parts)
      await context.isWhole('file', content)
    },
  },
  {
    id: 'G.13',
    name: 'a part that is sent again replaces the previous one',
    needs: needs.parts,
    async run(context) {
      const { storage, partSize } = context
      const content = bytes(2 * partSize + 5)
      const upload = await start(context)
      const before = await storage.uploadPart(upload, 2, bytes(partSize, 99))
      await storage.uploadPart(upload, 3, bytes(partSize, 98))
      const parts = await send(context, upload, content, [1, 2, 3])
      const seen = await listed(context, upload)
      assert.deepEqual(seen, parts, 'the list of parts')
      const [first, , third] = parts as [UploadedPart, UploadedPart, UploadedPart]
      await rejects(storage.completeUpload(upload, [first, before, third]), 'INVALID_PART')
      await context.isAbsent('file')
      await storage.completeUpload(upload, parts)
      await context.isWhole('file', content)
    },
  },
  {
    id: 'G.14',
    name: 'a missing part is rejected, and the upload can continue',
    needs: needs.parts,
    async run(context) {
      const { storage, provider, partSize, call } = context
      const content = bytes(3 * partSize)
      const upload = await start(context)
      const [first, third] = (await send(context, upload, content, [1, 3])) as [UploadedPart, UploadedPart]
      await rejects(storage.completeUpload(upload, [first, third]), 'INVALID_PART', 'INVALID_ARGUMENT')
      const never = { partNumber: 2, size: partSize, tag: first.tag }
      await rejects(
        withUploads(provider).completeUpload(upload, { ...call, parts: [first, never, third], conditions: {} }),
        'INVALID_PART',
      )
      await context.isAbsent('file')
      const [second] = (await send(context, upload, content, [2])) as [UploadedPart]
      await storage.completeUpload(upload, [first, second, third])
      await context.isWhole('file', content)
    },
  },
  {
    id: 'G.15',
    name: 'a wrong tag is rejected, and the upload can continue',
    needs: needs.parts,
    async run(context) {
      const { storage, partSize } = context
      const content = bytes(2 * partSize)
      const upload = await start(context)
      const parts = await send(context, upload, content, [1, 2])
      const [first, second] = parts as [UploadedPart, UploadedPart]
      const swapped = [
        { ...first, tag: second.tag },
        { ...second, tag: first.tag },
      ]
      for (const wrong of [swapped, [first, { ...second, tag: 'nonsense' }]]) {
        await rejects(storage.completeUpload(upload, wrong), 'INVALID_PART')
      }
      await context.isAbsent('file')
      await storage.completeUpload(upload, parts)
      await context.isWhole('file', content)
    },
  },
  {
    id: 'G.16',
    name: 'zero parts, repeated parts and parts of a wrong size are rejected before any I/O',
    needs: needs.parts,
    async run(context) {
      const { partSize } = context
      const upload = await start(context)
      const [first, second] = await send(context, upload, bytes(partSize + 1), [1, 2])
      const faulty = context.faulty()
      const storage = context.over(faulty)
      const wrong = [
        [],
        [first, first],
        [second, first],
        [second],
        [
          { ...second, partNumber: 1 },
          { ...first, partNumber: 2 },
        ],
        [{ ...first, partNumber: 0 }],
        [{ ...first, partNumber: 1.5 }],
      ] as UploadedPart[][]
      for (const parts of wrong) {
        await rejects(storage.completeUpload(upload, parts), 'INVALID_PART', 'INVALID_ARGUMENT')
      }
      for (const partNumber of [0, -1, 1.5, 1_000_000, Number.NaN]) {
        await rejects(storage.uploadPart(upload, partNumber, bytes(1)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(faulty.calls, [])
      for (const body of [bytes(partSize + 1), pieces(bytes(partSize + 1), 10_000)]) {
        await rejects(storage.uploadPart(upload, 1, body), 'TOO_LARGE', 'INVALID_PART')
      }
      await rejects(storage.uploadPart(upload, 1, pieces(bytes(10), 3), { size: 11 }), 'SIZE_MISMATCH')
      await rejects(storage.uploadPart(upload, 1, pieces(bytes(10), 3), { size: 9 }), 'SIZE_MISMATCH')
    },
  },
  {
    id: 'G.17',
    name: 'two interleaved uploads of one name: the last completion wins',
    needs: needs.parts,
    async run(context) {
      const { storage, partSize, container } = context
      const one = bytes(3 * partSize, 1)
      const two = bytes(3 * partSize + 7, 2)
      const first = await storage.startUpload(container, 'file', { partSize, contentType: 'image/png' })
      const second = await storage.startUpload(container, 'file', { partSize, contentType: 'text/plain' })
      assert.notEqual(first.id, second.id)
      const ofFirst = await send(context, first, one, [1, 2])
      const ofSecond = await send(context, second, two, [1, 2, 3, 4])
      ofFirst.push(...(await send(context, first, one, [3])))
      await storage.completeUpload(second, ofSecond)
      await context.isWhole('file', two)
      assert.equal((await context.uploads()).length, 1)
      await storage.completeUpload(first, ofFirst)
      await context.isWhole('file', one)
      assert.equal((await storage.getFile(container, 'file')).contentType, 'image/png')
    },
  },
  {
    id: 'G.18',
    name: 'attributes and checksums given at the start apply, also if another process completes the upload',
    needs: needs.parts,
    async run(context) {
      const { storage, secondStorage, container, partSize, capabilities } = context
      const content = bytes(partSize + 10)
      const checksums = { md5: hex('md5', content), sha256: hex('sha256', content) }
      const upload = await storage.startUpload(container, 'file', { partSize, ...allAttributes(context), checksums })
      const parts = await send(context, upload, content, [1, 2])
      // Another process continues with the four values, for example from a database.
      const stored = JSON.parse(JSON.stringify(upload)) as PartUpload
      const written = await secondStorage.completeUpload(stored, JSON.parse(JSON.stringify(parts)) as UploadedPart[])
      const info = await storage.getFile(container, 'file')
      agrees(written, info)
      for (const [name, value] of Object.entries(allAttributes(context))) {
        assert.deepEqual(info[name as keyof typeof info], value, name)
      }
      for (const algorithm of ['md5', 'sha256'] as const) {
        if (capabilities.checksums.includes(algorithm)) assert.equal(info.checksums[algorithm], checksums[algorithm])
      }
      await context.isWhole('file', content)
    },
  },
  {
    id: 'G.19',
    name: 'conditions at the completion',
    needs: all(needs.parts, needs.create, needs.update),
    async run(context) {
      const { storage, container, partSize } = context
      const content = bytes(partSize + 10)
      const { etag } = await context.put('file', bytes(10))
      const upload = await start(context)
      const parts = await send(context, upload, content, [1, 2])
      await rejects(storage.completeUpload(upload, parts, { ifNoneMatch: '*' }), 'PRECONDITION_FAILED')
      await rejects(storage.completeUpload(upload, parts, { ifMatch: '"stale"' }), 'PRECONDITION_FAILED')
      await context.isWhole('file', bytes(10))
      await storage.completeUpload(upload, parts, { ifMatch: etag })
      await context.isWhole('file', content)
      const second = await start(context, 'new')
      const ofSecond = await send(context, second, content, [1, 2])
      await rejects(storage.completeUpload(second, ofSecond, { ifMatch: '*' }), 'PRECONDITION_FAILED')
      await storage.completeUpload(second, ofSecond, { ifNoneMatch: '*' })
      await context.isWhole('new', content)
      assert.equal((await storage.getFiles(container)).length, 2)
    },
  },
  {
    id: 'G.25',
    name: 'a part whose body fails leaves the previous part unchanged',
    needs: needs.parts,
    async run(context) {
      const { storage, partSize } = context
      const content = bytes(partSize)
      const upload = await start(context)
      const parts = await send(context, upload, content, [1])
      const failing = (async function* () {
        yield bytes(1000, 9)
        throw new Error('the sender’s disk failed')
      })()
      await rejects(storage.uploadPart(upload, 1, failing), 'SOURCE_FAILED')
      const controller = new AbortController()
      const stalled = stallingAfter([bytes(1000, 9)], () => controller.abort())
      await rejects(storage.uploadPart(upload, 1, stalled, { signal: controller.signal }), 'ABORTED')
      assert.deepEqual(await listed(context, upload), parts)
      await storage.completeUpload(upload, parts)
      await context.isWhole('file', content)
    },
  },
  {
    id: 'G.26',
    name: 'completing with fewer parts omits the others, or is rejected and the upload can continue',
    needs: needs.parts,
    async run(context) {
      const content = bytes(3 * context.partSize)
      const upload = await start(context)
      const parts = await send(context, upload, content, [1, 2, 3])
      try {
        await context.storage.completeUpload(upload, parts.slice(0, 2))
        await context.isWhole('file', content.subarray(0, 2 * context.partSize))
      } catch (error) {
        isCode(error, 'INVALID_PART')
        await context.isAbsent('file')
        await context.storage.completeUpload(upload, parts)
        await context.isWhole('file', content)
      }
      assert.deepEqual(await context.uploads(), [])
    },
  },
  {
    id: 'G.27',
    name: 'part sizes outside the limits are rejected before any I/O',
    needs: needs.parts,
    async run(context) {
      const { container, capabilities } = context
      if (capabilities.parts === false) return
      const { minPartSize, maxPartSize } = capabilities.parts
      const faulty = context.faulty()
      for (const partSize of [minPartSize - 1, maxPartSize + 1, 0, -1, 1.5, Number.NaN]) {
        await rejects(context.over(faulty).startUpload(container, 'file', { partSize }), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(faulty.calls, [])
      for (const partSize of [minPartSize, maxPartSize]) {
        const upload = await context.storage.startUpload(container, 'file', { partSize })
        assert.equal(upload.partSize, partSize)
        const part = await context.storage.uploadPart(upload, 1, bytes(1))
        await context.storage.completeUpload(upload, [part])
        await context.isWhole('file', bytes(1))
      }
    },
  },
  ...unfinishedUploads,
  ...failedParts,
]
