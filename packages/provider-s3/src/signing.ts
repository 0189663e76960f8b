import {
  type $Command,
  GetObjectCommand,
  PutObjectCommand,
  type S3ClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { unknownContentType } from '@stowage/core'
import { defined, renameAttributes, type SignedUrl, type SignUrlCallOptions } from '@stowage/core/provider'
import type { Connection } from './client/connection.js'
import { withoutChecksum } from './client/middleware.js'
import { explain } from './mapping/errors.js'
import { keyOf } from './mapping/names.js'

/** Signs a URL with the provider's credentials. Sends no request, except to get credentials. */
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
  // A signature cannot forbid a header. Instead of no type, the default type is signed. No other
  // type can then be sent.
  const signedType = contentType === null ? unknownContentType : contentType
  const command = new PutObjectCommand({
    Bucket: container,
    Key: keyOf(file),
    ...defined({ ContentType: signedType, ContentLength: size }),
  })
  const signedHeaders = [
    ...(signedType === undefined ? [] : ['content-type']),
    ...(size === undefined ? [] : ['content-length']),
  ]
  const url = await signWrite(connection, command, expiresIn, signedHeaders)
  // Every client sends the length itself, and browsers do not let scripts set it.
  const headers: Record<string, string> = signedType === undefined ? {} : { 'content-type': signedType }
  return { url, headers }
}

/**
 * Signs a URL for a write.
 *
 * @param headers Headers that the request must have, in lower case.
 */
export async function signWrite<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  connection: Connection,
  command: $Command<Input, Output, S3ClientResolvedConfig>,
  expiresIn: number,
  headers: readonly string[],
): Promise<string> {
  return getSignedUrl(connection.client, withoutChecksum(command), {
    expiresIn,
    signableHeaders: new Set(['host', ...headers]),
    unhoistableHeaders: new Set(headers),
  })
}
