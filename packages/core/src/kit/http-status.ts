/** The meaning of a service's HTTP status, the same for every provider. */
import type { StorageErrorCode } from '../contract/errors.js'

/** An error code and its message. */
export type Meaning = readonly [StorageErrorCode, string]

const meanings: Readonly<Record<number, Meaning>> = {
  304: ['NOT_MODIFIED', 'the caller has this version of the file'],
  400: ['INVALID_ARGUMENT', 'the service rejected the request as invalid'],
  401: ['UNAUTHENTICATED', 'the service rejected the credentials'],
  403: ['PERMISSION_DENIED', 'the credentials do not allow this'],
  // The service did not receive the whole request, so it did nothing (RFC 9110, 15.5.9).
  408: ['UNAVAILABLE', 'the service did not receive the request in time'],
  411: ['LENGTH_REQUIRED', 'the service requires a length'],
  412: ['PRECONDITION_FAILED', 'the file is not the requested version'],
  413: ['TOO_LARGE', 'the body is too large for the service'],
  416: ['RANGE_NOT_SATISFIABLE', 'the range contains no byte of the file'],
  429: ['RATE_LIMITED', 'the service asks to slow down'],
  501: ['NOT_SUPPORTED', 'the service does not support this'],
  503: ['UNAVAILABLE', 'the service is unavailable'],
  507: ['NO_SPACE', 'the service has no space left'],
}

/**
 * Returns the meaning of a status that is not a success. 404 has none: what is missing depends on
 * the request.
 *
 * @param exceptions Statuses that have another meaning in this service.
 *
 * @example
 * statusMeaning(503) // ['UNAVAILABLE', 'the service is unavailable']
 */
export function statusMeaning(status: number, exceptions: Readonly<Record<number, Meaning>> = {}): Meaning {
  const known = exceptions[status] ?? meanings[status]
  if (known !== undefined) return known
  if (status >= 500) return ['SERVICE_FAILED', `the service failed with the status ${status}`]
  return ['BAD_RESPONSE', `the service responded with the unexpected status ${status}`]
}
