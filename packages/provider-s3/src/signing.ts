import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { type SignedUrl, type SignUrlCallOptions, StorageError } from '@stowage/core'
import type { Connection } from './connection.js'
import { explain } from './errors.js'
import { keyOf } from './names.js'

/** A URL signed by the credentials here; no request is made for it, unless for the credentials. */
export async function signUrl(
  connection: Connection,
  container: string,
  file: string,
  options: SignUrlCallOptions,
): Promise<SignedUrl> {
  const { method, expiresIn } = options
  const expires = new Date(Date.now() + expiresIn * 1000)
  try {
    if (method === 'GET') return { ...(await signGet(connection, container, file, options)), method, expires }
    return { ...(await signPut(connection, container, file, options)), method, expires }
  } catch (error) {
    throw explain(error, { container, file })
  }
}

async function signGet(
  connection: Connection,
  container: string,
  file: string,
  { expiresIn, responseHeaders = {} }: SignUrlCallOptions,
) {
  const { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage } = responseHeaders
  const command = new GetObjectCommand({
    Bucket: container,
    Key: keyOf(file),
    ...(contentType === undefined ? {} : { ResponseContentType: contentType }),
    ...(cacheControl === undefined ? {} : { ResponseCacheControl: cacheControl }),
    ...(contentDisposition === undefined ? {} : { ResponseContentDisposition: contentDisposition }),
    ...(contentEncoding === undefined ? {} : { ResponseContentEncoding: contentEncoding }),
    ...(contentLanguage === undefined ? {} : { ResponseContentLanguage: contentLanguage }),
  })
  return { url: await getSignedUrl(connection.client, command, { expiresIn }), headers: {} }
}

async function signPut(
  connection: Connection,
  container: string,
  file: string,
  { expiresIn, contentType, size }: SignUrlCallOptions,
) {
  if (contentType === null) {
    throw new StorageError('NOT_SUPPORTED', 'the service cannot be told that a request must have no content type', {
      details: { capability: 'signedUrls.contentType' },
    })
  }
  const command = new PutObjectCommand({
    Bucket: container,
    Key: keyOf(file),
    ...(contentType === undefined ? {} : { ContentType: contentType }),
    ...(size === undefined ? {} : { ContentLength: size }),
  })
  const fixed = [
    ...(contentType === undefined ? [] : ['content-type']),
    ...(size === undefined ? [] : ['content-length']),
  ]
  const url = await getSignedUrl(connection.client, command, {
    expiresIn,
    signableHeaders: new Set(['host', ...fixed]),
    unhoistableHeaders: new Set(fixed),
  })
  // Every client sends the length by itself, and browsers let nobody else send it.
  const headers: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType }
  return { url, headers }
}
