/**
 * The objects of large files in the segments container.
 *
 * The segments container of the container `photos` is `stowage-segments.photos`. Its objects:
 * - `parts/<file>/<upload>/<number>-<attempt>`: a part. `<file>` is a hash of the file's name,
 *   because the name may have Swift's maximum length. Each attempt to send a part is a separate
 *   object, so a late retry never changes a complete file.
 * - `uploads/<file's name>\x01\x03<upload>`: the marker of an upload. It exists until the
 *   completion or the abort is finished. The object contains the file's attributes. If the file's
 *   name is too long, the object's name contains the beginning of it, followed by `\x01\x04`
 *   instead.
 *
 * A complete file is a static large object in `photos`. Its manifest names the parts, and its
 * metadata the upload. Files never share parts.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { FileLocation } from '@stowage/core/provider'
import type { SwiftClient } from '../client/client.js'
import { uploadOf } from '../mapping/attributes.js'
import { objectName, segmentsContainer } from '../mapping/names.js'

/** An object in a list of Swift. */
export interface ListedObject {
  readonly name: string
  readonly hash: string
  readonly bytes: number
  /** In UTC, without a time zone. */
  readonly last_modified: string
  readonly slo_etag?: string
}

/** Makes the id of a new upload, which contains the size of its parts. */
export const newUploadId = (partSize: number): string =>
  `${partSize.toString(36)}-${randomBytes(12).toString('base64url')}`

export function partSizeOf(upload: string): number | undefined {
  const [, size] = /^([0-9a-z]{1,11})-[\w-]{16}$/.exec(upload) ?? []
  return size === undefined ? undefined : Number.parseInt(size, 36)
}

const fileKey = (file: string) => createHash('sha256').update(file).digest('base64url')

/** Returns the prefix of the names of all parts of a file, or of one upload of it. */
export const partsPrefix = (file: string, upload?: string): string =>
  `parts/${fileKey(file)}/${upload === undefined ? '' : `${upload}/`}`

export const partName = (file: string, upload: string, partNumber: number, attemptId: string): string =>
  `${partsPrefix(file, upload)}${String(partNumber).padStart(5, '0')}-${attemptId}`

/** Returns the files by the prefix of the names of their parts. */
export const fileKeys = (files: readonly string[]): Map<string, string> =>
  new Map(files.map((file) => [`parts/${fileKey(file)}/`, file]))

/** Makes the id of an attempt by the provider. */
export const newAttemptId = (): string => randomBytes(6).toString('base64url')

/** Makes the id of an attempt by a client. It is longer, so that the two cannot be confused. */
export const newDirectAttemptId = (): string => `d${newAttemptId()}`

/** Returns the id of the attempt that is a copy of a client's attempt. */
export const copiedAttemptId = (path: string, etag: string): string =>
  createHash('sha256').update(`${path} ${etag}`).digest('base64url').slice(0, 8)

export const isDirectAttempt = (attemptId: string): boolean => attemptId.length > 8

export function parsePartName(name: string): { upload: string; partNumber: number; attemptId: string } | undefined {
  const [, upload, number, attemptId] = /^parts\/[\w-]{43}\/([^/]+)\/(\d{5})-([\w-]+)$/.exec(name) ?? []
  return upload === undefined || attemptId === undefined ? undefined : { upload, partNumber: Number(number), attemptId }
}

/** Objects in one list request. Every cluster returns this many. */
const listLimit = 1000

/** Returns all objects of the segments container with a prefix, or none if it does not exist. */
export async function listSegments(
  client: SwiftClient,
  container: string,
  prefix: string,
  signal: AbortSignal,
): Promise<ListedObject[]> {
  const objects: ListedObject[] = []
  const segments = segmentsContainer(container)
  for (;;) {
    const { status, entries } = await client.list<ListedObject>({
      container: segments,
      query: { prefix, marker: objects.at(-1)?.name, limit: listLimit },
      signal,
      allow: [404],
    })
    if (status === 404) client.recentlyMissing.add(segments)
    objects.push(...entries)
    if (entries.length < listLimit) return objects
  }
}

/** Returns the upload that created a file's current version, if this provider created it in one. */
export async function uploadOfCurrentVersion(
  client: SwiftClient,
  { container, file }: FileLocation,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { status, headers } = await client.request({
    method: 'HEAD',
    container,
    object: objectName(file),
    headers: newestHeaders,
    signal,
    allow: [404],
  })
  return status === 404 ? undefined : uploadOf(headers)
}

/**
 * Headers for a request to all replicas. Otherwise, the replica that responds first may be behind.
 */
export const newestHeaders = { 'x-newest': 'true' } as const
