/** Writes files in one request each. */
import { createHash } from 'node:crypto'
import {
  containerNotFound,
  defined,
  type FileLocation,
  type ProviderBody,
  type PutCallOptions,
  StorageError,
  type WrittenFile,
} from '@stowage/core/provider'
import type { SwiftClient, SwiftResponse } from './client/client.js'
import { quoted, type StoredAttributes, toHeaders } from './mapping/attributes.js'
import { checkIfMatch, createOnlyHeaders } from './mapping/conditions.js'
import { responseCause } from './mapping/errors.js'
import { objectName } from './mapping/names.js'
import { deletePreviousParts } from './segments/stale-parts.js'

/** Returns a body's bytes. Bodies are in memory, because `capabilities.streamingPut` is false. */
export function bytesOf(body: ProviderBody): Uint8Array {
  if (body instanceof Uint8Array) return body
  throw new StorageError('INTERNAL', 'the provider received a stream, which its capabilities exclude')
}

export async function putFile(
  client: SwiftClient,
  container: string,
  file: string,
  body: ProviderBody,
  options: Pick<PutCallOptions, 'attributes' | 'checksums' | 'conditions' | 'signal'>,
): Promise<WrittenFile> {
  const location = { container, file }
  const content = bytesOf(body)
  const { attributes, checksums, conditions, signal } = options
  await checkIfMatch(client, location, conditions, signal)
  const response = await client.request({
    method: 'PUT',
    container: location.container,
    object: objectName(location.file),
    headers: {
      ...toHeaders({ attributes, checksums: { sha256: checksums.sha256 } }),
      ...createOnlyHeaders(conditions),
      // Swift stores nothing if the body has another MD5.
      ...defined({ etag: checksums.md5 }),
    },
    body: content,
    signal,
    commits: true,
    allow: [404, 412],
  })
  checkWriteResponse(response, location)
  await deletePreviousParts(client, location)
  // If a later write of another client was stored first, Swift responds with 202 and without an
  // ETag.
  const etag = quoted(response.headers['etag'] ?? createHash('md5').update(content).digest('hex'))
  return writtenFile(location, content.length, etag, {
    attributes,
    checksums: { ...checksums, md5: etag.slice(1, -1) },
  })
}

/** Makes the result of a write. It has no modification time, which only a read returns. */
export function writtenFile(location: FileLocation, size: number, etag: string, stored: StoredAttributes): WrittenFile {
  return {
    ...stored.attributes,
    container: location.container,
    name: location.file,
    size,
    etag,
    checksums: stored.checksums,
  }
}

/** Throws the error of a 404 or a 412 in response to the write of an object. */
export function checkWriteResponse({ status, headers }: SwiftResponse, { container }: FileLocation): void {
  const cause = responseCause('PUT', status, headers)
  if (status === 404) throw containerNotFound(container, cause)
  if (status === 412) throw new StorageError('PRECONDITION_FAILED', 'the file exists', { cause })
}
