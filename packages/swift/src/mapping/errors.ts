/**
 * Swift's responses as errors of the contract. Only the status, the error's code and Swift's
 * transaction number are passed on: requests contain tokens, and responses may quote anything.
 */
import {
  defined,
  describeCause,
  type Meaning,
  retryAfterSeconds,
  StorageError,
  statusMeaning,
} from '@stowage/core/provider'
import type { ResponseHeaders } from '@stowage/http-transport'

/** Statuses that have a different meaning in Swift. */
const exceptions: Readonly<Record<number, Meaning>> = {
  400: ['BAD_RESPONSE', 'the service rejected the request as invalid'],
  401: ['UNAUTHENTICATED', 'the service rejected the token, and also a new one'],
  413: ['TOO_LARGE', 'the body is too large for the service or for this account'],
  422: ['CHECKSUM_MISMATCH', 'the service received a body with another checksum'],
  498: ['RATE_LIMITED', 'the service asks to slow down'],
}

/** Makes the error of a response that is not a success. */
export function responseError(method: string, status: number, headers: ResponseHeaders, body?: Buffer): StorageError {
  const [code, message] =
    (status === 413 && isQuota(body)
      ? (['NO_SPACE', 'the quota of the account or the container is exhausted'] as const)
      : undefined) ?? statusMeaning(status, exceptions)
  return new StorageError(code, message, {
    cause: responseCause(method, status, headers),
    details: defined({ retryAfter: retryAfterSeconds(headers['retry-after']) }),
  })
}

/**
 * Returns whether a 413 is about a quota. Responses about quotas and limits differ only in their
 * text.
 */
const isQuota = (body: Buffer | undefined): boolean =>
  body?.subarray(0, 1000).toString('latin1').includes('quota') ?? false

/** Makes the cause of an error whose meaning only the caller knows. */
export function responseCause(method: string, status: number, headers: ResponseHeaders): Error {
  const transaction = headers['x-trans-id']
  const which = transaction !== undefined && /^[\w-]{1,64}$/.test(transaction) ? `, transaction ${transaction}` : ''
  return describeCause(new Error(), `response to ${method}: ${status}${which}`)
}

/** Makes the error of a response that is not Swift's. */
export const badResponse = (problem: string, cause?: unknown): StorageError =>
  new StorageError('BAD_RESPONSE', `the response is invalid: ${problem}`, { cause })
