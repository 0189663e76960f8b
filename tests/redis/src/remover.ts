import { type CallOptions, isStorageError, type RemoveCallOptions, type RemoveOutcome } from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { getContainer } from './containers.js'
import { errorOf } from './errors.js'
import * as scripts from './scripts/files.js'

export async function removeFile(
  connection: Connection,
  container: string,
  file: string,
  { conditions: { ifMatch = '' }, signal }: RemoveCallOptions,
): Promise<void> {
  await connection.script(signal, scripts.removeFile, [container, file, ifMatch])
}

/** Redis executes the commands of one connection in their order, so they are sent at once. */
export async function removeFiles(
  connection: Connection,
  container: string,
  files: readonly string[],
  options: CallOptions,
): Promise<readonly RemoveOutcome[]> {
  await getContainer(connection, container, options)
  return Promise.all(
    files.map(async (file): Promise<RemoveOutcome> => {
      try {
        await removeFile(connection, container, file, { ...options, conditions: {} })
        return { file }
      } catch (thrown) {
        const error = errorOf(thrown)
        if (!isStorageError(error)) throw error
        return error.code === 'FILE_NOT_FOUND' ? { file } : { file, error }
      }
    }),
  )
}
