/** Conditions on writes. */
import {
  checkWriteConditions,
  type FileInfo,
  isStorageError,
  StorageError,
  type WriteConditions,
} from '@stowage/core/provider'
import type { Connection } from '../client/connection.js'
import { getFile } from '../reader.js'

export interface ConditionalWrite {
  readonly container: string
  readonly file: string
  readonly conditions: WriteConditions
  readonly signal: AbortSignal
}

/** The parameters of a condition on a write. */
export interface NativeWriteConditions {
  readonly IfMatch?: string
  readonly IfNoneMatch?: string
}

/**
 * How often a write with `ifMatch: '*'` is attempted, each time with the ETag of the current
 * version.
 */
const maxReplacements = 10

/**
 * Sends a write with a condition that the service checks atomically.
 *
 * Services do not support `ifMatch: '*'`, so the write has the ETag of the current version. Some
 * services (Ceph before Reef) compare the header with the ETag without its quotes. If a condition
 * fails that should succeed, it is sent without quotes, and the form that succeeds is kept for
 * later writes.
 */
export async function writeWithConditions<T>(
  connection: Connection,
  write: ConditionalWrite,
  send: (native: NativeWriteConditions) => Promise<T>,
): Promise<T> {
  const { ifMatch, ifNoneMatch } = write.conditions
  if (ifNoneMatch !== undefined) return send({ IfNoneMatch: '*' })
  if (ifMatch === undefined) return send({})
  if (ifMatch !== '*') return sendMatching(connection, write, ifMatch, send)
  for (let replaced = 0; ; replaced++) {
    const { etag } = await existingFile(connection, write)
    try {
      return await sendMatching(connection, write, etag, send)
    } catch (error) {
      if (replaced >= maxReplacements || !isStorageError(error, 'PRECONDITION_FAILED')) throw error
    }
  }
}

/** Returns the current version. Fails with `PRECONDITION_FAILED` if the file does not exist. */
async function existingFile(connection: Connection, { container, file, signal }: ConditionalWrite): Promise<FileInfo> {
  const found = await findFile(connection, { container, file, signal })
  checkWriteConditions(found, { ifMatch: '*' })
  return found as FileInfo
}

async function findFile(
  connection: Connection,
  { container, file, signal }: Pick<ConditionalWrite, 'container' | 'file' | 'signal'>,
): Promise<FileInfo | undefined> {
  try {
    return await getFile(connection, container, file, { signal, conditions: {} })
  } catch (error) {
    if (isStorageError(error, 'FILE_NOT_FOUND')) return undefined
    throw error
  }
}

async function sendMatching<T>(
  connection: Connection,
  write: ConditionalWrite,
  etag: string,
  send: (native: NativeWriteConditions) => Promise<T>,
): Promise<T> {
  const unquoted = etag.slice(1, -1)
  try {
    const result = await send({ IfMatch: connection.etagForm === 'unquoted' ? unquoted : etag })
    connection.etagForm ??= 'quoted'
    return result
  } catch (error) {
    // Amazon reports a missing file as such, not as a failed condition.
    if (isStorageError(error, 'FILE_NOT_FOUND')) {
      throw new StorageError('PRECONDITION_FAILED', 'the file does not exist', { cause: error.cause })
    }
    if (connection.etagForm !== undefined || !isStorageError(error, 'PRECONDITION_FAILED')) throw error
    if ((await findFile(connection, write))?.etag !== etag) throw error
    const result = await send({ IfMatch: unquoted })
    connection.etagForm = 'unquoted'
    return result
  }
}

/**
 * Returns the parameters of a condition on a copy or a completed multipart upload. If the service
 * ignores them there, checks the condition with a separate request, and returns none.
 */
export async function prepareConditions(
  connection: Connection,
  write: ConditionalWrite,
): Promise<NativeWriteConditions> {
  const { ifMatch, ifNoneMatch } = write.conditions
  if (ifMatch === undefined && ifNoneMatch === undefined) return {}
  if (connection.options.conditionalWrites === 'all') {
    if (ifNoneMatch !== undefined) return { IfNoneMatch: '*' }
    return { IfMatch: ifMatch === '*' ? (await existingFile(connection, write)).etag : (ifMatch as string) }
  }
  checkWriteConditions(await findFile(connection, write), write.conditions)
  return {}
}
