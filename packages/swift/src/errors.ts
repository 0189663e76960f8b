/**
 * Swift's answers in the contract's words. Of the original only the status, the error's code and
 * Swift's own number of the transaction are passed on: requests carry tokens, and answers may quote anything.
 */
import { describeCause, StorageError, type StorageErrorCode } from '@stowage/core/provider'
import type { ResponseHeaders } from '@stowage/http-transport'

/** By status, where what was asked for does not change the meaning. */
const meanings: Readonly<Record<number, readonly [StorageErrorCode, string]>> = {
  401: ['UNAUTHENTICATED', 'the service refused the token, also a new one'],
  403: ['PERMISSION_DENIED', 'the credentials do not allow this'],
  408: ['UNAVAILABLE', 'the service waited too long for the request'],
  411: ['LENGTH_REQUIRED', 'the service asks for a length'],
  412: ['PRECONDITION_FAILED', 'the file is not the version that was asked for'],
  413: ['TOO_LARGE', 'the service takes no more than that at once, or for this account'],
  422: ['CHECKSUM_MISMATCH', 'what arrived at the service has another checksum than what was sent'],
  429: ['RATE_LIMITED', 'the service asks to slow down'],
  498: ['RATE_LIMITED', 'the service asks to slow down'],
  500: ['SERVICE_FAILED', 'the service failed'],
  502: ['SERVICE_FAILED', 'what stands before the service got no answer from it'],
  503: ['UNAVAILABLE', 'the service cannot serve now'],
  504: ['SERVICE_FAILED', 'what stands before the service got no answer from it'],
  507: ['NO_SPACE', 'the service has no space left'],
}

export function answerError(method: string, status: number, headers: ResponseHeaders, body?: Buffer): StorageError {
  const [code, message] =
    (status === 413 && isQuota(body)
      ? (['NO_SPACE', 'the quota of the account or container is used up'] as const)
      : undefined) ??
    meanings[status] ??
    (['BAD_RESPONSE', `the service answered ${method} with ${status}`] as const)
  const wait = retryAfter(headers['retry-after'])
  return new StorageError(code, message, {
    cause: answerCause(method, status, headers),
    details: wait === undefined ? {} : { retryAfter: wait },
  })
}

/** Swift's quotas answer like its limits, but for the words. */
const isQuota = (body: Buffer | undefined): boolean =>
  body?.subarray(0, 1000).toString('latin1').includes('quota') ?? false

/** For errors whose meaning the caller knows better. */
export function answerCause(method: string, status: number, headers: ResponseHeaders): Error {
  const transaction = headers['x-trans-id']
  const which = transaction !== undefined && /^[\w-]{1,64}$/.test(transaction) ? `, transaction ${transaction}` : ''
  return describeCause(new Error(), `${method} was answered with ${status}${which}`)
}

export const badAnswer = (what: string, cause?: unknown): StorageError =>
  new StorageError('BAD_RESPONSE', `the service's answer makes no sense: ${what}`, { cause })

/** Seconds, from a `Retry-After` header (RFC 9110, 10.2.3) or Swift's own fractions of them. */
export function retryAfter(header: string | readonly string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined
  const seconds = /^\d+(\.\d+)?$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
}
