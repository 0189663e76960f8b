/**
 * Part uploads.
 *
 * Azure has no upload's id, and no abort: blocks are sent to the blob's own name, and whoever writes that name, in whichever
 * way, throws away all blocks that were sent to it and are not part of what is written. Two uploads of one file would destroy
 * each other, and an upload that is given up could not be cleared away without touching the file.
 *
 * So every upload has two blobs of its own, which no list shows, named by its random id:
 * - `uploads/<id>`: what the upload is of, in its metadata, and the attributes given at the start, as its content. The upload
 *   exists as long as this blob does.
 * - `parts/<id>`: the parts, as blocks. A block's id is the part's number, the time when it was sent and a random number, so
 *   that a part that is sent again has another tag, and the last one can be told.
 *
 * Completing commits the parts with the file's attributes, and the service takes them over into the file (`copier.ts`), which appears whole, under its
 * conditions. Both blobs are removed then. Aborting removes them, and nothing else.
 */
import { hash, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { BlockBlobGetBlockListResponse } from '@azure/storage-blob'
import {
  type CallOptions,
  type CompleteUploadCallOptions,
  decodePosition,
  encodePosition,
  type FileLocation,
  isName,
  isStorageError,
  type ListCallOptions,
  type PartPage,
  type PartUpload,
  type PartUploadReference,
  type ProviderBody,
  type StartUploadCallOptions,
  StorageError,
  type UnfinishedUpload,
  type UploadedPart,
  type UploadPage,
  type UploadPartCallOptions,
  uploadNotFound,
  type WriteCallOptions,
  type WrittenFile,
} from '@stowage/core/provider'
import * as v from 'valibot'
import type { Account } from './account.js'
import { checkEarly, takeOverAlike } from './copier.js'
import { request } from './errors.js'
import { bookkeepingPrefix } from './names.js'
import { versionOptions } from './writer.js'

/** Milliseconds that the removal of an upload's blobs may take after its file has appeared. */
const cleanUpTime = 30_000

const uploadBlob = (id: string) => `${bookkeepingPrefix}uploads/${id}`
const partsBlob = (id: string) => `${bookkeepingPrefix}parts/${id}`

/** What the upload's blob holds. */
const uploadState = v.object({
  attributes: v.looseObject({ contentType: v.string(), metadata: v.record(v.string(), v.string()) }),
  checksums: v.object({ md5: v.optional(v.string()) }),
  native: v.record(v.string(), v.unknown()),
})

type UploadState = Pick<WriteCallOptions, 'attributes' | 'checksums' | 'native'>

/** The keys in the metadata of the upload's blob. */
const fileKey = 'stowage_file'
const partSizeKey = 'stowage_part_size'

export async function startUpload(
  account: Account,
  container: string,
  file: string,
  { attributes, checksums, native, partSize, signal }: StartUploadCallOptions,
): Promise<PartUpload> {
  const state: UploadState = { attributes, checksums, native }
  // What Azure would refuse at the end is refused now.
  versionOptions({ ...state, conditions: {} })
  const id = newId({ container, file })
  const content = Buffer.from(JSON.stringify(state))
  await request({ container }, () =>
    account.blob(container, uploadBlob(id)).upload(content, content.length, {
      abortSignal: signal,
      blobHTTPHeaders: { blobContentType: 'application/json' },
      metadata: { [fileKey]: Buffer.from(file).toString('base64url'), [partSizeKey]: String(partSize) },
    }),
  )
  return { container, file, id, partSize }
}

export async function uploadPart(
  account: Account,
  upload: PartUpload,
  body: ProviderBody,
  { partNumber, signal }: UploadPartCallOptions,
): Promise<UploadedPart> {
  checkId(upload)
  if (!(body instanceof Uint8Array)) throw new StorageError('LENGTH_REQUIRED', 'Azure takes bodies of known length')
  const { container, id } = upload
  const tag = newTag()
  const stop = new AbortController()
  const abortSignal = AbortSignal.any([signal, stop.signal])
  const staged = request({ container }, () =>
    account.blob(container, partsBlob(id)).stageBlock(blockId(partNumber, tag), body, body.length, { abortSignal }),
  )
  // At the same time: a part's way is long, and an upload that is gone is rare.
  const known = checkKnown(account, upload, signal)
  const results = await Promise.allSettled([
    staged,
    known.catch((error: unknown) => {
      stop.abort()
      throw error
    }),
  ])
  for (const result of results.toReversed()) if (result.status === 'rejected') throw result.reason
  return { partNumber, size: body.length, tag }
}

const isPartNumber = (value: unknown): value is number => Number.isSafeInteger(value)

export async function listParts(
  account: Account,
  upload: PartUploadReference,
  { limit, next, signal }: ListCallOptions,
): Promise<PartPage> {
  checkId(upload)
  const after = decodePosition(next, isPartNumber) ?? 0
  const [parts] = await Promise.all([sentParts(account, upload, signal), checkKnown(account, upload, signal)])
  const rest = [...parts.values()].filter(({ partNumber }) => partNumber > after)
  const entries = rest.slice(0, limit)
  const last = entries.at(-1)
  return rest.length > limit && last !== undefined ? { entries, next: encodePosition(last.partNumber) } : { entries }
}

export async function completeUpload(
  account: Account,
  upload: PartUpload,
  { parts, conditions, signal }: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  checkId(upload)
  const { container, file, id } = upload
  const [state, sent] = await Promise.all([readState(account, upload, signal), sentParts(account, upload, signal)])
  for (const { partNumber, tag, size } of parts) {
    const found = sent.get(partNumber)
    if (found === undefined) throw new StorageError('INVALID_PART', `part ${partNumber} was not sent`)
    if (found.tag !== tag) throw new StorageError('INVALID_PART', `part ${partNumber} has another tag`)
    if (found.size !== size)
      throw new StorageError('INVALID_PART', `part ${partNumber} has ${found.size} bytes, not ${size}`)
  }
  await checkEarly(account, upload, { conditions, signal })
  const ids = parts.map(({ partNumber, tag }) => blockId(partNumber, tag))
  const blob = account.blob(container, partsBlob(id))
  // Tier and tags are the file's alone: in an archive the parts could not be read.
  const { blobHTTPHeaders, metadata } = versionOptions({ ...state, conditions })
  const { etag } = await request({ container }, () =>
    blob.commitBlockList(ids, {
      abortSignal: signal,
      ...(blobHTTPHeaders === undefined ? {} : { blobHTTPHeaders }),
      ...(metadata === undefined ? {} : { metadata }),
    }),
  )
  if (etag === undefined) throw new StorageError('BAD_RESPONSE', 'the answer to a write has no ETag')
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const written = await takeOverAlike(
    account,
    { container, blob: blob.name, size, etag },
    { container, file },
    { ...state, conditions },
    signal,
  )
  // The file is there: that its upload's blobs could not be removed is no failure, and `listUploads` goes on to show them.
  await removeBlobs(account, upload, AbortSignal.timeout(cleanUpTime)).catch(() => undefined)
  return written
}

export async function abortUpload(
  account: Account,
  upload: PartUploadReference,
  { signal }: CallOptions,
): Promise<void> {
  if (!isIdOf(upload)) return
  try {
    await checkKnown(account, upload, signal)
  } catch (error) {
    if (isStorageError(error, 'UPLOAD_NOT_FOUND')) return
    throw error
  }
  const { container, id } = upload
  // Blocks that are part of nothing cannot be deleted; the service throws them away when the blob is written.
  await request({ container }, () => account.blob(container, partsBlob(id)).upload('', 0, { abortSignal: signal }))
  await removeBlobs(account, upload, signal)
}

export async function listUploads(
  account: Account,
  container: string,
  { limit, next, prefix, signal }: ListCallOptions & { readonly prefix: string },
): Promise<UploadPage> {
  const continuationToken = decodePosition(next, isName)
  const pages = account
    .container(container)
    .listBlobsFlat({ abortSignal: signal, prefix: uploadBlob(''), includeMetadata: true })
    .byPage({ maxPageSize: limit, ...(continuationToken === undefined ? {} : { continuationToken }) })
  const { value, done } = await request({ container }, () => pages.next())
  // What is no list at all, the SDK takes for an empty one.
  if (done === true || value.containerName !== container) {
    throw new StorageError('BAD_RESPONSE', 'the answer is no list of the container')
  }
  const entries: UnfinishedUpload[] = []
  for (const { name, metadata, properties } of value.segment.blobItems) {
    const file = Buffer.from(metadata?.[fileKey] ?? '', 'base64url').toString()
    const partSize = Number(metadata?.[partSizeKey])
    if (!file.startsWith(prefix) || file === '' || !Number.isSafeInteger(partSize)) continue
    entries.push({ container, file, id: name.slice(uploadBlob('').length), partSize, started: properties.lastModified })
  }
  return value.continuationToken ? { entries, next: encodePosition(value.continuationToken) } : { entries }
}

/** First the parts: as long as the upload's blob is there, it is known what is to be removed. */
async function removeBlobs(
  account: Account,
  { container, id }: PartUploadReference,
  abortSignal: AbortSignal,
): Promise<void> {
  await request({ container }, () => account.blob(container, partsBlob(id)).deleteIfExists({ abortSignal }))
  await request({ container }, () => account.blob(container, uploadBlob(id)).deleteIfExists({ abortSignal }))
}

/** `UPLOAD_NOT_FOUND`. */
async function checkKnown(account: Account, upload: PartUploadReference, signal: AbortSignal): Promise<void> {
  const { container, id } = upload
  await ofUpload(upload, () => account.blob(container, uploadBlob(id)).getProperties({ abortSignal: signal }))
}

async function readState(account: Account, upload: PartUploadReference, signal: AbortSignal): Promise<UploadState> {
  const { container, id } = upload
  const content = await ofUpload(upload, async () => {
    const blob = account.blob(container, uploadBlob(id))
    const answer = await blob.download(0, undefined, { abortSignal: signal, maxRetryRequests: 0 })
    return text(answer.readableStreamBody as Readable)
  })
  const state = v.safeParse(v.pipe(v.string(), v.parseJson(), uploadState), content)
  if (!state.success) throw new StorageError('BAD_RESPONSE', 'the blob that describes the upload has been changed')
  return state.output as UploadState
}

/** A request about the upload's blob, without which there is no upload. */
async function ofUpload<T>({ container, file }: PartUploadReference, send: () => Promise<T>): Promise<T> {
  try {
    return await request({ container, file }, send)
  } catch (error) {
    if (isStorageError(error, 'FILE_NOT_FOUND')) throw uploadNotFound(container, file, error.cause)
    throw error
  }
}

/** The parts by their numbers, in order; of those with one number the last that was sent. */
async function sentParts(
  account: Account,
  { container, file, id }: PartUploadReference,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, UploadedPart>> {
  const blob = account.blob(container, partsBlob(id))
  const { committedBlocks = [], uncommittedBlocks = [] }: Partial<BlockBlobGetBlockListResponse> = await request(
    { container, file },
    () => blob.getBlockList('all', { abortSignal: signal }),
  ).catch((error: unknown) => {
    // Nothing was sent yet.
    if (isStorageError(error, 'FILE_NOT_FOUND')) return {}
    throw error
  })
  const parts = new Map<number, UploadedPart>()
  const blocks = [...committedBlocks, ...uncommittedBlocks].map(({ name, size }) => ({ ...partOfBlock(name), size }))
  // By number, then by time.
  for (const part of blocks.toSorted((a, b) => a.partNumber - b.partNumber || (a.tag < b.tag ? -1 : 1))) {
    parts.set(part.partNumber, part)
  }
  return parts
}

/** Sorts by time. */
const newTag = () => Date.now().toString(36).padStart(9, '0') + randomBytes(8).toString('hex')

/** Azure wants Base64, and the same length for all of a blob's ids. */
const blockId = (partNumber: number, tag: string) =>
  Buffer.from(String(partNumber).padStart(5, '0') + tag).toString('base64')

function partOfBlock(id: string): { readonly partNumber: number; readonly tag: string } {
  const text = Buffer.from(id, 'base64').toString()
  return { partNumber: Number(text.slice(0, 5)), tag: text.slice(5) }
}

/** Tells itself which file it is for, so that an upload under another name is unknown without a request. */
const newId = (place: FileLocation) => randomBytes(16).toString('hex') + placeDigest(place)

const placeDigest = ({ container, file }: FileLocation) => hash('sha256', `${container}/${file}`).slice(0, 16)

const isIdOf = (upload: PartUploadReference) =>
  /^[0-9a-f]{48}$/.test(upload.id) && upload.id.endsWith(placeDigest(upload))

function checkId(upload: PartUploadReference): void {
  if (!isIdOf(upload)) throw uploadNotFound(upload.container, upload.file)
}
