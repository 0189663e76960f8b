/**
 * Signed URLs, with Swift's TempURL. A URL contains an HMAC of the method, the expiry and the path,
 * made with the account's key.
 *
 * The key is the account's, because the parts of a large file are in another container, to which a
 * container's key does not apply. A URL for PUT does not give access to other files: Swift rejects
 * headers that make the new object a reference (`X-Object-Manifest`, `X-Symlink-Target`,
 * `X-Copy-From`), and ignores other parameters of a signed URL, so it cannot store a manifest.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { type SignedUrl, type SignUrlCallOptions, StorageError } from '@stowage/core/provider'
import type { SwiftClient } from './client/client.js'
import { objectName, pathOf } from './mapping/names.js'

const keyHeaders = ['x-account-meta-temp-url-key', 'x-account-meta-temp-url-key-2'] as const

export async function signUrl(
  client: SwiftClient,
  container: string,
  file: string,
  { method, expiresIn, signal }: SignUrlCallOptions,
): Promise<SignedUrl> {
  const object = objectName(file)
  // Swift reads the path as a container's if the object's name consists only of slashes.
  if (/^\/+$/.test(object)) {
    throw new StorageError('INVALID_NAME', 'the service has no signed URLs for names that consist only of slashes')
  }
  return signObject(client, { container, object }, method, { expiresIn, signal })
}

/** Signs a URL for an object. */
export async function signObject(
  client: SwiftClient,
  { container, object }: { readonly container: string; readonly object: string },
  method: 'GET' | 'PUT',
  { expiresIn, signal }: Pick<SignUrlCallOptions, 'expiresIn' | 'signal'>,
): Promise<SignedUrl> {
  const { endpoint, info } = await client.cluster(signal)
  const digest = digestOf(info)
  const key = client.tempUrlKey ?? (await accountKey(client, signal))
  const expires = Math.floor(Date.now() / 1000) + expiresIn
  const signed = `${decodeURIComponent(endpoint.pathname)}/${container}/${object}`
  const signature = createHmac(digest, key).update(`${method}\n${expires}\n${signed}`).digest('hex')
  const path = endpoint.pathname + pathOf(container, object)
  return {
    url: `${endpoint.origin}${path}?temp_url_sig=${signature}&temp_url_expires=${expires}`,
    method,
    headers: {},
    expires: new Date(expires * 1000),
  }
}

/** Callers that wait for the account's key. */
const pendingKeys = new WeakMap<SwiftClient, Promise<string>>()

/**
 * Returns the account's key, which is created if missing. One request at a time: each of several
 * new keys would replace the one before.
 */
async function accountKey(client: SwiftClient, signal: AbortSignal): Promise<string> {
  const pending = pendingKeys.get(client)
  if (pending !== undefined) {
    await pending.catch(() => undefined)
    return client.tempUrlKey ?? accountKey(client, signal)
  }
  const found = existingKey(client, signal).then((existing) => existing ?? createKey(client, signal))
  pendingKeys.set(client, found)
  try {
    client.tempUrlKey = await found
    return client.tempUrlKey
  } finally {
    pendingKeys.delete(client)
  }
}

async function existingKey(client: SwiftClient, signal: AbortSignal): Promise<string | undefined> {
  const { headers } = await client.request({ method: 'HEAD', headers: { 'x-newest': 'true' }, signal })
  const [header] = keyHeaders.filter((name) => headers[name] !== undefined && headers[name] !== '')
  return header === undefined ? undefined : Buffer.from(headers[header] ?? '', 'latin1').toString()
}

/**
 * Sets a key, and returns the account's. Concurrent callers all return the key that was set last.
 */
async function createKey(client: SwiftClient, signal: AbortSignal): Promise<string> {
  const key = randomBytes(32).toString('base64url')
  await client.request({ method: 'POST', headers: { [keyHeaders[0]]: key }, body: Buffer.alloc(0), signal })
  return (await existingKey(client, signal)) ?? key
}

/** Returns SHA-256 if the cluster supports it. Swift before 2.19 supports only SHA-1. */
function digestOf(info: unknown): 'sha256' | 'sha1' {
  if (!isRecord(info)) return 'sha256'
  const { tempurl } = info
  if (!isRecord(tempurl)) {
    throw new StorageError('NOT_SUPPORTED', 'the cluster has no signed URLs', {
      details: { capability: 'signedUrls' },
    })
  }
  const { allowed_digests: allowed } = tempurl
  return Array.isArray(allowed) && allowed.includes('sha256') ? 'sha256' : 'sha1'
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
