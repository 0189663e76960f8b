/**
 * Direct uploads: clients send segments to temporary URLs. Such a URL stays valid for its lifetime,
 * so a client could change the segment of a complete file. `completeUpload` therefore copies these
 * segments to names for which there is no URL.
 */
import type { PartUpload, SignedUrl, SignPartCallOptions } from '@stowage/core/provider'
import type { SwiftClient } from './client/client.js'
import { segmentsContainer } from './mapping/names.js'
import { newDirectAttemptId, partName } from './segments/layout.js'
import { signObject } from './signing.js'
import { checkId } from './uploads.js'

/** Signs a URL for one segment. The service does not enforce its size. */
export async function signPart(
  client: SwiftClient,
  upload: PartUpload,
  { partNumber, expiresIn, signal }: SignPartCallOptions,
): Promise<SignedUrl> {
  checkId(upload)
  const object = partName(upload.file, upload.id, partNumber, newDirectAttemptId())
  return signObject(client, { container: segmentsContainer(upload.container), object }, 'PUT', { expiresIn, signal })
}
