/**
 * Requests to an identity service, in place of the abandoned `request` package that pkgcloud sends them with. Unlike that one
 * it can be stopped, and what fails is a `StorageError` that holds nothing of the request, where the password is.
 */

import { describeCause, isStorageError, StorageError, type StorageErrorCode } from '@stowage/core'
import { request } from 'undici'
import type { IdentityAnswer, IdentityRequest } from '#pkgcloud'
import { retryAfter } from '../errors.js'

/** Milliseconds without an answer. */
const timeout = 30_000

const meanings: Readonly<Record<number, readonly [StorageErrorCode, string]>> = {
  400: [
    'INVALID_ARGUMENT',
    'the identity service does not understand the sign-in: check its version, domains and project',
  ],
  401: ['UNAUTHENTICATED', 'the identity service refused the credentials'],
  403: ['PERMISSION_DENIED', 'the identity service does not allow these credentials to sign in'],
  404: ['INVALID_ARGUMENT', 'there is no identity service of this version at authUrl'],
  405: ['INVALID_ARGUMENT', 'there is no identity service of this version at authUrl'],
  413: ['RATE_LIMITED', 'the identity service asks to slow down'],
  429: ['RATE_LIMITED', 'the identity service asks to slow down'],
}

/** `INVALID_ARGUMENT` where only the settings can be wrong. */
export async function sendToIdentity(
  { uri, method = 'GET', headers, json }: IdentityRequest,
  signal: AbortSignal,
): Promise<{ readonly answer: IdentityAnswer; readonly body: unknown }> {
  try {
    const {
      statusCode,
      headers: received,
      body,
    } = await request(uri, {
      method: method as 'GET' | 'POST',
      headers,
      body: json === true ? null : JSON.stringify(json),
      signal,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      // Sign-ins are hours apart, and services between that drop idle connections are common.
      reset: true,
    })
    if (statusCode < 200 || statusCode > 299) {
      await body.dump()
      throw refusal(statusCode, received)
    }
    const answer = { statusCode, headers: received, request: { uri: { href: uri }, method } }
    return { answer, body: await body.json() }
  } catch (error) {
    if (isStorageError(error)) throw error
    const cause = describeCause(error)
    if (error instanceof SyntaxError) {
      throw new StorageError('BAD_ANSWER', 'the identity service answers with something that is not JSON', { cause })
    }
    throw new StorageError('UNAVAILABLE', 'the identity service cannot be reached', { cause })
  }
}

function refusal(status: number, headers: IdentityAnswer['headers']): StorageError {
  const [code, message] =
    meanings[status] ??
    (status >= 500
      ? (['UNAVAILABLE', 'the identity service cannot serve now'] as const)
      : (['BAD_ANSWER', `the identity service answered ${status}`] as const))
  const cause = describeCause(undefined, `the identity service answered ${status}`)
  const wait = retryAfter(headers['retry-after'])
  return new StorageError(code, message, {
    cause,
    details: { ...(wait === undefined ? {} : { retryAfter: wait }) },
  })
}
