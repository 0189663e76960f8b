/**
 * Multipart uploads: parts are objects in the segments container, and a static large object joins
 * them. `segments/layout.ts` describes the objects.
 */
import { createHash } from 'node:crypto'
import {
  type CallOptions,
  type CompleteUploadCallOptions,
  decodePosition,
  encodePosition,
  type FileLocation,
  inParallel,
  isName,
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
  type WrittenFile,
} from '@stowage/core/provider'
import type { SwiftClient, SwiftResponse } from './client/client.js'
import { deleteObjects } from './client/object-deletion.js'
import { requireContainer } from './containers.js'
import { quoted, type StoredAttributes, toHeaders } from './mapping/attributes.js'
import { checkIfMatch, createOnlyHeaders } from './mapping/conditions.js'
import { responseCause } from './mapping/errors.js'
import { escapeName, objectName, pathOf, segmentsContainer } from './mapping/names.js'
import {
  copiedAttemptId,
  isDirectAttempt,
  type ListedObject,
  listSegments,
  newAttemptId,
  newUploadId,
  parsePartName,
  partName,
  partSizeOf,
  partsPrefix,
  uploadOfCurrentVersion,
} from './segments/layout.js'
import {
  deleteMarker,
  isUnfinished,
  markAborted,
  markersPrefixOf,
  putMarker,
  readMarker,
  readUnfinishedUpload,
  uploadNotFoundError,
} from './segments/markers.js'
import { deleteStaleParts } from './segments/stale-parts.js'
import { bytesOf, checkWriteResponse, putFile, writtenFile } from './writer.js'

/** Milliseconds that the clean-up after a rejected or aborted call may take. */
const cleanUpTime = 30_000
/** Concurrent copies of segments. */
const copyParallelism = 4
/** Milliseconds that Swift may take to check 1,000 segments. */
const completionTimeout = 600_000

export async function startUpload(
  client: SwiftClient,
  container: string,
  file: string,
  { attributes, checksums, partSize, signal }: StartUploadCallOptions,
): Promise<PartUpload> {
  const location = { container, file }
  const id = newUploadId(partSize)
  await requireContainer(client, container, signal)
  await putMarker(client, location, id, { file, attributes, checksums }, signal)
  return { container, file, id, partSize }
}

export async function uploadPart(
  client: SwiftClient,
  upload: PartUpload,
  body: ProviderBody,
  { partNumber, signal }: UploadPartCallOptions,
): Promise<UploadedPart> {
  checkId(upload)
  const content = bytesOf(body)
  const container = segmentsContainer(upload.container)
  const attemptId = newAttemptId()
  const object = partName(upload.file, upload.id, partNumber, attemptId)
  const headers = { 'content-type': 'application/octet-stream' }
  const response = await client.request({
    method: 'PUT',
    container,
    object,
    headers,
    body: content,
    signal,
    commits: true,
    allow: [404],
  })
  if (response.status === 404) throw await uploadNotFoundError(client, upload, signal)
  // Checked after the part was sent: an abort before this point may have missed the part.
  const cleanUp = AbortSignal.timeout(cleanUpTime)
  if (!(await isUnfinished(client, upload, upload.id, cleanUp))) {
    await deleteObjects(client, container, [object], cleanUp)
    throw await uploadNotFoundError(client, upload, cleanUp)
  }
  const etag = response.headers['etag'] ?? createHash('md5').update(content).digest('hex')
  return { partNumber, size: content.length, tag: tagOf(etag, attemptId), etag: quoted(etag) }
}

const tagOf = (etag: string, attemptId: string) => `${etag.replaceAll('"', '')}.${attemptId}`

function parseTag(tag: string): { etag: string; attemptId: string } | undefined {
  const [, etag, attemptId] = /^([0-9a-f]{32})\.([\w-]{8,9})$/.exec(tag) ?? []
  return etag === undefined || attemptId === undefined ? undefined : { etag, attemptId }
}

/** Throws `UPLOAD_NOT_FOUND` if the id is not one of this provider, or has another part size. */
export function checkId(upload: PartUploadReference & { readonly partSize?: number }): void {
  const partSize = partSizeOf(upload.id)
  if (partSize === undefined || partSize !== (upload.partSize ?? partSize)) {
    throw uploadNotFound(upload.container, upload.file)
  }
}

export async function listParts(
  client: SwiftClient,
  upload: PartUploadReference,
  { limit, next, signal }: ListCallOptions,
): Promise<PartPage> {
  checkId(upload)
  if (!(await isUnfinished(client, upload, upload.id, signal))) throw await uploadNotFoundError(client, upload, signal)
  const after = Number(decodePosition(next, isName) ?? 0)
  const sent = [...(await latestAttempts(client, upload, signal))].filter(([partNumber]) => partNumber > after)
  const entries = sent.slice(0, limit).map(([partNumber, { name, bytes, hash }]) => {
    return { partNumber, size: bytes, tag: tagOf(hash, parsePartName(name)?.attemptId ?? ''), etag: quoted(hash) }
  })
  const last = entries.at(-1)?.partNumber
  return sent.length > limit && last !== undefined ? { entries, next: encodePosition(String(last)) } : { entries }
}

