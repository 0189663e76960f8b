/**
 * Multipart uploads.
 *
 * Azure has neither upload ids nor aborts. Blocks are sent to the blob's own name, and every write
 * to that name discards all blocks that are not part of the write. Two uploads of one file would
 * destroy each other, and an abandoned upload could not be cleared without touching the file.
 *
 * Every upload therefore has two separate blobs, which no list shows, named by its random id:
 * - `uploads/<id>`: the file's name in its metadata, and the attributes given at the start as its
 *   content. The upload exists as long as this blob does.
 * - `parts/<id>`: the parts, as blocks. A block's id is the part's number, the time at which it was
 *   sent and a random number. A part that is sent again therefore has another tag, and the latest
 *   one is known.
 *
 * Completion commits the parts with the file's attributes. The service then copies them into the
 * file (`copier.ts`), which becomes visible complete and subject to its conditions. Both blobs are
 * then deleted. Aborting deletes only them.
 */
import { hash, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { BlockBlobGetBlockListResponse } from '@azure/storage-blob'
import {
  type CallOptions,
  type CompleteUploadCallOptions,
  compareNames,
  decodePosition,
  defined,
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
  type WriteConditions,
  type WrittenFile,
} from '@stowage/core/provider'
import * as v from 'valibot'
import type { Account } from './client/account.js'
import { checkConditionsEarly, copyMatchingBlob } from './copier.js'
import { request } from './mapping/errors.js'
import { bookkeepingPrefix } from './mapping/names.js'
import { versionOptions } from './writer.js'

/** Milliseconds that the deletion of an upload's blobs may take after its file is visible. */
const cleanUpTime = 30_000

const uploadBlob = (id: string) => `${bookkeepingPrefix}uploads/${id}`
export const partsBlob = (id: string) => `${bookkeepingPrefix}parts/${id}`

/** The content of the upload's blob. */
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
  // Fails now if Azure would reject the options at completion.
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
  if (!(body instanceof Uint8Array)) throw new StorageError('LENGTH_REQUIRED', 'Azure requires a body of known length')
  const { container, id } = upload
  const tag = newTag()
  const stop = new AbortController()
  const abortSignal = AbortSignal.any([signal, stop.signal])
  const staged = request({ container }, () =>
    account.blob(container, partsBlob(id)).stageBlock(blockId(partNumber, tag), body, body.length, { abortSignal }),
  )
  // Concurrently: a part takes long to send, and an upload that no longer exists is rare.
  const checked = checkUploadExists(account, upload, signal)
  const results = await Promise.allSettled([
    staged,
    checked.catch((error: unknown) => {
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
  const [parts] = await Promise.all([sentParts(account, upload, signal), checkUploadExists(account, upload, signal)])
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
  await checkConditionsEarly(account, upload, { conditions, signal })
  const ids = parts.map(({ partNumber, tag }) => blockId(partNumber, tag))
  const blob = account.blob(container, partsBlob(id))
  // Tier and tags apply to the file only: archived parts could not be read.
  const { blobHTTPHeaders, metadata } = versionOptions({ ...state, conditions })
  const { etag } = await request({ container }, () =>
    blob.commitBlockList(ids, {
      abortSignal: signal,
      ...defined({ blobHTTPHeaders, metadata }),
    }),
  )
  if (etag === undefined) throw new StorageError('BAD_RESPONSE', 'the response to a write has no ETag')
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  if (parts.some(({ tag }) => isDirectTag(tag))) await checkCommittedSize(account, upload, { size, etag, signal })
  const written = await copyMatchingBlob(
    account,
    { container, blob: blob.name, size, etag },
    { container, file },
    { ...state, conditions },
    signal,
  ).catch((error: unknown) => {
    throw completedConcurrently(upload, conditions, error) ?? error
  })
  // The file is stored. If the upload's blobs are not deleted, the call succeeds, and `listUploads`
  // still returns them.
  await removeBlobs(account, upload, AbortSignal.timeout(cleanUpTime)).catch(() => undefined)
  return written
}

/**
 * Fails with `INVALID_PART` if a client has replaced a block by one of the same id and another
 * size, after the blocks were listed. Committed blocks can no longer be replaced.
 */
async function checkCommittedSize(
  account: Account,
  { container, file, id }: PartUploadReference,
  { size, etag, signal }: { readonly size: number; readonly etag: string; readonly signal: AbortSignal },
): Promise<void> {
  const blob = account.blob(container, partsBlob(id))
  const { contentLength } = await request({ container, file }, () =>
    blob.getProperties({ abortSignal: signal, conditions: { ifMatch: etag } }),
  ).catch((error: unknown) => {
    // The conditions of the upload are not those of this request.
    throw completedConcurrently({ container, file, id }, {}, error) ?? error
  })
  if (contentLength === size) return
  throw new StorageError('INVALID_PART', `the parts have ${contentLength} bytes, not ${size}`)
}

/**
 * Returns the error for a completion during which another request completed the upload: the parts
 * are gone, or were committed once more. `undefined` for every other error.
 */
function completedConcurrently(
  { container, file }: PartUploadReference,
  { ifMatch, ifNoneMatch }: WriteConditions,
  error: unknown,
): StorageError | undefined {
  if (isStorageError(error, 'FILE_NOT_FOUND')) return uploadNotFound(container, file, error)
  const isConditional = ifMatch !== undefined || ifNoneMatch !== undefined
  if (isConditional || !isStorageError(error, 'PRECONDITION_FAILED')) return undefined
  return new StorageError('UNAVAILABLE', 'another request is completing the upload', { cause: error })
}

export async function abortUpload(
  account: Account,
  upload: PartUploadReference,
  { signal }: CallOptions,
): Promise<void> {
  if (!isIdOf(upload)) return
  const { container, id } = upload
  // Also for an upload that no longer exists: clients may have sent blocks after its completion.
  // Uncommitted blocks cannot be deleted. The service discards them when the blob is written.
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
    .byPage(defined({ maxPageSize: limit, continuationToken }))
  const { value, done } = await request({ container }, () => pages.next())
  // The SDK parses a response that is not a list as an empty list.
  if (done === true || value.containerName !== container) {
    throw new StorageError('BAD_RESPONSE', 'the response is not a list of the container')
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

/**
 * Deletes the parts first: as long as the upload's blob exists, the upload is listed and can be
 * aborted.
 */
async function removeBlobs(
  account: Account,
  { container, id }: PartUploadReference,
  abortSignal: AbortSignal,
): Promise<void> {
  await request({ container }, () => account.blob(container, partsBlob(id)).deleteIfExists({ abortSignal }))
  await request({ container }, () => account.blob(container, uploadBlob(id)).deleteIfExists({ abortSignal }))
}

/** Fails with `UPLOAD_NOT_FOUND` if the upload does not exist. */
async function checkUploadExists(account: Account, upload: PartUploadReference, signal: AbortSignal): Promise<void> {
  const { container, id } = upload
  await requestUpload(upload, () => account.blob(container, uploadBlob(id)).getProperties({ abortSignal: signal }))
}

async function readState(account: Account, upload: PartUploadReference, signal: AbortSignal): Promise<UploadState> {
  const { container, id } = upload
  const content = await requestUpload(upload, async () => {
    const blob = account.blob(container, uploadBlob(id))
    const response = await blob.download(0, undefined, { abortSignal: signal, maxRetryRequests: 0 })
    return text(response.readableStreamBody as Readable)
  })
  const state = v.safeParse(v.pipe(v.string(), v.parseJson(), uploadState), content)
  if (!state.success) throw new StorageError('BAD_RESPONSE', 'the blob that describes the upload is invalid')
  return state.output as UploadState
}

/** Sends a request about the upload's blob. If the blob is missing, the upload does not exist. */
async function requestUpload<T>({ container, file }: PartUploadReference, send: () => Promise<T>): Promise<T> {
  try {
    return await request({ container, file }, send)
  } catch (error) {
    if (isStorageError(error, 'FILE_NOT_FOUND')) throw uploadNotFound(container, file, error.cause)
    throw error
  }
}

/** Returns the parts by their numbers, in order. Of several with one number, the latest. */
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
  const blocks = [...committedBlocks, ...uncommittedBlocks].flatMap(({ name, size }) => {
    const part = partOfBlock(name)
    return part === undefined ? [] : [{ ...part, size }]
  })
  // By number, then by time.
  for (const part of blocks.toSorted((a, b) => a.partNumber - b.partNumber || compareNames(a.tag, b.tag))) {
    parts.set(part.partNumber, part)
  }
  return parts
}

/** Makes a tag. Tags sort by time. */
const newTag = () => Date.now().toString(36).padStart(9, '0') + randomBytes(8).toString('hex')

/**
 * Makes the tag of a part that a client sends. It is in the part's URL, so a client can send other
 * bytes with the same tag.
 */
export const newDirectTag = () => `${newTag().slice(0, -1)}x`

const isDirectTag = (tag: string) => tag.endsWith('x')

/** Makes a block's id. Azure requires Base64, and the same length for all ids of a blob. */
export const blockId = (partNumber: number, tag: string) =>
  Buffer.from(String(partNumber).padStart(5, '0') + tag).toString('base64')

/** Returns the part of a block, or `undefined` if a client has chosen another id. */
function partOfBlock(id: string): { readonly partNumber: number; readonly tag: string } | undefined {
  const [, partNumber, tag] = /^(\d{5})([0-9a-z]{25})$/.exec(Buffer.from(id, 'base64').toString()) ?? []
  return tag === undefined ? undefined : { partNumber: Number(partNumber), tag }
}

/**
 * Makes an upload's id. It contains a digest of the file's name, so that an id of another file is
 * rejected without a request.
 */
const newId = (location: FileLocation) => randomBytes(16).toString('hex') + locationDigest(location)

const locationDigest = ({ container, file }: FileLocation) => hash('sha256', `${container}/${file}`).slice(0, 16)

const isIdOf = (upload: PartUploadReference) =>
  /^[0-9a-f]{48}$/.test(upload.id) && upload.id.endsWith(locationDigest(upload))

export function checkId(upload: PartUploadReference): void {
  if (!isIdOf(upload)) throw uploadNotFound(upload.container, upload.file)
}
