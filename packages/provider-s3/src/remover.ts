import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3'
import {
  type CallOptions,
  checkWriteConditions,
  inParallel,
  isStorageError,
  type RemoveCallOptions,
  type RemoveOutcome,
  type StorageError,
} from '@stowage/core/provider'
import type { Connection } from './client/connection.js'
import { explain } from './mapping/errors.js'
import { isXmlText, keyOf } from './mapping/names.js'
import { getFile } from './reader.js'

/** How often the deletion of the current version is attempted. */
const maxReplacements = 10

/**
 * Deletes a file. Reads it first, because the service reports success for a file that does not
 * exist.
 */
export async function removeFile(
  connection: Connection,
  container: string,
  file: string,
  { signal, conditions }: RemoveCallOptions,
): Promise<void> {
  for (let replaced = 0; ; replaced++) {
    const info = await getFile(connection, container, file, { signal, conditions: {} })
    checkWriteConditions(info, conditions)
    const native = connection.options.conditionalRemovals ? { IfMatch: info.etag } : {}
    try {
      const command = new DeleteObjectCommand({ Bucket: container, Key: keyOf(file), ...native })
      await connection.send(command, signal, { container, file })
      return
    } catch (error) {
      const isAnyVersion = conditions.ifMatch === undefined || conditions.ifMatch === '*'
      if (!isAnyVersion || replaced >= maxReplacements || !isStorageError(error, 'PRECONDITION_FAILED')) throw error
    }
  }
}

/** Concurrent requests for keys that a batch cannot contain. */
const parallelism = 8

export async function removeFiles(
  connection: Connection,
  container: string,
  files: readonly string[],
  { signal }: CallOptions,
): Promise<readonly RemoveOutcome[]> {
  const errors = new Map<string, StorageError>()
  const keys = new Map<string, string>()
  for (const file of files) {
    try {
      keys.set(keyOf(file), file)
    } catch (error) {
      // The service cannot have a file with this name.
      if (!isStorageError(error, 'INVALID_NAME')) throw error
    }
  }
  const all = [...keys.keys()]
  const batched = all.filter(isXmlText)
  const failed = await removeKeys(connection, container, batched, signal)
  for (const [key, error] of failed) errors.set(keys.get(key) ?? key, error)
  const others = all.filter((key) => !isXmlText(key))
  await inParallel(others, parallelism, async (key) => {
    const file = keys.get(key) as string
    try {
      await connection.send(new DeleteObjectCommand({ Bucket: container, Key: key }), signal, { container, file })
    } catch (error) {
      if (signal.aborted || isStorageError(error, 'CONTAINER_NOT_FOUND')) throw error
      if (!isStorageError(error, 'FILE_NOT_FOUND')) errors.set(file, explain(error, { container, file }))
    }
  })
  return files.map((file) => {
    const error = errors.get(file)
    return error === undefined ? { file } : { file, error }
  })
}

export interface ObjectVersion {
  readonly Key: string
  readonly VersionId?: string
}

/**
 * Keys in one request. Amazon and the other services accept 1,000. Some (Swift's s3api) delete one
 * after the other and send no data in that time, for longer than the idle timeout.
 */
const batchSize = ({ options }: Connection) => (options.amazon ? 1000 : 250)

/**
 * Deletes any number of keys that XML can contain, and returns the errors of those that were not
 * deleted.
 */
export async function removeKeys(
  connection: Connection,
  container: string,
  keys: readonly (string | ObjectVersion)[],
  signal: AbortSignal,
): Promise<Map<string, StorageError>> {
  const failed = new Map<string, StorageError>()
  const size = batchSize(connection)
  for (let start = 0; start < keys.length; start += size) {
    const batch = keys.slice(start, start + size).map((key) => (typeof key === 'string' ? { Key: key } : { ...key }))
    const command = new DeleteObjectsCommand({ Bucket: container, Delete: { Objects: batch, Quiet: true } })
    const { Errors = [] } = await connection.send(command, signal, { container })
    for (const { Key = '', Code = '' } of Errors) {
      if (Code === 'NoSuchKey') continue
      const sdkError = Object.assign(new Error(), { name: Code, $metadata: { httpStatusCode: 400 } })
      failed.set(Key, explain(sdkError, { container, file: Key }))
    }
  }
  return failed
}
