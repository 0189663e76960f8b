/**
 * G. Large files: parts that fail, and parts that are sent again.
 */
import assert from 'node:assert/strict'
import type { ConformanceCase } from '../../run/case.js'
import { blocks, bytes, failingAfter, stallingAfter } from '../../tools/content.js'
import { rejects } from '../../tools/expectations.js'
import { listed, send, sliceOf } from './parts.js'

const mebibyte = 1024 * 1024

/** Bytes: more than a provider holds in memory before it stores something. */
const bodySize = 24 * mebibyte

export const failedParts: readonly ConformanceCase[] = [
  {
    id: 'G.28',
    name: 'parts of 24 MiB that fail, are aborted or are sent again leave nothing',
    needs: ({ parts }) =>
      parts === false
        ? 'capabilities.parts is false'
        : parts.maxPartSize < bodySize
          ? `capabilities.parts.maxPartSize is ${parts.maxPartSize}`
          : undefined,
    async run(context) {
      const { storage, container } = context
      const upload = await storage.startUpload(container, 'file', { partSize: bodySize })
      const content = Buffer.concat([...blocks(bodySize + 1000, mebibyte)])
      const first = await storage.uploadPart(upload, 1, bytes(2000))
      const failing = failingAfter(blocks(bodySize - mebibyte, mebibyte), new Error('the disk of the sender failed'))
      await rejects(storage.uploadPart(upload, 1, failing), 'SOURCE_FAILED')
      const controller = new AbortController()
      const stalling = stallingAfter([...blocks(bodySize - mebibyte, mebibyte)], () => controller.abort())
      await rejects(storage.uploadPart(upload, 1, stalling, { signal: controller.signal }), 'ABORTED')
      assert.deepEqual(await listed(context, upload), [first])
      await context.nothingLeft()
      await storage.uploadPart(upload, 1, sliceOf(content, bodySize, 1).toReversed())
      const parts = await send(context, upload, content, [1, 2])
      await context.nothingLeft()
      await storage.completeUpload(upload, parts)
      await context.isWhole('file', content)
      await context.nothingLeft()
      await storage.removeFile(container, 'file')
      await context.nothingLeft()
    },
  },
]
