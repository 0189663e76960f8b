/**
 * Writing: one put, and what a write leaves behind of the version before.
 */
import { createHash } from 'node:crypto'
import {
  checkWriteConditions,
  containerNotFound,
  type FileInfo,
  type FileLocation,
  isStorageError,
  type ProviderBody,
  type PutCallOptions,
  StorageError,
  type WriteConditions,
  type WrittenFile,
} from '@stowage/core/provider'
import type { SwiftAnswer, SwiftClient } from './client.js'
import { answerCause } from './errors.js'
import { type Description, quoted, toHeaders } from './metadata.js'
import { objectName } from './names.js'
import { look } from './reader.js'
import { removePartsBefore } from './stale-parts.js'

/** Bodies come in memory, since `capabilities.streamingPut` is false. */
export function inMemory(body: ProviderBody): Uint8Array {
  if (body instanceof Uint8Array) return body
  throw new StorageError('INTERNAL', 'the provider was given a stream, which its capabilities rule out')
}

export async function putFile(
  client: SwiftClient,
  container: string,
  file: string,
  body: ProviderBody,
  options: Pick<PutCallOptions, 'attributes' | 'checksums' | 'conditions' | 'signal'>,
): Promise<WrittenFile> {
  const location = { container, file }
  const content = inMemory(body)
  const { attributes, checksums, conditions, signal } = options
  await checkPresent(client, location, conditions, signal)
  const answer = await client.request({
    method: 'PUT',
    container: location.container,
    object: objectName(location.file),
    headers: {
      ...toHeaders({ attributes, checksums: { sha256: checksums.sha256 } }),
      ...createOnly(conditions),
      // Swift stores nothing when what arrives has another MD5.
      ...(checksums.md5 === undefined ? {} : { etag: checksums.md5 }),
    },
    body: content,
    signal,
    commits: true,
    allow: [404, 412],
  })
  refusedWrite(answer, location)
  await removePartsBefore(client, location)
  // When somebody else's later write came first, Swift says that it has taken this one (202), and not which ETag it had.
  const etag = quoted(answer.headers['etag'] ?? createHash('md5').update(content).digest('hex'))
  return written(location, content.length, etag, { attributes, checksums: { ...checksums, md5: etag.slice(1, -1) } })
}

/** What is returned for a file just written; its time is known when it is looked at again. */
export function written(location: FileLocation, size: number, etag: string, described: Description): WrittenFile {
  return {
    ...described.attributes,
    container: location.container,
    name: location.file,
    size,
    etag,
    checksums: described.checksums,
  }
}

export const createOnly = (conditions: WriteConditions): Record<string, string> =>
  conditions.ifNoneMatch === undefined ? {} : { 'if-none-match': '*' }

/** Throws what a 404 or a 412 means that answers the writing of an object. */
export function refusedWrite({ status, headers }: SwiftAnswer, { container }: FileLocation): void {
  const cause = answerCause('PUT', status, headers)
  if (status === 404) throw containerNotFound(container, cause)
  if (status === 412) throw new StorageError('PRECONDITION_FAILED', 'the file exists', { cause })
}

/** `ifMatch`, which Swift has not on writes and removals: looked at in a request of its own before. */
export async function checkPresent(
  client: SwiftClient,
  location: FileLocation,
  conditions: WriteConditions,
  signal: AbortSignal,
): Promise<void> {
  if (conditions.ifMatch !== undefined) checkWriteConditions(await present(client, location, signal), conditions)
}

/** The version that all replicas agree on, if there is one. */
export async function present(
  client: SwiftClient,
  location: FileLocation,
  signal: AbortSignal,
): Promise<FileInfo | undefined> {
  try {
    return (await look(client, location, signal, { 'x-newest': 'true' })).info
  } catch (error) {
    if (isStorageError(error, 'FILE_NOT_FOUND')) return undefined
    throw error
  }
}
