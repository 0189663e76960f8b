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
import type { FileLocation } from '@stowage/core/provider'
import type { SwiftClient } from './client.js'
import { uploadOf } from './metadata.js'
import { objectName, segmentsOf } from './names.js'

/** An object as a list of Swift's shows it. */
export interface ListedObject {
  readonly name: string
  readonly hash: string
  readonly bytes: number
  /** UTC, without saying so. */
  readonly last_modified: string
  readonly slo_etag?: string
}

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
export const newest = { 'x-newest': 'true' } as const
