/**
 * Direct uploads: clients stage the blocks of an upload's blob with a shared access signature. The
 * signature is for the blob, not for one block, and the blob is never the file: `completeUpload`
 * copies it after the check.
 */
import { BlobSASPermissions } from '@azure/storage-blob'
import type { PartUpload, SignedUrl, SignPartCallOptions } from '@stowage/core/provider'
import type { Account } from './client/account.js'
import { signature } from './signing.js'
import { blockId, checkId, newDirectTag, partsBlob } from './uploads.js'

/**
 * Signs a URL that stages one block. The service enforces neither the block's size nor its id, so
 * `completeUpload` checks the blob's size.
 */
export async function signPart(
  account: Account,
  upload: PartUpload,
  { partNumber, expiresIn, signal }: SignPartCallOptions,
): Promise<SignedUrl> {
  checkId(upload)
  const { container, id } = upload
  // Signatures have a resolution of one second.
  const expires = new Date((Math.floor(Date.now() / 1000) + expiresIn) * 1000)
  const blob = account.blob(container, partsBlob(id))
  const query = await signature(
    account,
    { signal },
    {
      containerName: container,
      blobName: blob.name,
      permissions: BlobSASPermissions.parse('w'),
      expiresOn: expires,
    },
  )
  const block = encodeURIComponent(blockId(partNumber, newDirectTag()))
  return { url: `${blob.url}?comp=block&blockid=${block}&${query}`, method: 'PUT', headers: {}, expires }
}
