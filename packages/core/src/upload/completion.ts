/** Completes a multipart upload, also if the outcome of a request is unknown. */
import type { UploadingProvider } from '../checks/provider.js'
import { errorCodes, isStorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import type { CompleteUploadCallOptions, PartUpload, StorageProvider } from '../contract/provider.js'
import type { RetryPolicy } from '../service/retry.js'
import { totalSize } from './stored-size.js'

/**
 * Completes an upload, and retries if the outcome is unknown. If an earlier request was executed,
 * the service no longer knows the upload, and the file with the size of the parts is the result. In
 * all other cases the outcome stays unknown, and the first error is thrown.
 */
export async function completeUpload(
  provider: UploadingProvider,
  retry: RetryPolicy,
  upload: PartUpload,
  options: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  let unknownOutcome: unknown
  const complete = async () => {
    try {
      return await provider.completeUpload(upload, options)
    } catch (error) {
      if (isStorageError(error) && errorCodes[error.code].retry === 'idempotent') unknownOutcome ??= error
      throw error
    }
  }
  try {
    return await retry.runTransfer(options.signal, true, complete)
  } catch (error) {
    if (unknownOutcome === undefined || options.signal.aborted) throw error
    if (!isStorageError(error, 'UPLOAD_NOT_FOUND')) throw unknownOutcome
    return completedFile(provider, retry, upload, options).catch(() => {
      throw unknownOutcome
    })
  }
}

async function completedFile(
  provider: StorageProvider,
  retry: RetryPolicy,
  { container, file }: PartUpload,
  { signal, parts }: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  const info = await retry.run(signal, true, () => provider.getFile(container, file, { signal, conditions: {} }))
  if (info.size !== totalSize(parts)) throw new Error('another client has written the file')
  return info
}
