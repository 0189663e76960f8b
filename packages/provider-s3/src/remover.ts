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
import type { Connection } from './connection.js'
import { explain } from './errors.js'
import { isXmlText, keyOf } from './names.js'
import { getFile } from './reader.js'

/** Tries of a removal of whatever version is there. */
const maxReplacements = 10

/** The service answers a removal of nothing as one of something, so the file is looked at first. */
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
      const again = conditions.ifMatch === undefined || conditions.ifMatch === '*'
      if (!again || replaced >= maxReplacements || !isStorageError(error, 'PRECONDITION_FAILED')) throw error
    }
  }
}

/** Requests under way at once, of those that a batch can't hold. */
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
      // A name that the service can't hold is the name of no file there.
      if (!isStorageError(error, 'INVALID_NAME')) throw error
    }
  }
  const all = [...keys.keys()]
  const batched = all.filter(isXmlText)
  const failed = await removeKeys(connection, container, batched, signal)
  for (const [key, error] of failed) errors.set(keys.get(key) ?? key, error)
  const single = all.filter((key) => !isXmlText(key))
  await inParallel(single, parallelism, async (key) => {
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
 * Keys in one request. Amazon takes 1,000 and so do the others, of which some (Swift's s3api) remove one after the other and say nothing
 * meanwhile, for longer than a connection may be silent.
 */
const batchSize = ({ options }: Connection) => (options.amazon ? 1000 : 250)

/** Any number of keys that XML can hold; those that could not be removed. */
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
      const refused = Object.assign(new Error(), { name: Code, $metadata: { httpStatusCode: 400 } })
      failed.set(Key, explain(refused, { container, file: Key }))
    }
  }
  return failed
}
