/**
 * Requests to an identity service. Replaces the unmaintained `request` package of pkgcloud. Unlike
 * that one, it can be aborted, and its errors are `StorageError`s without the request, which
 * contains the password.
 */
import {
  defined,
  describeCause,
  isStorageError,
  retryAfterSeconds,
  StorageError,
  type StorageErrorCode,
} from '@stowage/core/provider'
import { type HttpResponse, HttpTransport } from '@stowage/http-transport'
import type { IdentityRequest, IdentityResponse } from '#pkgcloud'

/** Milliseconds without data from the service. */
const timeout = 30_000

const meanings: Readonly<Record<number, readonly [StorageErrorCode, string]>> = {
  400: [
    'UNAUTHENTICATED',
    'the identity service rejected the request as invalid: check its version, domains and project',
  ],
  401: ['UNAUTHENTICATED', 'the identity service rejected the credentials'],
  403: ['PERMISSION_DENIED', 'the identity service does not allow these credentials to sign in'],
  404: ['UNAUTHENTICATED', 'there is no identity service of this version at authUrl'],
  405: ['UNAUTHENTICATED', 'there is no identity service of this version at authUrl'],
  413: ['RATE_LIMITED', 'the identity service asks to slow down'],
  429: ['RATE_LIMITED', 'the identity service asks to slow down'],
}

/**
 * Sends one request of a sign-in. Rejects with `UNAUTHENTICATED` if the settings are wrong, and not
 * with `INVALID_ARGUMENT`, which is about arguments of a call.
 */
export async function sendToIdentity(
  request: IdentityRequest,
  signal: AbortSignal,
): Promise<{ readonly response: IdentityResponse; readonly body: unknown }> {
  const { uri, method = 'GET' } = request
  const { status, headers, body } = await send(request, signal)
  if (status < 200 || status > 299) throw signInError(status, headers)
  return { response: { statusCode: status, headers, request: { uri: { href: uri }, method } }, body: parse(body) }
}

async function send({ uri, method = 'GET', headers, json }: IdentityRequest, signal: AbortSignal) {
  const { origin, pathname, search } = new URL(uri)
  const body = json === true ? undefined : Buffer.from(JSON.stringify(json))
  // No connection is kept, because sign-ins are hours apart.
  const transport = new HttpTransport({ idleTimeout: timeout })
  try {
    return await transport.send({ method, origin, path: pathname + search, headers: { ...headers }, body, signal })
  } catch (error) {
    if (isStorageError(error) && error.code !== 'CONNECTION_LOST') throw error
    // A lost connection is retried: a sign-in changes nothing.
    throw new StorageError('UNAVAILABLE', 'the identity service is unreachable', { cause: describeCause(error) })
  } finally {
    await transport.close()
  }
}

function parse(body: HttpResponse['body']): unknown {
  try {
    return JSON.parse(body.toString())
  } catch (error) {
    const cause = describeCause(error)
    throw new StorageError('BAD_RESPONSE', 'the response of the identity service is not JSON', { cause })
  }
}

function signInError(status: number, headers: IdentityResponse['headers']): StorageError {
  const [code, message] =
    meanings[status] ??
    (status >= 500
      ? (['UNAVAILABLE', 'the identity service is unavailable'] as const)
      : (['BAD_RESPONSE', `the identity service responded with status ${status}`] as const))
  const cause = describeCause(undefined, `the identity service responded with status ${status}`)
  const wait = retryAfterSeconds(headers['retry-after'])
  return new StorageError(code, message, {
    cause,
    details: { ...defined({ retryAfter: wait }) },
  })
}
