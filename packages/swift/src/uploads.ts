/**
 * Part uploads: parts are objects in the container beside, and a static large object joins them. `segments.ts` has the layout.
 */
import { createHash, randomBytes } from 'node:crypto'
import {
  type CallOptions,
  type CompleteUploadCallOptions,
  decodePosition,
  encodePosition,
  type FileLocation,
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
import type { SwiftAnswer, SwiftClient } from './client.js'
import { requireContainer } from './containers.js'
import { answerCause } from './errors.js'
import {
  dropMarker,
  isUnfinished,
  markAborted,
  markersOf,
  putMarker,
  readMarker,
  unfinishedAt,
  unknownUpload,
} from './markers.js'
import { type Description, quoted, toHeaders } from './metadata.js'
import { escaped, objectName, segmentsOf } from './names.js'
import { deleteObjects } from './object-removal.js'
import {
  type ListedObject,
  listSegments,
  newUploadId,
  parsePartName,
  partName,
  partSizeOf,
  partsPrefix,
  presentUpload,
} from './segments.js'
import { removeStaleParts } from './stale-parts.js'
import { checkPresent, createOnly, inMemory, putFile, refusedWrite, written } from './writer.js'

/** Milliseconds that clean-up after a refused or aborted call may take. */
const cleanUpTime = 30_000
/** Milliseconds that Swift may take to look at 1,000 segments. */
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
  const content = inMemory(body)
  const container = segmentsOf(upload.container)
  const tryId = randomBytes(6).toString('base64url')
  const object = partName(upload.file, upload.id, partNumber, tryId)
  const headers = { 'content-type': 'application/octet-stream' }
  const answer = await client.request({
    method: 'PUT',
    container,
    object,
    headers,
    body: content,
    signal,
    commits: true,
    allow: [404],
  })
  if (answer.status === 404) throw await unknownUpload(client, upload, signal)
  // Looked at afterwards: an abort that came in between did not see this part, or did and it is gone.
  const afterwards = AbortSignal.timeout(cleanUpTime)
  if (!(await isUnfinished(client, upload, upload.id, afterwards))) {
    await deleteObjects(client, container, [object], afterwards)
    throw await unknownUpload(client, upload, afterwards)
  }
  const etag = answer.headers['etag'] ?? createHash('md5').update(content).digest('hex')
  return { partNumber, size: content.length, tag: tagOf(etag, tryId) }
}

const tagOf = (etag: string, tryId: string) => `${etag.replaceAll('"', '')}.${tryId}`

function parseTag(tag: string): { etag: string; tryId: string } | undefined {
  const [, etag, tryId] = /^([0-9a-f]{32})\.([\w-]{8})$/.exec(tag) ?? []
  return etag === undefined || tryId === undefined ? undefined : { etag, tryId }
}

/** `UPLOAD_NOT_FOUND` for an id that was never given out, or not for this size of parts. */
function checkId(upload: PartUploadReference & { readonly partSize?: number }): void {
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
  if (!(await isUnfinished(client, upload, upload.id, signal))) throw await unknownUpload(client, upload, signal)
  const after = Number(decodePosition(next, isName) ?? 0)
  const sent = [...(await latestTries(client, upload, signal))].filter(([partNumber]) => partNumber > after)
  const entries = sent.slice(0, limit).map(([partNumber, { name, bytes, hash }]) => {
    return { partNumber, size: bytes, tag: tagOf(hash, parsePartName(name)?.tryId ?? '') }
  })
  const last = entries.at(-1)?.partNumber
  return sent.length > limit && last !== undefined ? { entries, next: encodePosition(String(last)) } : { entries }
}

