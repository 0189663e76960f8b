/**
 * URLs for the parts of a direct upload: of the service, or of the router where the service has
 * none.
 */
import type { ResumableUpload, SignedPart } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import type { RequestContext } from '../routes/request-context.js'
import { rulesOf } from './open-ticket.js'
import { permittedUrl } from './own-urls.js'

export interface PartRange {
  readonly from: number
  readonly to: number
  /** Whether the client needs the ETag in the response to a part. */
  readonly needsETag?: boolean
}

/** Whether clients send the parts of an upload to the service, and not to this router. */
export function goesToService(
  { storage }: RequestContext,
  { size, write }: ResumableUpload,
  needsETag = false,
): boolean {
  const { directUploads } = storage.capabilities
  // A policy with rules for the content reads the parts.
  if (directUploads === undefined || directUploads.throughRouter || write !== undefined) return false
  return (size !== undefined || directUploads.unknownSize) && (directUploads.etag || !needsETag)
}

/** Returns the number of the last part; `undefined` if the size of the file is not known. */
export const lastPart = ({ size, partSize }: ResumableUpload): number | undefined =>
  size === undefined ? undefined : Math.ceil(size / partSize)

/** Signs URLs for parts. */
export async function partUrls(
  context: RequestContext,
  upload: ResumableUpload,
  { from, to, needsETag }: PartRange,
): Promise<SignedPart[]> {
  if (to < from) return []
  if (goesToService(context, upload, needsETag)) {
    const { maxExpiresIn = 1 } = context.storage.capabilities.directUploads ?? {}
    const expiresIn = Math.min(rulesOf(context).urlLifetime, maxExpiresIn)
    return context.storage.signDirectParts(upload, { from, to, expiresIn, signal: context.responseSignal })
  }
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const partNumber = from + index
    const part = defined({ partNumber, size: sizeOfPart(upload, partNumber) })
    return { ...part, ...permittedUrl(context, { action: 'part', upload, ...part }), method: 'PUT', headers: {} }
  })
}

const sizeOfPart = ({ size, partSize }: ResumableUpload, partNumber: number): number | undefined =>
  size === undefined ? undefined : Math.min(partSize, size - (partNumber - 1) * partSize)
