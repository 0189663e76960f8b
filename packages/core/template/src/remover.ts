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
  { conditions, signal }: RemoveCallOptions,
): Promise<void> {
  await translated(client.deleteObject(container, file, conditions), { container, file, signal })
}

export async function removeFiles(
  connection: Connection,
  container: string,
  files: readonly string[],
  options: CallOptions,
): Promise<readonly RemoveOutcome[]> {
  await getContainer(connection, container, options)
  const outcomes = files.map((file): RemoveOutcome => ({ file }))
  await inParallel(
    [...files.entries()],
    parallelism,
    async ([index, file], signal) => {
      try {
        await translated(connection.client.deleteObject(container, file), { container, file, signal })
      } catch (error) {
        if (!isStorageError(error)) throw error
        if (error.code !== 'FILE_NOT_FOUND') outcomes[index] = { file, error }
      }
    },
    options.signal,
  )
  return outcomes
}
