import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { unknownContentType } from '@stowage/core'
import { renameAttributes, type SignedUrl, type SignUrlCallOptions } from '@stowage/core/provider'
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
  const command = new GetObjectCommand({
    Bucket: container,
    Key: keyOf(file),
    ResponseContentType: responseHeaders.contentType,
    ...renameAttributes(responseHeaders, {
      cacheControl: 'ResponseCacheControl',
      contentDisposition: 'ResponseContentDisposition',
      contentEncoding: 'ResponseContentEncoding',
      contentLanguage: 'ResponseContentLanguage',
    }),
  })
  return { url: await getSignedUrl(connection.client, command, { expiresIn }), headers: {} }
}

async function signPut(
  connection: Connection,
  container: string,
  file: string,
  { expiresIn, contentType, size }: SignUrlCallOptions,
) {
  // A signature can't forbid a header. What a file has that nobody gave a type to is signed in place of none, and no other
  // type can be sent then either.
  const fixedType = contentType === null ? unknownContentType : contentType
  const command = new PutObjectCommand({
    Bucket: container,
    Key: keyOf(file),
    ...(fixedType === undefined ? {} : { ContentType: fixedType }),
    ...(size === undefined ? {} : { ContentLength: size }),
  })
  const fixed = [
    ...(fixedType === undefined ? [] : ['content-type']),
    ...(size === undefined ? [] : ['content-length']),
  ]
  const url = await getSignedUrl(connection.client, command, {
    expiresIn,
    signableHeaders: new Set(['host', ...fixed]),
    unhoistableHeaders: new Set(fixed),
  })
  // Every client sends the length by itself, and browsers let nobody else send it.
  const headers: Record<string, string> = fixedType === undefined ? {} : { 'content-type': fixedType }
  return { url, headers }
}