/** Returns the latest object of each part, in the order of the part numbers. */
async function latestAttempts(
  client: SwiftClient,
  upload: PartUploadReference,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, ListedObject>> {
  const latest = new Map<number, ListedObject>()
  for (const object of await listSegments(client, upload.container, partsPrefix(upload.file, upload.id), signal)) {
    const number = parsePartName(object.name)?.partNumber
    if (number === undefined) continue
    const previous = latest.get(number)
    if (previous === undefined || previous.last_modified < object.last_modified) latest.set(number, object)
  }
  return latest
}

/**
 * Throws `INVALID_PART` if a part was sent again after the attempt with the given tag. Whether each
 * part exists, Swift itself checks, because a list may be behind.
 */
async function requireLatest(
  client: SwiftClient,
  upload: PartUpload,
  parts: readonly UploadedPart[],
  signal: AbortSignal,
): Promise<void> {
  const latest = await latestAttempts(client, upload, signal)
  for (const { partNumber, tag } of parts) {
    const sent = latest.get(partNumber)
    const attemptId = sent === undefined ? undefined : parsePartName(sent.name)?.attemptId
    if (attemptId !== undefined && attemptId !== parseTag(tag)?.attemptId) {
      throw new StorageError('INVALID_PART', `part ${partNumber} was sent again and has another tag now`)
    }
  }
}

export async function completeUpload(
  client: SwiftClient,
  upload: PartUpload,
  { parts, conditions, signal }: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  checkId(upload)
  const { attributes, checksums } = await readMarker(client, upload, signal)
  await checkIfMatch(client, upload, conditions, signal)
  await requireLatest(client, upload, parts, signal)
  const sent = parts.filter(({ size }) => size > 0)
  const segments = await ownSegments(client, upload, sent, signal)
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  let etag: string
  if (segments.length === 0) {
    // A large object has at least one byte.
    etag = (
      await putFile(client, upload.container, upload.file, Buffer.alloc(0), {
        attributes,
        checksums,
        conditions,
        signal,
      })
    ).etag
  } else {
    const response = await putManifest(
      client,
      upload,
      segments,
      { attributes, checksums, upload: upload.id },
      {
        headers: createOnlyHeaders(conditions),
        signal,
      },
    )
    etag = quoted(response.headers['etag'] ?? largeETag(segments))
  }
  await finishUpload(client, upload, new Set(segments.map(({ path }) => path)))
  return writtenFile(upload, size, etag, { attributes, checksums })
}

/** An entry of a manifest. */
export interface Segment {
  /** The object's name in the segments container. */
  readonly path: string
  readonly etag: string
  readonly size_bytes: number
}

/** Returns the segments of parts, in which those that clients sent are replaced by copies. */
async function ownSegments(
  client: SwiftClient,
  upload: PartUpload,
  parts: readonly UploadedPart[],
  signal: AbortSignal,
): Promise<Segment[]> {
  const segments: Segment[] = []
  await inParallel(
    parts.entries(),
    copyParallelism,
    async ([index, part], stopped) => {
      const segment = segmentOf(upload, part)
      const isDirect = isDirectAttempt(parseTag(part.tag)?.attemptId ?? '')
      segments[index] = isDirect ? await copySegment(client, upload, part, segment, stopped) : segment
    },
    signal,
  )
  return segments
}

async function copySegment(
  client: SwiftClient,
  { container, file, id }: PartUpload,
  { partNumber }: UploadedPart,
  segment: Segment,
  signal: AbortSignal,
): Promise<Segment> {
  const segments = segmentsContainer(container)
  // Concurrent completions make the same copy.
  const path = partName(file, id, partNumber, copiedAttemptId(segment.path, segment.etag))
  const { status } = await client.request({
    method: 'PUT',
    container: segments,
    object: path,
    headers: {
      'content-type': 'application/octet-stream',
      'x-copy-from': pathOf(segments, segment.path),
      'x-fresh-metadata': 'true',
      'if-match': quoted(segment.etag),
    },
    body: Buffer.alloc(0),
    signal,
    commits: true,
    responseTimeout: completionTimeout,
    allow: [404, 412],
  })
  if (status === 404 || status === 412) {
    throw new StorageError('INVALID_PART', `part ${partNumber} was sent again and has another tag now`)
  }
  return { ...segment, path }
}

function segmentOf({ file, id }: PartUpload, { partNumber, size, tag }: UploadedPart): Segment {
  const parsed = parseTag(tag)
  if (parsed === undefined) {
    throw new StorageError('INVALID_PART', `part ${partNumber} has a tag that is not one of this provider`)
  }
  return { path: partName(file, id, partNumber, parsed.attemptId), etag: parsed.etag, size_bytes: size }
}

/**
 * Writes the manifest, which makes the file visible. Swift checks every segment, and stores nothing
 * if one is missing or has another ETag or size.
 */
export async function putManifest(
  client: SwiftClient,
  location: FileLocation,
  segments: readonly Segment[],
  stored: StoredAttributes,
  { headers, signal }: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<SwiftResponse> {
  const segmentsIn = segmentsContainer(location.container)
  const response = await client.request({
    method: 'PUT',
    container: location.container,
    object: objectName(location.file),
    query: { 'multipart-manifest': 'put' },
    headers: { ...toHeaders(stored), ...headers },
    body: JSON.stringify(segments.map((segment) => ({ ...segment, path: `/${segmentsIn}/${segment.path}` }))),
    signal,
    commits: true,
    responseTimeout: completionTimeout,
    allow: [400, 404, 412],
  })
  if (response.status === 400) {
    throw new StorageError('INVALID_PART', 'a part is missing, or has another tag or size', {
      cause: responseCause('PUT', 400, response.headers),
    })
  }
  checkWriteResponse(response, location)
  return response
}

/**
 * Returns a large object's ETag: the MD5 of its segments' ETags (Swift's documentation of static
 * large objects).
 */
const largeETag = (segments: readonly Segment[]) =>
  createHash('md5')
    .update(segments.map(({ etag }) => etag).join(''))
    .digest('hex')

/**
 * Cleans up after a completed upload. Deletes the parts of the previous version first and then the
 * marker, so that an interrupted clean-up leaves a listed upload. Then deletes the parts of
 * concurrent writes of the name.
 */
export async function finishUpload(
  client: SwiftClient,
  upload: PartUpload,
  manifest: ReadonlySet<string>,
): Promise<void> {
  await deleteStaleParts(client, upload, { manifest })
  try {
    await deleteMarker(client, upload, AbortSignal.timeout(cleanUpTime))
  } catch {
    // The file is complete. The upload remains listed until it is purged, which does not affect the
    // file.
    return
  }
  await deleteStaleParts(client, upload, { completed: upload.id, manifest })
}

/** The marker is deleted last, so that an interrupted abort leaves a listed upload. */
export async function abortUpload(
  client: SwiftClient,
  upload: PartUploadReference,
  { signal }: CallOptions,
): Promise<void> {
  if (partSizeOf(upload.id) === undefined) return
  await markAborted(client, upload, upload.id, signal)
  const parts = await listSegments(client, upload.container, partsPrefix(upload.file, upload.id), signal)
  if (parts.length > 0) {
    if ((await uploadOfCurrentVersion(client, upload, signal)) === upload.id) {
      // The file has copies of what clients sent. They may have sent more after the completion.
      const sent = parts.filter(({ name }) => isDirectAttempt(parsePartName(name)?.attemptId ?? ''))
      await deleteParts(client, upload, sent, signal)
      await deleteStaleParts(client, upload)
    } else {
      await deleteParts(client, upload, parts, signal)
    }
  }
  await deleteMarker(client, upload, signal)
}

async function deleteParts(
  client: SwiftClient,
  { container }: PartUploadReference,
  parts: readonly ListedObject[],
  signal: AbortSignal,
): Promise<void> {
  const names = parts.map(({ name }) => name)
  const { failures } = await deleteObjects(client, segmentsContainer(container), names, signal)
  const [failure] = failures
  if (failure !== undefined) throw failure[1]
}

/** Lists unfinished uploads by their markers. */
export async function listUploads(
  client: SwiftClient,
  container: string,
  { limit, next, prefix, signal }: ListCallOptions & { readonly prefix: string },
): Promise<UploadPage> {
  const entries: UnfinishedUpload[] = []
  let marker = decodePosition(next, isName)
  for (;;) {
    const { status, entries: objects } = await client.list<ListedObject>({
      container: segmentsContainer(container),
      query: { prefix: markersPrefixOf(escapeName(prefix)), marker, limit },
      signal,
      allow: [404],
    })
    if (status === 404) await requireContainer(client, container, signal)
    for (const object of objects) {
      const unfinished = await readUnfinishedUpload(client, container, object, signal)
      if (unfinished?.file.startsWith(prefix)) entries.push(unfinished)
      marker = object.name
      if (entries.length === limit) return { entries, next: encodePosition(marker) }
    }
    if (objects.length < limit) {
      if (entries.length === 0) await requireContainer(client, container, signal)
      return { entries }
    }
  }
}
