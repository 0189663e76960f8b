/** Shared access signatures: URLs for clients, and for the service itself when it copies. */
import {
  BlobSASPermissions,
  type BlobSASSignatureValues,
  generateBlobSASQueryParameters,
  type HttpAuthorization,
  SASProtocol,
} from '@azure/storage-blob'
import { type CallOptions, type SignedUrl, type SignUrlCallOptions, StorageError } from '@stowage/core/provider'
import type { Account } from './client/account.js'
import { request } from './mapping/errors.js'

/** Milliseconds for which a URL is valid that the service uses to read a source. */
const copyTime = 60 * 60 * 1000
const tokenScope = 'https://storage.azure.com/.default'

/**
 * Headers that the request must have. Without them the service treats it as another kind of write.
 */
const putHeaders = Object.freeze({ 'x-ms-blob-type': 'BlockBlob' })

export async function signUrl(
  account: Account,
  container: string,
  file: string,
  { method, expiresIn, responseHeaders = {}, signal }: SignUrlCallOptions,
): Promise<SignedUrl> {
  // Signatures have a resolution of one second.
  const expires = new Date((Math.floor(Date.now() / 1000) + expiresIn) * 1000)
  const blob = account.file(container, file)
  const query = await signature(
    account,
    { signal },
    {
      containerName: container,
      blobName: blob.name,
      permissions: BlobSASPermissions.parse(method === 'GET' ? 'r' : 'cw'),
      expiresOn: expires,
      ...responseHeaders,
    },
  )
  return { url: `${blob.url}?${query}`, method, headers: method === 'PUT' ? putHeaders : {}, expires }
}

/** Returns the URL, and the authorization if needed, with which the service reads a blob itself. */
export async function readableUrl(
  account: Account,
  container: string,
  blob: string,
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly authorization?: HttpAuthorization }> {
  const { authority } = account
  const { url } = account.blob(container, blob)
  if (authority.kind === 'sas') return { url }
  if (authority.kind === 'key') {
    const query = await signature(
      account,
      { signal },
      {
        containerName: container,
        blobName: blob,
        permissions: BlobSASPermissions.parse('r'),
        expiresOn: new Date(Date.now() + copyTime),
      },
    )
    return { url: `${url}?${query}` }
  }
  const token = await request({}, () => authority.credential.getToken(tokenScope, { abortSignal: signal }))
  if (token === null) throw new StorageError('UNAUTHENTICATED', 'the credential returned no token')
  return { url, authorization: { scheme: 'Bearer', value: token.token } }
}

export async function signature(
  account: Account,
  { signal }: CallOptions,
  values: BlobSASSignatureValues,
): Promise<string> {
  const { authority, endpoint } = account
  const protocol = endpoint.startsWith('https:') ? SASProtocol.Https : SASProtocol.HttpsAndHttp
  if (authority.kind === 'sas') {
    throw new StorageError('NOT_SUPPORTED', 'a shared access signature cannot sign URLs', {
      details: { capability: 'signedUrls' },
    })
  }
  if (authority.kind === 'key') {
    return generateBlobSASQueryParameters({ ...values, protocol }, authority.credential).toString()
  }
  // Valid from five minutes ago, for clocks that are behind.
  const startsOn = new Date(Date.now() - 5 * 60 * 1000)
  const key = await request({}, () =>
    account.service.getUserDelegationKey(startsOn, values.expiresOn as Date, { abortSignal: signal }),
  )
  return generateBlobSASQueryParameters({ ...values, protocol }, key, accountName(endpoint)).toString()
}

/** Returns the account's name: the first label of the host or, for an emulator, the path. */
function accountName(endpoint: string): string {
  const { hostname, pathname } = new URL(endpoint)
  return pathname.length > 1 ? pathname.slice(1) : (hostname.split('.')[0] as string)
}
