/**
 * Sends content in parts, one call per step.
 */
import assert from 'node:assert/strict'
import type { PartUpload, UploadedPart } from '../../../provider.js'
import type { CaseContext } from '../../run/context.js'

/** Returns the bytes of a part. */
export const sliceOf = (content: Uint8Array, partSize: number, partNumber: number) =>
  content.subarray((partNumber - 1) * partSize, partNumber * partSize)

/** Sends these parts of the content, one after the other, in this order. */
export async function send(context: CaseContext, upload: PartUpload, content: Uint8Array, order: readonly number[]) {
  const parts: UploadedPart[] = []
  for (const partNumber of order) {
    const part = await context.storage.uploadPart(upload, partNumber, sliceOf(content, upload.partSize, partNumber))
    assert.equal(part.partNumber, partNumber)
    assert.equal(part.size, sliceOf(content, upload.partSize, partNumber).length)
    parts.push(part)
  }
  return parts.toSorted((a, b) => a.partNumber - b.partNumber)
}

export const start = ({ storage, container, partSize }: CaseContext, file = 'file') =>
  storage.startUpload(container, file, { partSize })

export const listed = ({ storage }: CaseContext, upload: PartUpload) => Array.fromAsync(storage.parts(upload))
