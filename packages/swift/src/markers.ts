/**
 * Markers: what says that an upload was started, what it is to become, and that nobody has brought it to its end. `segments.ts`
 * has the layout.
 */
import {
  type FileLocation,
  type PartUploadReference,
  type StorageError,
  type UnfinishedUpload,
  uploadNotFound,
} from '@stowage/core/provider'
import type { ResponseHeaders } from '@stowage/http-transport'
import type { SwiftClient } from './client.js'
import { changedAt, requireContainer } from './containers.js'
import { badAnswer } from './errors.js'
import type { Description } from './metadata.js'
import { askablePrefix, fileName, maxNameBytes, objectName, segmentsOf } from './names.js'
import { type ListedObject, newest, partSizeOf } from './segments.js'

/** What an upload's marker holds: all that is needed to complete it. */
interface Marker extends Description {
  readonly file: string
}

interface FoundMarker extends Marker {
  readonly aborted: boolean
}

const markersPrefix = 'uploads/'
const whole = '\x01\x03'
const begun = '\x01\x04'

/** The object that says that an upload is unfinished. */
function markerName(file: string, upload: string): string {
  const name = objectName(file)
  const room = maxNameBytes - markersPrefix.length - whole.length - upload.length
  const beginning = cut(name, room)
  return `${markersPrefix}${beginning}${beginning === name ? whole : begun}${upload}`
}

/** What the names of the markers of all files begin with whose objects' names begin so. */
export const markersOf = (beginning: string): string => askablePrefix(markersPrefix + cut(beginning, maxNameBytes - 64))

/** What a marker's name tells: the object's name, or its beginning alone. */
function parseMarkerName(name: string): { object: string; complete: boolean; upload: string } | undefined {
  const [, object, separator, upload] = /^uploads\/(.*)(\x01[\x03\x04])([^\x01]+)$/s.exec(name) ?? []
  if (object === undefined || upload === undefined) return undefined
  return { object, complete: separator === whole, upload }
}

/** The longest beginning of at most so many bytes. */
function cut(text: string, bytes: number): string {
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

/** Makes the container beside, too, when this is its first upload. */
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
      container: segmentsOf(container),
      object: markerName(file, upload),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(marker),
      signal,
      commits: true,
      allow: [404],
    })
  const { status } = await put()
  if (status === 404) {
    await client.request({ method: 'PUT', container: segmentsOf(container), signal })
    const again = await put()
    if (again.status === 404) throw badAnswer('a container that was created and does not exist')
  }
  client.recentlyMissing.delete(segmentsOf(container))
}

export async function readMarker(
  client: SwiftClient,
  upload: PartUploadReference,
  signal: AbortSignal,
): Promise<Marker> {
  const marker = await markerAt(client, upload.container, markerName(upload.file, upload.id), signal)
  if (marker?.file !== upload.file || marker.aborted) throw await unknownUpload(client, upload, signal)
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
    container: segmentsOf(container),
    object,
    headers: newest,
    signal,
    allow: [404],
  })
  if (status === 404) return undefined
  try {
    return { ...(JSON.parse(body.toString()) as Marker), aborted: isAborted(headers) }
  } catch {
    throw badAnswer('an unfinished upload that is not described')
  }
}

/** Set on a marker by whoever aborts its upload, before the parts go. */
const abortedKey = 'x-object-meta-stowage-aborted'

const isAborted = (marker: ResponseHeaders): boolean => marker[abortedKey] !== undefined

/** From then on no part is added, and nobody completes the upload who did not begin to. */
export async function markAborted(
  client: SwiftClient,
  { container, file }: FileLocation,
  upload: string,
  signal: AbortSignal,
): Promise<void> {
  await client.request({
    method: 'POST',
    container: segmentsOf(container),
    object: markerName(file, upload),
    headers: { [abortedKey]: 'true' },
    body: Buffer.alloc(0),
    signal,
    allow: [404],
  })
}

/** Whether an upload was started and neither completed nor aborted. */
export async function isUnfinished(
  client: SwiftClient,
  { container, file }: FileLocation,
  upload: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { status, headers } = await client.request({
    method: 'HEAD',
    container: segmentsOf(container),
    object: markerName(file, upload),
    headers: newest,
    signal,
    allow: [404],
  })
  return status !== 404 && !isAborted(headers)
}

export async function dropMarker(client: SwiftClient, upload: PartUploadReference, signal: AbortSignal): Promise<void> {
  await client.request({
    method: 'DELETE',
    container: segmentsOf(upload.container),
    object: markerName(upload.file, upload.id),
    signal,
    allow: [404],
  })
}

/** The error for an upload that is not there; another one when its container is not. */
export async function unknownUpload(
  client: SwiftClient,
  upload: PartUploadReference,
  signal: AbortSignal,
): Promise<StorageError> {
  await requireContainer(client, upload.container, signal)
  return uploadNotFound(upload.container, upload.file)
}

/** The unfinished upload that a marker stands for. */
export async function unfinishedAt(
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
  return { container, file, id: parsed.upload, partSize, started: changedAt(object) }
}
