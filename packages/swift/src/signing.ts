/**
 * Signed URLs: Swift's TempURL. A URL holds an HMAC of method, time and path under the account's key.
 *
 * The key is the account's and not the container's, since the parts of a large file lie in another container, where a container's key does
 * not reach. What a URL for PUT brings in reaches no other container either: Swift refuses headers that make a pointer of the
 * new object (`X-Object-Manifest`, `X-Symlink-Target`, `X-Copy-From`), and takes every other parameter out of a signed URL, so that no
 * manifest can be put by one.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { type SignedUrl, type SignUrlCallOptions, StorageError } from '@stowage/core/provider'
import type { SwiftClient } from './client.js'
import { objectName, pathOf } from './names.js'

const keyHeaders = ['x-account-meta-temp-url-key', 'x-account-meta-temp-url-key-2'] as const

export async function signUrl(
  client: SwiftClient,
  container: string,
  file: string,
  { method, expiresIn, signal }: SignUrlCallOptions,
): Promise<SignedUrl> {
  const object = objectName(file)
  // Swift takes a signed URL's path for that of a container when the object's name has nothing but slashes.
  if (/^\/+$/.test(object)) {
    throw new StorageError('INVALID_NAME', 'the service has no signed URLs for names that consist of slashes')
  }
  const { endpoint, info } = await client.cluster(signal)
  const digest = digestOf(info)
  client.tempUrlKey ??= (await existingKey(client, signal)) ?? (await createKey(client, signal))
  const expires = Math.floor(Date.now() / 1000) + expiresIn
  const signed = `${decodeURIComponent(endpoint.pathname)}/${container}/${object}`
  const signature = createHmac(digest, client.tempUrlKey).update(`${method}\n${expires}\n${signed}`).digest('hex')
  const path = endpoint.pathname + pathOf(container, object)
  return {
    url: `${endpoint.origin}${path}?temp_url_sig=${signature}&temp_url_expires=${expires}`,
    method,
    headers: {},
    expires: new Date(expires * 1000),
  }
}

async function existingKey(client: SwiftClient, signal: AbortSignal): Promise<string | undefined> {
  const { headers } = await client.request({ method: 'HEAD', headers: { 'x-newest': 'true' }, signal })
  const [header] = keyHeaders.filter((name) => headers[name] !== undefined && headers[name] !== '')
  return header === undefined ? undefined : Buffer.from(headers[header] ?? '', 'latin1').toString()
}

/** Of several that do this at once, all continue with the key that is there in the end. */
async function createKey(client: SwiftClient, signal: AbortSignal): Promise<string> {
  const key = randomBytes(32).toString('base64url')
  await client.request({ method: 'POST', headers: { [keyHeaders[0]]: key }, body: Buffer.alloc(0), signal })
  return (await existingKey(client, signal)) ?? key
}

/** SHA-256 where the cluster takes it, else SHA-1, which is all that those before 2.19 know. */
function digestOf(info: unknown): 'sha256' | 'sha1' {
  if (!isRecord(info)) return 'sha256'
  const { tempurl } = info
  if (!isRecord(tempurl)) {
    throw new StorageError('NOT_SUPPORTED', 'this cluster has no signed URLs', {
      details: { capability: 'signedUrls' },
    })
  }
  const { allowed_digests: allowed } = tempurl
  return Array.isArray(allowed) && allowed.includes('sha256') ? 'sha256' : 'sha1'
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
