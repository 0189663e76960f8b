/**
 * Compares the size that a provider stored with the bytes that were sent: the last check against a
 * truncated file.
 */
import { isStorageError, StorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import type { StorageProvider, UploadedPart } from '../contract/provider.js'
import type { RetryPolicy } from '../service/retry.js'

/** Milliseconds for the deletion of a wrong file. */
const removalTimeout = 30_000

const wrongSizeError = (what: string, stored: number | undefined, sent: number | undefined) =>
  new StorageError(
    'INTERNAL',
    sent === undefined
      ? 'the provider did not read the body to its end'
      : `the provider stored ${stored} bytes of ${what} instead of ${sent}`,
  )

/**
 * Checks that a file has as many bytes as were sent. Otherwise deletes the file and fails with
 * `INTERNAL`.
 *
 * @param sent `undefined` if the provider did not read the body to its end.
 */
export async function checkWritten(
  provider: StorageProvider,
  retry: RetryPolicy,
  written: WrittenFile,
  sent: number | undefined,
): Promise<WrittenFile> {
  if (sent !== undefined && written?.size === sent) return written
  const error = wrongSizeError('the file', written?.size, sent)
  if (written !== undefined) await removeVersion(provider, retry, written)
  throw error
}

/**
 * Checks that a part has as many bytes as were sent. The part is not in a file yet, and a later
 * part of its number replaces it.
 *
 * @throws `INTERNAL`.
 */
export function checkUploadedPart(part: UploadedPart, sent: number | undefined): UploadedPart {
  if (sent !== undefined && part?.size === sent) return part
  throw wrongSizeError('the part', part?.size, sent)
}

export const totalSize = (parts: readonly UploadedPart[]): number => parts.reduce((total, { size }) => total + size, 0)

/**
 * Deletes the version that was written, and no later one. A failure to delete it is ignored,
 * because the wrong size is the more important error.
 */
async function removeVersion(provider: StorageProvider, retry: RetryPolicy, written: WrittenFile): Promise<void> {
  const { container, name, etag } = written
  const signal = AbortSignal.timeout(removalTimeout)
  const isConditional = provider.capabilities.conditions.remove !== false
  const conditions = isConditional ? { ifMatch: etag } : {}
  try {
    await retry.run(signal, true, async () => {
      if (!isConditional) {
        const present = await provider.getFile(container, name, { signal, conditions: {} })
        if (present.etag !== etag) return
      }
      await provider.removeFile(container, name, { signal, conditions })
    })
  } catch (error) {
    if (!isStorageError(error)) throw error
  }
}
