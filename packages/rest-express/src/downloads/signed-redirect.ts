/** Downloads that the service sends: the response redirects to a signed URL. */
import { isStorageError, type StorageService } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { untransformed } from '../http/json.js'
import type { HttpResponse } from '../http/messages.js'

/** Seconds for which the URL is valid. A download that has begun by then goes on. */
const lifetime = 300

export interface RedirectedFile {
  readonly storage: StorageService
  readonly container: string
  readonly file: string
  /** The headers that the router would send with the file. */
  readonly headers: Readonly<Record<string, unknown>>
  readonly signal: AbortSignal
}

/** Redirects to a signed URL. Returns whether the service has one for this file. */
export async function redirectToService(
  res: HttpResponse,
  { storage, container, file, headers, signal }: RedirectedFile,
): Promise<boolean> {
  const { signedUrls } = storage.capabilities
  if (signedUrls === false) return false
  const text = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined)
  const responseHeaders = defined({
    contentType: text('Content-Type'),
    contentDisposition: text('Content-Disposition'),
    cacheControl: text('Cache-Control'),
  })
  try {
    const { url } = await storage.signUrl(container, file, {
      method: 'GET',
      expiresIn: Math.min(lifetime, signedUrls.maxExpiresIn),
      signal,
      ...(signedUrls.responseHeaders ? { responseHeaders } : {}),
    })
    // The URL expires, and is for this client only.
    res.writeHead(302, { Location: url, 'Content-Length': 0, 'Cache-Control': untransformed('private, no-store') })
    res.end()
    return true
  } catch (error) {
    // Some services have no signed URLs for some names.
    if (isStorageError(error, 'INVALID_NAME')) return false
    throw error
  }
}
