/**
 * Requests to an identity service, in place of the abandoned `request` package that pkgcloud sends them with. Unlike that one
 * it can be stopped, and what fails is a `StorageError` that holds nothing of the request, where the password is.
 */

import {
  describeCause,
  isStorageError,
  retryAfterSeconds,
  StorageError,
  type StorageErrorCode,
} from '@stowage/core/provider'
import { type HttpResponse, HttpTransport } from '@stowage/http-transport'
import type { IdentityAnswer, IdentityRequest } from '#pkgcloud'

/** Milliseconds without an answer. */
const timeout = 30_000

const meanings: Readonly<Record<number, readonly [StorageErrorCode, string]>> = {
  400: [
    'UNAUTHENTICATED',
    'the identity service does not understand the sign-in: check its version, domains and project',
  ],
  401: ['UNAUTHENTICATED', 'the identity service refused the credentials'],
  403: ['PERMISSION_DENIED', 'the identity service does not allow these credentials to sign in'],
  404: ['UNAUTHENTICATED', 'there is no identity service of this version at authUrl'],
  405: ['UNAUTHENTICATED', 'there is no identity service of this version at authUrl'],
  413: ['RATE_LIMITED', 'the identity service asks to slow down'],
  429: ['RATE_LIMITED', 'the identity service asks to slow down'],
}

/**
 * Sends one request of a sign-in. `UNAUTHENTICATED` where the settings are wrong: an argument is what a caller passes, and
 * no caller of a storage can mend a sign-in.
 */
export async function sendToIdentity(
  request: IdentityRequest,
  signal: AbortSignal,
): Promise<{ readonly answer: IdentityAnswer; readonly body: unknown }> {
  const { uri, method = 'GET' } = request
  const { status, headers, body } = await send(request, signal)
  if (status < 200 || status > 299) throw refusal(status, headers)
  return { answer: { statusCode: status, headers, request: { uri: { href: uri }, method } }, body: parse(body) }
}

async function send({ uri, method = 'GET', headers, json }: IdentityRequest, signal: AbortSignal) {
  const { origin, pathname, search } = new URL(uri)
  const body = json === true ? undefined : Buffer.from(JSON.stringify(json))
  // Sign-ins are hours apart: no connection is kept.
  const transport = new HttpTransport({ idleTimeout: timeout })
  try {
    return await transport.send({ method, origin, path: pathname + search, headers: { ...headers }, body, signal })
  } catch (error) {
    if (isStorageError(error) && error.code !== 'CONNECTION_LOST') throw error
    // A sign-in that broke has done nothing, so the operation that needs it may begin again.
    throw new StorageError('UNAVAILABLE', 'the identity service cannot be reached', { cause: describeCause(error) })
  } finally {
    await transport.close()
  }
}

function parse(body: HttpResponse['body']): unknown {
  try {
    return JSON.parse(body.toString())
  } catch (error) {
    const cause = describeCause(error)
    throw new StorageError('BAD_RESPONSE', 'the identity service answers with something that is not JSON', { cause })
  }
}

function refusal(status: number, headers: IdentityAnswer['headers']): StorageError {
  const [code, message] =
    meanings[status] ??
    (status >= 500
      ? (['UNAVAILABLE', 'the identity service cannot serve now'] as const)
      : (['BAD_RESPONSE', `the identity service answered ${status}`] as const))
  const cause = describeCause(undefined, `the identity service answered ${status}`)
  const wait = retryAfterSeconds(headers['retry-after'])
  return new StorageError(code, message, {
    cause,
    details: { ...(wait === undefined ? {} : { retryAfter: wait }) },
  })
}
