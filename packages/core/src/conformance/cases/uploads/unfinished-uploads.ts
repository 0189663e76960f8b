/**
 * G. Large files: unfinished and aborted multipart uploads.
 */
import assert from 'node:assert/strict'
import { withUploads } from '../../../checks/provider.js'
import type { PartUpload, PartUploadReference } from '../../../provider.js'
import { type ConformanceCase, needs } from '../../run/case.js'
import { bytes } from '../../tools/content.js'
import { eachRejects, isCode, rejects } from '../../tools/expectations.js'
import { inProviderPages } from '../listing/page-limits.js'
import { listed, send, start } from './parts.js'

export const unfinishedUploads: readonly ConformanceCase[] = [
  {
    id: 'G.20',
    name: 'unfinished uploads are listed, in pages, and purged',
    needs: needs.parts,
    async run(context) {
      const { storage, secondStorage, container } = context
      const files = ['a', 'a', 'b/c', 'b/d', 'e']
      const started = await Promise.all(files.map((file) => start(context, file)))
      const [first] = started as [PartUpload]
      await send(context, first, bytes(10), [1])
      const found = await Array.fromAsync(secondStorage.uploads(container))
      const ids = (uploads: readonly PartUploadReference[]) => uploads.map(({ file, id }) => `${file} ${id}`).toSorted()
      assert.deepEqual(ids(found), ids(started))
      for (const upload of found) {
        if (upload.partSize !== undefined) assert.equal(upload.partSize, context.partSize)
        assert.ok(Math.abs(upload.started.getTime() - Date.now()) < 60 * 60 * 1000)
      }
      for (const pageSize of [1, 2, 4]) {
        const paged = await Array.fromAsync(storage.uploads(container, { pageSize }))
        assert.deepEqual(ids(paged), ids(started), `pages of ${pageSize}`)
      }
      const below = await Array.fromAsync(storage.uploads(container, { prefix: 'b/' }))
      assert.deepEqual(ids(below), ids(started.slice(2, 4)))
      assert.deepEqual(await storage.purgeUploads(container, { startedBefore: new Date(0) }), [])
      assert.deepEqual(ids(await storage.purgeUploads(container, { prefix: 'b/' })), ids(started.slice(2, 4)))
      assert.deepEqual(ids(await context.uploads()), ids([...started.slice(0, 2), ...started.slice(4)]))
      await storage.purgeUploads(container, { startedBefore: new Date(Date.now() + 60 * 60 * 1000) })
      assert.deepEqual(await context.uploads(), [])
      await rejects(storage.uploadPart(first, 2, bytes(10)), 'UPLOAD_NOT_FOUND')
    },
  },
  {
    id: 'G.21',
    name: 'parts are listed in the order of their numbers, in pages',
    needs: needs.parts,
    async run(context) {
      const { storage, secondStorage } = context
      const upload = await start(context)
      assert.deepEqual(await listed(context, upload), [])
      const content = bytes(11 * context.partSize + 1)
      const parts = await send(context, upload, content, [12, 3, 11, 1, 10, 2, 9])
      assert.deepEqual(await Array.fromAsync(secondStorage.parts(upload)), parts)
      for (const pageSize of [1, 3, 7]) {
        assert.deepEqual(await Array.fromAsync(storage.parts(upload, { pageSize })), parts, `pages of ${pageSize}`)
      }
      // A process that found the upload in a list may not know its part size.
      const { container, file, id } = upload
      assert.deepEqual(await Array.fromAsync(storage.parts({ container, file, id })), parts)
      await storage.abortUpload({ container, file, id })
      assert.deepEqual(await context.uploads(), [])
    },
  },
  {
    id: 'G.22',
    name: 'an unfinished upload is not a file, and blocks none',
    needs: needs.parts,
    async run(context) {
      const { storage, container } = context
      const upload = await start(context, 'folder/file')
      await send(context, upload, bytes(10), [1])
      assert.deepEqual(await context.names(), [])
      assert.deepEqual(await context.names({ delimiter: '/' }), [])
      await context.isAbsent('folder/file')
      await context.put('folder/file', bytes(20))
      await context.isWhole('folder/file', bytes(20))
      await storage.removeFile(container, 'folder/file')
      assert.equal((await context.uploads()).length, 1, 'the removal of the file ended the upload')
      await storage.destroyContainer(container, { onlyIfEmpty: true })
      await rejects(storage.getContainer(container), 'CONTAINER_NOT_FOUND')
    },
  },
  {
    id: 'G.23',
    name: 'an aborted upload is gone; aborting it again or after the completion has no effect',
    needs: needs.parts,
    async run(context) {
      const { storage, secondStorage } = context
      const upload = await start(context)
      const parts = await send(context, upload, bytes(10), [1])
      await storage.abortUpload(upload)
      assert.deepEqual(await context.uploads(), [])
      await storage.abortUpload(upload)
      await secondStorage.abortUpload(upload)
      await rejects(storage.uploadPart(upload, 1, bytes(10)), 'UPLOAD_NOT_FOUND')
      await rejects(listed(context, upload), 'UPLOAD_NOT_FOUND')
      await rejects(storage.completeUpload(upload, parts), 'UPLOAD_NOT_FOUND')
      await context.nothingOf('file')
      const second = await start(context)
      const ofSecond = await send(context, second, bytes(10), [1])
      await storage.completeUpload(second, ofSecond)
      await storage.abortUpload(second)
      await context.isWhole('file', bytes(10))
      await rejects(storage.completeUpload(second, ofSecond), 'UPLOAD_NOT_FOUND')
      await rejects(storage.uploadPart(second, 1, bytes(10)), 'UPLOAD_NOT_FOUND')
      await context.isWhole('file', bytes(10))
    },
  },
  {
    id: 'G.29',
    name: 'the bare provider returns at most `limit` parts and unfinished uploads',
    needs: needs.parts,
    async run(context) {
      const { container } = context
      const provider = withUploads(context.provider)
      const upload = await start(context)
      const parts = await send(context, upload, bytes(4 * context.partSize + 1), [1, 2, 3, 4, 5])
      const uploads = [upload, ...(await Promise.all(['a', 'a', 'b'].map((file) => start(context, file))))]
      for (const limit of [1, 2, 3]) {
        const listedParts = await inProviderPages(context, limit, (options) => provider.listParts(upload, options))
        assert.deepEqual(listedParts, parts)
        const found = await inProviderPages(context, limit, (options) =>
          provider.listUploads(container, { ...options, prefix: '' }),
        )
        assert.deepEqual(found.map(({ id }) => id).toSorted(), uploads.map(({ id }) => id).toSorted())
      }
    },
  },
  {
    id: 'G.30',
    name: 'the calls of an upload whose container was destroyed fail with CONTAINER_NOT_FOUND',
    needs: needs.parts,
    async run(context) {
      const { storage, container } = context
      const upload = await start(context)
      const parts = await send(context, upload, bytes(10), [1])
      await storage.destroyContainer(container)
      const operations = {
        uploadPart: () => storage.uploadPart(upload, 2, bytes(10)),
        parts: () => listed(context, upload),
        completeUpload: () => storage.completeUpload(upload, parts),
      }
      await eachRejects(operations, 'CONTAINER_NOT_FOUND')
      // An abort may succeed: nothing is left that it could delete.
      await storage.abortUpload(upload).catch((error: unknown) => isCode(error, 'CONTAINER_NOT_FOUND'))
    },
  },
  {
    id: 'G.24',
    name: 'an unknown upload, or one under another name, fails with UPLOAD_NOT_FOUND',
    needs: needs.parts,
    async run(context) {
      const { storage, container, partSize } = context
      const upload = await start(context)
      const parts = await send(context, upload, bytes(10), [1])
      for (const unknown of [
        { container, file: 'file', id: 'unknown', partSize },
        { container, file: 'file', id: '../../../etc/passwd', partSize },
        { ...upload, file: 'another' },
      ]) {
        await rejects(storage.uploadPart(unknown, 1, bytes(10)), 'UPLOAD_NOT_FOUND')
        await rejects(listed(context, unknown), 'UPLOAD_NOT_FOUND')
        await rejects(storage.completeUpload(unknown, parts), 'UPLOAD_NOT_FOUND')
        await storage.abortUpload(unknown)
      }
      const faulty = context.faulty()
      for (const id of ['', 'a\nb', 'ä', 7, undefined] as string[]) {
        const malformed = { ...upload, id }
        await rejects(context.over(faulty).uploadPart(malformed, 1, bytes(10)), 'INVALID_ARGUMENT')
        await rejects(context.over(faulty).abortUpload(malformed), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(faulty.calls, [])
      await context.isAbsent('another')
      await storage.completeUpload(upload, parts)
      await context.isWhole('file', bytes(10))
    },
  },
]