/** What was sent last of each part, in the order of their numbers. */
async function latestTries(
  client: SwiftClient,
  upload: PartUploadReference,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, ListedObject>> {
  const latest = new Map<number, ListedObject>()
  for (const object of await listSegments(client, upload.container, partsPrefix(upload.file, upload.id), signal)) {
    const number = parsePartName(object.name)?.partNumber
    if (number === undefined) continue
    const before = latest.get(number)
    if (before === undefined || before.last_modified < object.last_modified) latest.set(number, object)
  }
  return latest
}

/**
 * `INVALID_PART` when a part was sent again after the try whose tag is given. Whether each is there at all, Swift itself looks at;
 * a list may be behind.
 */
async function requireLatest(
  client: SwiftClient,
  upload: PartUpload,
  parts: readonly UploadedPart[],
  signal: AbortSignal,
): Promise<void> {
  const latest = await latestTries(client, upload, signal)
  for (const { partNumber, tag } of parts) {
    const sent = latest.get(partNumber)
    const tryId = sent === undefined ? undefined : parsePartName(sent.name)?.tryId
    if (tryId !== undefined && tryId !== parseTag(tag)?.tryId) {
      throw new StorageError('INVALID_PART', `part ${partNumber} has another tag, or was sent again since`)
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
  await checkPresent(client, upload, conditions, signal)
  await requireLatest(client, upload, parts, signal)
  const segments = parts.filter(({ size }) => size > 0).map((part) => segmentOf(upload, part))
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
    const answer = await putManifest(
      client,
      upload,
      segments,
      { attributes, checksums, upload: upload.id },
      {
        headers: createOnly(conditions),
        signal,
      },
    )
    etag = quoted(answer.headers['etag'] ?? largeETag(segments))
  }
  await forgetUpload(client, upload, new Set(segments.map(({ path }) => path)))
  return written(upload, size, etag, { attributes, checksums })
}

/** An entry of a manifest. */
export interface Segment {
  /** The object's name in the container beside. */
  readonly path: string
  readonly etag: string
  readonly size_bytes: number
}

function segmentOf({ file, id }: PartUpload, { partNumber, size, tag }: UploadedPart): Segment {
  const parsed = parseTag(tag)
  if (parsed === undefined)
    throw new StorageError('INVALID_PART', `part ${partNumber} has a tag that was not given out`)
  return { path: partName(file, id, partNumber, parsed.tryId), etag: parsed.etag, size_bytes: size }
}

/** Makes the file appear. Swift looks at every segment, and stores nothing when one is missing or has another ETag or size. */
export async function putManifest(
  client: SwiftClient,
  location: FileLocation,
  segments: readonly Segment[],
  described: Description,
  { headers, signal }: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<SwiftAnswer> {
  const beside = segmentsOf(location.container)
  const answer = await client.request({
    method: 'PUT',
    container: location.container,
    object: objectName(location.file),
    query: { 'multipart-manifest': 'put' },
    headers: { ...toHeaders(described), ...headers },
    body: JSON.stringify(segments.map((segment) => ({ ...segment, path: `/${beside}/${segment.path}` }))),
    signal,
    commits: true,
    responseTimeout: completionTimeout,
    allow: [400, 404, 412],
  })
  if (answer.status === 400) {
    throw new StorageError('INVALID_PART', 'a part is missing, or is not the one that its tag and size tell', {
      cause: answerCause('PUT', 400, answer.headers),
    })
  }
  refusedWrite(answer, location)
  return answer
}

/** A large object's ETag: the MD5 of its segments' (Swift's documentation of static large objects). */
const largeETag = (segments: readonly Segment[]) =>
  createHash('md5')
    .update(segments.map(({ etag }) => etag).join(''))
    .digest('hex')

/**
 * The upload is complete: what the version before consisted of goes, then the marker, so that the upload is listed until nothing
 * is left to be done if this process ends in between; then what somebody else wrote under the name meanwhile has left.
 */
export async function forgetUpload(
  client: SwiftClient,
  upload: PartUpload,
  manifest: ReadonlySet<string>,
): Promise<void> {
  await removeStaleParts(client, upload, { manifest })
  try {
    await dropMarker(client, upload, AbortSignal.timeout(cleanUpTime))
  } catch {
    // The file is there, which is what was asked for. The upload goes on being listed until it is purged, which leaves the file.
    return
  }
  await removeStaleParts(client, upload, { completed: upload.id, manifest })
}

/** The upload is listed until nothing is left of it, also when this process ends in between. */
export async function abortUpload(
  client: SwiftClient,
  upload: PartUploadReference,
  { signal }: CallOptions,
): Promise<void> {
  if (partSizeOf(upload.id) === undefined) return
  await markAborted(client, upload, upload.id, signal)
  const parts = await listSegments(client, upload.container, partsPrefix(upload.file, upload.id), signal)
  if (parts.length > 0) {
    if ((await presentUpload(client, upload, signal)) === upload.id) await removeStaleParts(client, upload)
    else await removeParts(client, upload, parts, signal)
  }
  await dropMarker(client, upload, signal)
}

async function removeParts(
  client: SwiftClient,
  { container }: PartUploadReference,
  parts: readonly ListedObject[],
  signal: AbortSignal,
): Promise<void> {
  const names = parts.map(({ name }) => name)
  const { failures } = await deleteObjects(client, segmentsOf(container), names, signal)
  const [failure] = failures
  if (failure !== undefined) throw failure[1]
}

/** Unfinished uploads, by their markers. */
export async function listUploads(
  client: SwiftClient,
  container: string,
  { limit, next, prefix, signal }: ListCallOptions & { readonly prefix: string },
): Promise<UploadPage> {
  const entries: UnfinishedUpload[] = []
  let marker = decodePosition(next, isName)
  for (;;) {
    const { status, entries: objects } = await client.list<ListedObject>({
      container: segmentsOf(container),
      query: { prefix: markersOf(escaped(prefix)), marker, limit },
      signal,
      allow: [404],
    })
    if (status === 404) await requireContainer(client, container, signal)
    for (const object of objects) {
      const unfinished = await unfinishedAt(client, container, object, signal)
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
