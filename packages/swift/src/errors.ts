/**
 * Swift's answers in the contract's words. Of the original only the status, the error's code and
 * Swift's own number of the transaction are passed on: requests carry tokens, and answers may quote anything.
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

/** Statuses whose meaning for Swift is not the usual one. */
const exceptions: Readonly<Record<number, Meaning>> = {
  400: ['BAD_RESPONSE', 'the service rejected the request as invalid'],
  401: ['UNAUTHENTICATED', 'the service refused the token, also a new one'],
  413: ['TOO_LARGE', 'the body is too large for the service or for this account'],
  422: ['CHECKSUM_MISMATCH', 'the service received a body with another checksum'],
  498: ['RATE_LIMITED', 'the service asks to slow down'],
}

export function answerError(method: string, status: number, headers: ResponseHeaders, body?: Buffer): StorageError {
  const [code, message] =
    (status === 413 && isQuota(body)
      ? (['NO_SPACE', 'the quota of the account or container is used up'] as const)
      : undefined) ?? statusMeaning(status, exceptions)
  return new StorageError(code, message, {
    cause: answerCause(method, status, headers),
    details: defined({ retryAfter: retryAfterSeconds(headers['retry-after']) }),
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
