/**
 * Copies on the service. An object that is not large is copied in one request; a large one range by
 * range, into separate parts.
 *
 * A copied manifest would share its parts with the original, and lose them when the original is
 * deleted. If a large object is copied into one that is not large, the service's records keep the
 * large one's ETag, so that no `If-Match` ever succeeds.
 */
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
import type { SwiftClient, SwiftResponse } from './client/client.js'
import { notFoundError, requireContainer } from './containers.js'
import { etagOf, isLargeObject, type StoredAttributes, toHeaders } from './mapping/attributes.js'
import { createOnlyHeaders, currentFile } from './mapping/conditions.js'
import { badResponse } from './mapping/errors.js'
import { objectName, pathOf, segmentsContainer } from './mapping/names.js'
import { readInfo } from './reader.js'
import { newAttemptId, partName } from './segments/layout.js'
import { deletePreviousParts } from './segments/stale-parts.js'
import { abortUpload, finishUpload, putManifest, type Segment, startUpload } from './uploads.js'
import { writtenFile } from './writer.js'

/** How often a copy is attempted if its source is replaced during the copy. */
const maxAttempts = 5
/** Concurrent requests of one copy. */
const parallelism = 4
/** Milliseconds that the service may take for one copy. */
const responseTimeout = 1_800_000
/** Milliseconds that the clean-up after a failure may take. */
const cleanUpTime = 30_000

export async function copyFile(
  client: SwiftClient,
  source: FileLocation,
  target: FileLocation,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  const { ifSourceMatch, conditions, signal } = options
  for (let attempt = 1; ; attempt++) {
    const { info, headers } = await readInfo(client, source, signal)
    checkWriteConditions(info, ifSourceMatch === undefined ? {} : { ifMatch: ifSourceMatch })
    if (conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined) {
      checkWriteConditions(await currentFile(client, target, signal), conditions)
    }
    const stored = { attributes: options.attributes ?? attributesOf(info), checksums: info.checksums }
    try {
      return info.size <= client.copyLimits.singleCopySize && !isLargeObject(headers)
        ? await copyInOneRequest(client, info, target, stored, signal)
        : await copyInParts(client, info, target, stored, options)
    } catch (error) {
      if (!(error instanceof SourceReplacedError)) throw error
      if (attempt === maxAttempts)
        throw new StorageError('PRECONDITION_FAILED', 'the source was replaced repeatedly while it was being copied')
    }
  }
}

/** The source is not the version whose attributes were read. */
class SourceReplacedError extends Error {}

const locationOf = ({ container, name }: FileInfo): FileLocation => ({ container, file: name })

async function copyInOneRequest(
  client: SwiftClient,
  source: FileInfo,
  target: FileLocation,
  stored: StoredAttributes,
  signal: AbortSignal,
): Promise<WrittenFile> {
  const { attributes, checksums } = stored
  const { headers } = await copyRequest(client, source, target, {
    headers: toHeaders({ attributes, checksums: { sha256: checksums.sha256 } }),
    object: { container: target.container, object: objectName(target.file) },
    signal,
  })
  await deletePreviousParts(client, target)
  const etag = etagOf(headers)
  return writtenFile(target, source.size, etag, { attributes, checksums: { ...checksums, md5: etag.slice(1, -1) } })
}

/**
 * Copies the source, or a range of it, in one request, if it is still the version whose attributes
 * were read.
 */
async function copyRequest(
  client: SwiftClient,
  source: FileInfo,
  target: FileLocation,
  request: {
    readonly headers: Readonly<Record<string, string>>
    readonly object: { readonly container: string; readonly object: string }
    readonly signal: AbortSignal
  },
): Promise<SwiftResponse> {
  const { signal } = request
  const response = await client.request({
    method: 'PUT',
    ...request.object,
    headers: {
      ...request.headers,
      'x-copy-from': pathOf(source.container, objectName(source.name)),
      // Without the source's metadata, which names the upload that the source came from.
      'x-fresh-metadata': 'true',
      'if-match': source.etag,
    },
    body: Buffer.alloc(0),
    signal,
    commits: true,
    responseTimeout,
    allow: [404, 412],
  })
  if (response.status === 412) throw new SourceReplacedError()
  if (response.status === 404) {
    await requireContainer(client, target.container, signal)
    throw await notFoundError(client, locationOf(source), signal)
  }
  return response
}

async function copyInParts(
  client: SwiftClient,
  source: FileInfo,
  target: FileLocation,
  stored: StoredAttributes,
  { conditions, native, signal }: CopyCallOptions,
): Promise<WrittenFile> {
  const partSize = Math.max(client.copyLimits.copyPartSize, Math.ceil(source.size / maxParts))
  const upload = await startUpload(client, target.container, target.file, { ...stored, native, partSize, signal })
  try {
    const segments = await copySegments(client, source, target, { upload: upload.id, partSize, signal })
    const response = await putManifest(
      client,
      target,
      segments,
      { ...stored, upload: upload.id },
      {
        headers: createOnlyHeaders(conditions),
        signal,
      },
    )
    await finishUpload(client, upload, new Set(segments.map(({ path }) => path)))
    return writtenFile(target, source.size, etagOf(response.headers), stored)
  } catch (error) {
    const cleanUp = abortUpload(client, upload, { signal: AbortSignal.timeout(cleanUpTime) })
    await cleanUp.catch((failure: unknown) => {
      // The failure of the copy is more useful. Parts that remain are listed as an unfinished
      // upload.
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
      const path = partName(target.file, upload, index + 1, newAttemptId())
      const { headers } = await copyRequest(client, source, target, {
        headers: { range: `bytes=${start}-${end}`, 'content-type': 'application/octet-stream' },
        object: { container: segmentsContainer(target.container), object: path },
        signal,
      })
      const { etag } = headers
      if (etag === undefined) throw badResponse('a copy has no ETag')
      segments[index] = { path, etag: etag.replaceAll('"', ''), size_bytes: end - start + 1 }
    },
    signal,
  )
  return segments
}
