/**
 * The size that a provider says it stored, compared with the bytes that it was sent: the last guard
 * against a file that is not whole.
 */
import { isStorageError, StorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import type { StorageProvider, UploadedPart } from '../contract/provider.js'
import type { RetryPolicy } from '../service/retry.js'

/** Milliseconds that the removal of a wrong file may take. */
const removalTime = 30_000

const wrongSize = (what: string, stored: number | undefined, sent: number | undefined) =>
  new StorageError(
    'INTERNAL',
    sent === undefined
      ? 'the provider did not read the body to its end'
      : `the provider says that ${what} has ${stored} bytes, and it was sent ${sent}`,
  )

/**
 * `INTERNAL`, and the file is removed, unless it has as many bytes as were sent.
 *
 * @param sent `undefined`: the provider left the body before its end.
 */
export async function checkWritten(
  provider: StorageProvider,
  retry: RetryPolicy,
  written: WrittenFile,
  sent: number | undefined,
): Promise<WrittenFile> {
  if (sent !== undefined && written?.size === sent) return written
  const error = wrongSize('the file', written?.size, sent)
  if (written !== undefined) await removeVersion(provider, retry, written)
  throw error
}

/**
 * `INTERNAL` unless the part has as many bytes as were sent. It is in no file yet, and the next one
 * of its number takes its place.
 */
export function checkUploadedPart(part: UploadedPart, sent: number | undefined): UploadedPart {
  if (sent !== undefined && part?.size === sent) return part
  throw wrongSize('the part', part?.size, sent)
}

export const totalSize = (parts: readonly UploadedPart[]): number => parts.reduce((total, { size }) => total + size, 0)

/**
 * Removes the version that was written, and no later one. That it is wrong matters more than that
 * it cannot be removed.
 */
async function removeVersion(provider: StorageProvider, retry: RetryPolicy, written: WrittenFile): Promise<void> {
  const { container, name, etag } = written
  const signal = AbortSignal.timeout(removalTime)
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
