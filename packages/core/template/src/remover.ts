import {
  type CallOptions,
  inParallel,
  isStorageError,
  type RemoveCallOptions,
  type RemoveOutcome,
} from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { getContainer } from './containers.js'
import { translated } from './errors.js'

/** Requests that are pending at the same time. */
const parallelism = 8

export async function removeFile(
  { client }: Connection,
  container: string,
  file: string,
  { conditions }: RemoveCallOptions,
): Promise<void> {
  await translated(client.deleteObject(container, file, conditions), container, file)
}

export async function removeFiles(
  connection: Connection,
  container: string,
  files: readonly string[],
  { signal }: CallOptions,
): Promise<readonly RemoveOutcome[]> {
  await getContainer(connection, container)
  const outcomes = files.map((file): RemoveOutcome => ({ file }))
  await inParallel(
    [...files.entries()],
    parallelism,
    async ([index, file]) => {
      try {
        await translated(connection.client.deleteObject(container, file), container, file)
      } catch (error) {
        if (!isStorageError(error)) throw error
        if (error.code !== 'FILE_NOT_FOUND') outcomes[index] = { file, error }
      }
    },
    signal,
  )
  return outcomes
}
