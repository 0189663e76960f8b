/**
 * What large files consist of, beside the containers that hold them.
 *
 * The parts of the files of container `photos` lie in the container `stowage-segments.photos`:
 * - `parts/<file>/<upload>/<number>-<try>`: a part as it was sent; `<file>` is a hash of the file's name, since the name
 *   itself may be as long as Swift allows. Every try is an object of its own, so one that is sent again, however late, never
 *   changes a file that is complete.
 * - `uploads/<file's name>\x01\x03<upload>`: the marker of an upload that was started, until nothing is left to be done for its
 *   completion or abort. The object holds what the file is to be; a name that is too long for it is only begun in the
 *   object's name, with `\x01\x04` in between.
 *
 * A complete file is a static large object in `photos`, whose manifest names the parts and whose metadata the upload. Parts
 * are never shared by two files.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { FileLocation } from '@stowage/core'
import type { SwiftClient } from './client.js'
import type { AnswerHeaders } from './errors.js'
import { uploadOf } from './metadata.js'
import { askablePrefix, maxNameBytes, objectName, segmentsOf } from './names.js'
import { deleteObjects } from './remover.js'

/** An object as a list of Swift's shows it. */
export interface ListedObject {
  readonly name: string
  readonly hash: string
  readonly bytes: number
  /** UTC, without saying so. */
  readonly last_modified: string
  readonly slo_etag?: string
}

const markersPrefix = 'uploads/'
const whole = '\x01\x03'
const begun = '\x01\x04'

/** A new upload's name, which tells the size of its parts. */
export const newUploadId = (partSize: number): string =>
  `${partSize.toString(36)}-${randomBytes(12).toString('base64url')}`

export function partSizeOf(upload: string): number | undefined {
  const [, size] = /^([0-9a-z]{1,11})-[\w-]{16}$/.exec(upload) ?? []
  return size === undefined ? undefined : Number.parseInt(size, 36)
}

const fileKey = (file: string) => createHash('sha256').update(file).digest('base64url')

/** What the names of all parts of a file, or of one upload of it, begin with. */
export const partsPrefix = (file: string, upload?: string): string =>
  `parts/${fileKey(file)}/${upload === undefined ? '' : `${upload}/`}`

export const partName = (file: string, upload: string, partNumber: number, tryId: string): string =>
  `${partsPrefix(file, upload)}${String(partNumber).padStart(5, '0')}-${tryId}`

/** The files, by what the names of their parts begin with. */
export const fileKeys = (files: readonly string[]): Map<string, string> =>
  new Map(files.map((file) => [`parts/${fileKey(file)}/`, file]))

export function parsePartName(name: string): { upload: string; partNumber: number; tryId: string } | undefined {
  const [, upload, number, tryId] = /^parts\/[\w-]{43}\/([^/]+)\/(\d{5})-([\w-]+)$/.exec(name) ?? []
  return upload === undefined || tryId === undefined ? undefined : { upload, partNumber: Number(number), tryId }
}

/** The object that says that an upload is unfinished. */
export function markerName(file: string, upload: string): string {
  const name = objectName(file)
  const room = maxNameBytes - markersPrefix.length - whole.length - upload.length
  const beginning = cut(name, room)
  return `${markersPrefix}${beginning}${beginning === name ? whole : begun}${upload}`
}

/** What the names of the markers of all files begin with whose objects' names begin so. */
export const markersOf = (beginning: string): string => askablePrefix(markersPrefix + cut(beginning, maxNameBytes - 64))

/** What a marker's name tells: the object's name, or its beginning alone. */
export function parseMarkerName(name: string): { object: string; complete: boolean; upload: string } | undefined {
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

/** Objects asked for at once; every Swift gives so many. */
const listLimit = 1000

/** All objects with a beginning; none when the container does not exist. */
export async function listSegments(
  client: SwiftClient,
  container: string,
  prefix: string,
  signal: AbortSignal,
): Promise<ListedObject[]> {
  const objects: ListedObject[] = []
  const beside = segmentsOf(container)
  for (;;) {
    const { status, entries } = await client.list<ListedObject>({
      container: beside,
      query: { prefix, marker: objects.at(-1)?.name, limit: listLimit },
      signal,
      allow: [404],
    })
    if (status === 404) client.recentlyMissing.add(beside)
    objects.push(...entries)
    if (entries.length < listLimit) return objects
  }
}

/** Set on a marker by whoever aborts its upload, before the parts go. */
const abortedKey = 'x-object-meta-stowage-aborted'

export const isAborted = (marker: AnswerHeaders): boolean => marker[abortedKey] !== undefined

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

/** The upload that a file's present version came from, if it did from one of ours. */
export async function presentUpload(
  client: SwiftClient,
  { container, file }: FileLocation,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { status, headers } = await client.request({
    method: 'HEAD',
    container,
    object: objectName(file),
    headers: newest,
    signal,
    allow: [404],
  })
  return status === 404 ? undefined : uploadOf(headers)
}

/** Asks all replicas, where otherwise the first one that answers may be behind. */
const newest = { 'x-newest': 'true' } as const

/** Milliseconds that removing what is no longer needed may take. */
const patience = 60_000

/**
 * {@link removeStaleParts} after a plain write, which costs nothing where the container has no large files: when another process
 * has made the first one within two seconds, under this very name, its parts stay until the name's next write or removal.
 */
export async function removePartsBefore(client: SwiftClient, location: FileLocation): Promise<void> {
  if (!client.recentlyMissing.has(segmentsOf(location.container))) await removeStaleParts(client, location)
}

/**
 * Removes the parts that a file no longer consists of, after something was written under its name, or the file removed.
 *
 * A part is removed only when its upload has no marker and, looked at after that, the file's present version came from
 * another upload, or is gone: no manifest with that part can come up any more, since the marker outlives the manifest's
 * writing. Whoever completes an upload calls this when the marker is gone, so of two who write at the same time the later one removes
 * what the earlier one sent.
 *
 * The write itself has succeeded, so a failure here is none of it: what stays is found by the next write of that name, and by
 * the container's destruction.
 *
 * @param completed The upload that the present version came from, when its marker is gone.
 * @param manifest The parts that the present version consists of, when it came from a part upload.
 */
export async function removeStaleParts(
  client: SwiftClient,
  location: FileLocation,
  { completed, manifest }: { readonly completed?: string; readonly manifest?: ReadonlySet<string> } = {},
): Promise<void> {
  const signal = AbortSignal.timeout(patience)
  try {
    const parts = await listSegments(client, location.container, partsPrefix(location.file), signal)
    if (parts.every(({ name }) => manifest?.has(name))) return
    const stale = await staleUploads(client, location, parts, completed, signal)
    const names = parts
      .filter(({ name }) => {
        const upload = parsePartName(name)?.upload
        if (upload === undefined) return false
        return stale.has(upload) || (upload === completed && !manifest?.has(name))
      })
      .map(({ name }) => name)
    await deleteObjects(client, segmentsOf(location.container), names, signal)
  } catch {
    // Said above: the parts stay until the next write of that name.
  }
}

async function staleUploads(
  client: SwiftClient,
  location: FileLocation,
  parts: readonly ListedObject[],
  completed: string | undefined,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const uploads = [...new Set(parts.map(({ name }) => parsePartName(name)?.upload))]
  const ended: string[] = []
  for (const upload of uploads) {
    if (upload === undefined) continue
    if (upload === completed || !(await isUnfinished(client, location, upload, signal))) ended.push(upload)
  }
  if (ended.length === 0) return new Set()
  const present = await presentUpload(client, location, signal)
  return new Set(ended.filter((upload) => upload !== present))
}
