import { BlobBatch } from '@azure/storage-blob'
import {
  type CallOptions,
  defined,
  isStorageError,
  type RemoveCallOptions,
  type RemoveOutcome,
  StorageError,
} from '@stowage/core/provider'
import type { Account } from './client/account.js'
import { request, responseError } from './mapping/errors.js'
import { getFile } from './reader.js'

/** Azure's maximum number of requests in one batch. */
const batchSize = 256

export async function removeFile(
  account: Account,
  container: string,
  file: string,
  { conditions: { ifMatch }, signal }: RemoveCallOptions,
): Promise<void> {
  try {
    await request({ container, file }, () =>
      account.file(container, file).delete({
        abortSignal: signal,
        // Without this, a file with snapshots could not be deleted.
        deleteSnapshots: 'include',
        conditions: defined({ ifMatch }),
      }),
    )
  } catch (error) {
    // Azure reports a missing blob as a failed condition.
    if (isStorageError(error, 'PRECONDITION_FAILED'))
      await getFile(account, container, file, { conditions: {}, signal })
    throw error
  }
}

export async function removeFiles(
  account: Account,
  container: string,
  files: readonly string[],
  { signal }: CallOptions,
): Promise<readonly RemoveOutcome[]> {
  const outcomes: RemoveOutcome[] = []
  for (let start = 0; start < files.length; start += batchSize) {
    const batch = files.slice(start, start + batchSize)
    try {
      outcomes.push(...(await removeBatch(account, container, batch, signal)))
    } catch (error) {
      if (start === 0 || !isStorageError(error) || signal.aborted) throw error
      outcomes.push(...batch.map((file) => ({ file, error })))
    }
  }
  return outcomes
}

async function removeBatch(
  account: Account,
  container: string,
  files: readonly string[],
  signal: AbortSignal,
): Promise<RemoveOutcome[]> {
  const resource = { container }
  const { subResponses } = await request(resource, async () => {
    const batch = new BlobBatch()
    for (const file of files) await batch.deleteBlob(account.file(container, file), { deleteSnapshots: 'include' })
    return account.container(container).getBlobBatchClient().submitBatch(batch, { abortSignal: signal })
  })
  return files.map((file, index): RemoveOutcome => {
    const response = subResponses[index]
    if (response === undefined) {
      return {
        file,
        error: new StorageError('BAD_RESPONSE', 'the response to the batch has no result for the file', { file }),
      }
    }
    const { status, errorCode } = response
    if (status < 300) return { file }
    const error = responseError(status, errorCode, { container, file }, new Error(`status ${status}`))
    if (error.code === 'CONTAINER_NOT_FOUND') throw error
    return error.code === 'FILE_NOT_FOUND' ? { file } : { file, error }
  })
}
