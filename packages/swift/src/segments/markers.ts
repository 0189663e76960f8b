/**
 * Markers of unfinished uploads. A marker contains the attributes of the file. `layout.ts`
 * describes the objects' names.
 */
import {
  type FileLocation,
  type PartUploadReference,
  type StorageError,
  type UnfinishedUpload,
  uploadNotFound,
} from '@stowage/core/provider'
import type { ResponseHeaders } from '@stowage/http-transport'
import type { SwiftClient } from '../client/client.js'
import { modificationTime, requireContainer } from '../containers.js'
import type { StoredAttributes } from '../mapping/attributes.js'
import { badResponse } from '../mapping/errors.js'
import { fileName, maxNameBytes, objectName, searchablePrefix, segmentsContainer } from '../mapping/names.js'
import { type ListedObject, newestHeaders, partSizeOf } from './layout.js'

/** The content of a marker: all that the completion needs. */
interface Marker extends StoredAttributes {
  readonly file: string
}

interface FoundMarker extends Marker {
  readonly aborted: boolean
}

const markersPrefix = 'uploads/'
/** The separator after a complete name, and after a truncated one. */
const afterName = '\x01\x03'
const afterTruncatedName = '\x01\x04'

/** Returns the name of an upload's marker. */
function markerName(file: string, upload: string): string {
  const name = objectName(file)
  const room = maxNameBytes - markersPrefix.length - afterName.length - upload.length
  const truncated = truncateUtf8(name, room)
  return `${markersPrefix}${truncated}${truncated === name ? afterName : afterTruncatedName}${upload}`
}

/** Returns the prefix of the markers of all files whose object names have a prefix. */
export const markersPrefixOf = (prefix: string): string =>
  searchablePrefix(markersPrefix + truncateUtf8(prefix, maxNameBytes - 64))

/**
 * Parses a marker's name. `object` is the object's name, or the beginning of it if not `complete`.
 */
function parseMarkerName(name: string): { object: string; complete: boolean; upload: string } | undefined {
  const [, object, separator, upload] = /^uploads\/(.*)(\x01[\x03\x04])([^\x01]+)$/s.exec(name) ?? []
  if (object === undefined || upload === undefined) return undefined
  return { object, complete: separator === afterName, upload }
}

/** Returns the longest beginning of a text that has at most this many bytes of UTF-8. */
function truncateUtf8(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  let beginning = ''
  let length = 0
  for (const character of text) {
    length += Buffer.byteLength(character)
    if (length > bytes) break
    beginning += character
  }
  return beginning
}

/** Writes a marker, and creates the segments container if missing. */
export async function putMarker(
  client: SwiftClient,
  { container, file }: FileLocation,
  upload: string,
  marker: Marker,
  signal: AbortSignal,
): Promise<void> {
  const put = () =>
    client.request({
      method: 'PUT',
      container: segmentsContainer(container),
      object: markerName(file, upload),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(marker),
      signal,
      commits: true,
      allow: [404],
    })
  const { status } = await put()
  if (status === 404) {
    await client.request({ method: 'PUT', container: segmentsContainer(container), signal })
    const again = await put()
    if (again.status === 404) throw badResponse('a container that was just created does not exist')
  }
  client.recentlyMissing.delete(segmentsContainer(container))
}

export async function readMarker(
  client: SwiftClient,
  upload: PartUploadReference,
  signal: AbortSignal,
): Promise<Marker> {
  const marker = await markerAt(client, upload.container, markerName(upload.file, upload.id), signal)
  if (marker?.file !== upload.file || marker.aborted) throw await uploadNotFoundError(client, upload, signal)
  return marker
}

async function markerAt(
  client: SwiftClient,
  container: string,
  object: string,
  signal: AbortSignal,
): Promise<FoundMarker | undefined> {
  const { status, headers, body } = await client.request({
    method: 'GET',
    container: segmentsContainer(container),
    object,
    headers: newestHeaders,
    signal,
    allow: [404],
  })
  if (status === 404) return undefined
  try {
    return { ...(JSON.parse(body.toString()) as Marker), aborted: isAborted(headers) }
  } catch {
    throw badResponse('the record of an unfinished upload is not JSON')
  }
}

/** Metadata of a marker. An abort sets it before it deletes the parts. */
const abortedKey = 'x-object-meta-stowage-aborted'

const isAborted = (marker: ResponseHeaders): boolean => marker[abortedKey] !== undefined

/** Marks an upload as aborted. From then on, no part is added, and no completion begins. */
export async function markAborted(
  client: SwiftClient,
  { container, file }: FileLocation,
  upload: string,
  signal: AbortSignal,
): Promise<void> {
  await client.request({
    method: 'POST',
    container: segmentsContainer(container),
    object: markerName(file, upload),
    headers: { [abortedKey]: 'true' },
    body: Buffer.alloc(0),
    signal,
    allow: [404],
  })
}

/** Returns whether an upload was started and neither completed nor aborted. */
export async function isUnfinished(
  client: SwiftClient,
  { container, file }: FileLocation,
  upload: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { status, headers } = await client.request({
    method: 'HEAD',
    container: segmentsContainer(container),
    object: markerName(file, upload),
    headers: newestHeaders,
    signal,
    allow: [404],
  })
  return status !== 404 && !isAborted(headers)
}

export async function deleteMarker(
  client: SwiftClient,
  upload: PartUploadReference,
  signal: AbortSignal,
): Promise<void> {
  await client.request({
    method: 'DELETE',
    container: segmentsContainer(upload.container),
    object: markerName(upload.file, upload.id),
    signal,
    allow: [404],
  })
}

/**
 * Makes the error for an upload that does not exist. Throws another one if its container does not
 * exist.
 */
export async function uploadNotFoundError(
  client: SwiftClient,
  upload: PartUploadReference,
  signal: AbortSignal,
): Promise<StorageError> {
  await requireContainer(client, upload.container, signal)
  return uploadNotFound(upload.container, upload.file)
}

/** Returns the unfinished upload of a marker, or `undefined` if the object is not a marker. */
export async function readUnfinishedUpload(
  client: SwiftClient,
  container: string,
  object: ListedObject,
  signal: AbortSignal,
): Promise<UnfinishedUpload | undefined> {
  const parsed = parseMarkerName(object.name)
  const partSize = partSizeOf(parsed?.upload ?? '')
  if (parsed === undefined || partSize === undefined) return undefined
  const file = parsed.complete
    ? fileName(parsed.object)
    : (await markerAt(client, container, object.name, signal))?.file
  if (file === undefined) return undefined
  return { container, file, id: parsed.upload, partSize, started: modificationTime(object) }
}
