/**
 * Copies on the service. A plain object is copied in one request, a large one range by range into parts of its own: a manifest
 * copied as it is would share its parts with the original, which loses them when the other one is removed; and one copied into
 * a plain object leaves that with the large one's ETag in the service's own bookkeeping, so that no `If-Match` is ever met.
 */

import { randomBytes } from 'node:crypto'
import {
  attributesOf,
  type CopyCallOptions,
  checkWriteConditions,
  type FileInfo,
  type FileLocation,
  inParallel,
  isStorageError,
  StorageError,
  type WrittenFile,
} from '@stowage/core/provider'
import { maxParts } from './capabilities.js'
import type { SwiftAnswer, SwiftClient } from './client.js'
import { missing, requireContainer } from './containers.js'
import { badAnswer } from './errors.js'
import { type Description, etagOf, isLargeObject, toHeaders } from './metadata.js'
import { objectName, pathOf, segmentsOf } from './names.js'
import { look } from './reader.js'
import { partName } from './segments.js'
import { removePartsBefore } from './stale-parts.js'
import { abortUpload, forgetUpload, putManifest, type Segment, startUpload } from './uploads.js'
import { createOnly, present, written } from './writer.js'

/** How often a copy begins anew whose source was replaced meanwhile. */
const tries = 5
/** Ranges copied at the same time. */
const parallelism = 4
const responseTimeout = 1_800_000
const cleanUpTime = 30_000

export async function copyFile(
  client: SwiftClient,
  source: FileLocation,
  target: FileLocation,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  const { ifSourceMatch, conditions, signal } = options
  for (let tried = 1; ; tried++) {
    const { info, headers } = await look(client, source, signal)
    checkWriteConditions(info, ifSourceMatch === undefined ? {} : { ifMatch: ifSourceMatch })
    if (conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined) {
      checkWriteConditions(await present(client, target, signal), conditions)
    }
    const described = { attributes: options.attributes ?? attributesOf(info), checksums: info.checksums }
    try {
      return info.size <= client.copyLimits.singleCopySize && !isLargeObject(headers)
        ? await copyWhole(client, info, target, described, signal)
        : await copyInParts(client, info, target, described, options)
    } catch (error) {
      if (!(error instanceof SourceReplaced)) throw error
      if (tried === tries) throw new StorageError('PRECONDITION_FAILED', 'the source is replaced again and again')
    }
  }
}

/** The source is no longer the version whose attributes were read. */
class SourceReplaced extends Error {}

const locationOf = ({ container, name }: FileInfo): FileLocation => ({ container, file: name })

async function copyWhole(
  client: SwiftClient,
  source: FileInfo,
  target: FileLocation,
  described: Description,
  signal: AbortSignal,
): Promise<WrittenFile> {
  const { attributes, checksums } = described
  const { headers } = await copyRequest(client, source, target, {
    headers: toHeaders({ attributes, checksums: { sha256: checksums.sha256 } }),
    object: { container: target.container, object: objectName(target.file) },
    signal,
  })
  await removePartsBefore(client, target)
  const etag = etagOf(headers)
  return written(target, source.size, etag, { attributes, checksums: { ...checksums, md5: etag.slice(1, -1) } })
}

/** One request that copies the source, or a range of it, if it is still the version that was looked at. */
async function copyRequest(
  client: SwiftClient,
  source: FileInfo,
  target: FileLocation,
  request: {
    readonly headers: Readonly<Record<string, string>>
    readonly object: { readonly container: string; readonly object: string }
    readonly signal: AbortSignal
  },
): Promise<SwiftAnswer> {
  const { signal } = request
  const answer = await client.request({
    method: 'PUT',
    ...request.object,
    headers: {
      ...request.headers,
      'x-copy-from': pathOf(source.container, objectName(source.name)),
      // Only what is written here: the source's own has the upload that it came from.
      'x-fresh-metadata': 'true',
      'if-match': source.etag,
    },
    body: Buffer.alloc(0),
    signal,
    commits: true,
    responseTimeout,
    allow: [404, 412],
  })
  if (answer.status === 412) throw new SourceReplaced()
  if (answer.status === 404) {
    await requireContainer(client, target.container, signal)
    throw await missing(client, locationOf(source), signal)
  }
  return answer
}

async function copyInParts(
  client: SwiftClient,
  source: FileInfo,
  target: FileLocation,
  described: Description,
  { conditions, native, signal }: CopyCallOptions,
): Promise<WrittenFile> {
  const partSize = Math.max(client.copyLimits.copyPartSize, Math.ceil(source.size / maxParts))
  const upload = await startUpload(client, target.container, target.file, { ...described, native, partSize, signal })
  try {
    const segments = await copySegments(client, source, target, { upload: upload.id, partSize, signal })
    const answer = await putManifest(
      client,
      target,
      segments,
      { ...described, upload: upload.id },
      {
        headers: createOnly(conditions),
        signal,
      },
    )
    await forgetUpload(client, upload, new Set(segments.map(({ path }) => path)))
    return written(target, source.size, etagOf(answer.headers), described)
  } catch (error) {
    const cleanUp = abortUpload(client, upload, { signal: AbortSignal.timeout(cleanUpTime) })
    await cleanUp.catch((failure: unknown) => {
      // The copy's own failure matters more; what could not be removed is listed as an unfinished upload.
      if (!isStorageError(failure)) throw failure
    })
    throw error
  }
}

async function copySegments(
  client: SwiftClient,
  source: FileInfo,
  target: FileLocation,
  { upload, partSize, signal }: { readonly upload: string; readonly partSize: number; readonly signal: AbortSignal },
): Promise<Segment[]> {
  const count = Math.ceil(source.size / partSize)
  const segments: Segment[] = []
  await inParallel(
    Array(count).keys(),
    parallelism,
    async (index, signal) => {
      const start = index * partSize
      const end = Math.min(start + partSize, source.size) - 1
      const path = partName(target.file, upload, index + 1, randomBytes(6).toString('base64url'))
      const { headers } = await copyRequest(client, source, target, {
        headers: { range: `bytes=${start}-${end}`, 'content-type': 'application/octet-stream' },
        object: { container: segmentsOf(target.container), object: path },
        signal,
      })
      const { etag } = headers
      if (etag === undefined) throw badAnswer('a copy without an ETag')
      segments[index] = { path, etag: etag.replaceAll('"', ''), size_bytes: end - start + 1 }
    },
    signal,
  )
  return segments
}
