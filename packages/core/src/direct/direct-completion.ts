/**
 * Completes a direct upload: an upload whose parts clients sent to the service. This is the only
 * way in which such bytes become a file, so everything that is required of them is checked here.
 *
 * 1. The parts are listed. What a client says about them counts only where it agrees with the list.
 * 2. Numbers, sizes and sum are compared with the upload.
 * 3. The upload is completed with the tags in the list, under its conditions. A part that a client
 *    replaces in the meantime has another tag, and is checked again.
 *
 * A completion that is repeated returns the same file.
 */

import { StorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import type { UploadedPart } from '../contract/provider.js'
import type { UploadGuard } from '../policy/upload-guard.js'
import { tooLarge } from '../resumable/appending.js'
import type { ResumableUpload } from '../resumable/resumable-upload.js'
import type { UploadStore } from '../resumable/upload-store.js'
import type { DirectPartClaim } from '../service/options.js'
import { totalSize } from '../upload/stored-size.js'
import { hiddenContent, hiddenParts } from './hidden-parts.js'

export interface DirectCompletion {
  /** The parts that the client sent, if it says so. Required if the upload has no size. */
  readonly claims: readonly DirectPartClaim[] | undefined
  /** Whether parts are joined by their numbers. Otherwise all but the last must be full. */
  readonly joinsByNumber: boolean
  readonly signal: AbortSignal
  /** The policy of the upload, if it has one. */
  readonly guard: UploadGuard | undefined
}

export async function completeDirectUpload(
  store: UploadStore,
  upload: ResumableUpload,
  { claims, joinsByNumber, signal, guard }: DirectCompletion,
): Promise<WrittenFile> {
  if (upload.write !== undefined && guard !== undefined) {
    const found = await store.finishedFile(upload, signal)
    if (found !== undefined) return found
    const parts = upload.size === 0 ? [] : checkedParts(upload, await hiddenParts(store, upload, signal), claims, true)
    const put = (size: number) => guard.store(hiddenContent(store, upload, parts, signal), size)
    return store.finishHidden(upload, totalSize(parts), put, signal)
  }
  const found = await store.parts(upload, signal)
  if ('file' in found) return found.file
  const parts =
    upload.size === 0 ? await emptyPart(store, upload, signal) : checkedParts(upload, found, claims, joinsByNumber)
  const file = await store.finish(upload, parts, totalSize(parts), signal)
  await guard?.settle(file)
  return file
}

/** An empty file has no part that a client could send. */
async function emptyPart(store: UploadStore, upload: ResumableUpload, signal: AbortSignal): Promise<UploadedPart[]> {
  const { part } = await store.uploadPart(upload, 1, Buffer.alloc(0), signal)
  return [part]
}

/** Returns the parts of the file. Throws `INVALID_PART` or `TOO_LARGE`. */
function checkedParts(
  upload: ResumableUpload,
  found: readonly UploadedPart[],
  claims: readonly DirectPartClaim[] | undefined,
  joinsByNumber: boolean,
): UploadedPart[] {
  const { size, partSize, maxSize } = upload
  const count = size === undefined ? (claims?.length ?? 0) : Math.ceil(size / partSize)
  if (count === 0 || (claims !== undefined && claims.length !== count)) {
    throw invalidPart(`the upload needs ${count || 'at least one'} part${count > 1 ? 's' : ''}`)
  }
  const stored = new Map(found.map((part) => [part.partNumber, part]))
  const parts = Array.from({ length: count }, (_, index) => {
    const partNumber = index + 1
    const part = stored.get(partNumber)
    if (part === undefined) throw invalidPart(`part ${partNumber} is missing`)
    checkClaim(part, claims?.[index])
    return part
  })
  for (const part of parts) {
    const isLast = part.partNumber === count
    const expected = size === undefined ? partSize : directPartSize({ size, partSize }, part.partNumber)
    const fits = size === undefined ? joinsByNumber || (isLast && part.size <= expected) : false
    if (part.size !== expected && !fits) {
      throw invalidPart(`part ${part.partNumber} has ${part.size} bytes, not ${expected}`)
    }
  }
  if (totalSize(parts) > maxSize) throw tooLarge(maxSize)
  return parts
}

function checkClaim({ partNumber, etag }: UploadedPart, claim: DirectPartClaim | undefined): void {
  if (claim === undefined) return
  if (claim.partNumber !== partNumber)
    throw invalidPart(`parts must be in order without gaps: part ${partNumber} is missing`)
  if (etag === undefined || claim.etag === undefined || unquoted(etag) === unquoted(claim.etag)) return
  throw invalidPart(`part ${partNumber} has another ETag`)
}

/** Returns the size of a part, in bytes. */
export const directPartSize = (
  { size, partSize }: { readonly size: number; readonly partSize: number },
  partNumber: number,
): number => Math.min(partSize, size - (partNumber - 1) * partSize)

const unquoted = (etag: string) => etag.replace(/^"|"$/g, '')

const invalidPart = (message: string) => new StorageError('INVALID_PART', message)
