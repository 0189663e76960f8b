/**
 * Completing a part upload, also when the answer to it is lost.
 */
import type { UploadingProvider } from '../checks/provider.js'
import { errorCodes, isStorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import type { CompleteUploadCallOptions, PartUpload, StorageProvider } from '../contract/provider.js'
import type { RetryPolicy } from '../service/retry.js'
import { totalSize } from './stored-size.js'

/**
 * A completion whose outcome is not known is asked for again. If the first request was carried out
 * the service does not know the upload any more, and the file that is there, with the size of the
 * parts, is it. Every other end leaves the outcome unknown, and the first error is told.
 */
export async function completeUpload(
  provider: UploadingProvider,
  retry: RetryPolicy,
  upload: PartUpload,
  options: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  let lost: unknown
  const complete = async () => {
    try {
      return await provider.completeUpload(upload, options)
    } catch (error) {
      if (isStorageError(error) && errorCodes[error.code].retry === 'idempotent') lost ??= error
      throw error
    }
  }
  try {
    return await retry.runTransfer(options.signal, true, complete)
  } catch (error) {
    if (lost === undefined || options.signal.aborted) throw error
    if (!isStorageError(error, 'UPLOAD_NOT_FOUND')) throw lost
    return found(provider, retry, upload, options).catch(() => {
      throw lost
    })
  }
}

async function found(
  provider: StorageProvider,
  retry: RetryPolicy,
  { container, file }: PartUpload,
  { signal, parts }: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  const info = await retry.run(signal, true, () => provider.getFile(container, file, { signal, conditions: {} }))
  if (info.size !== totalSize(parts)) throw new Error('somebody else has written the file since')
  return info
}
