/**
 * Broken connections as `StorageError`s. Of the original only its name and code are passed on.
 */
import { describeCause, isStorageError, StorageError } from '@stowage/core/provider'
import { errors } from 'undici'

/**
 * How far an exchange has come: whether any of the request may have reached the service, and
 * whether the response has begun.
 */
export type Progress = 'unsent' | 'sent' | 'responding'

/** Why a request got no response, or not all of it. */
export function connectionError(error: unknown, progress: Progress): StorageError {
  if (isStorageError(error)) return error
  const cause = describeCause(error)
  if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError) {
    return new StorageError('CLOSED', 'the storage was closed', { cause })
  }
  if (error instanceof errors.InvalidArgumentError) {
    return new StorageError('INVALID_ARGUMENT', 'HTTP cannot carry a header or the path of the request', { cause })
  }
  if (error instanceof errors.ConnectTimeoutError) {
    return new StorageError('UNAVAILABLE', 'no connection to the service within the timeout', { cause })
  }
  if (progress === 'unsent') return new StorageError('UNAVAILABLE', 'the service cannot be reached', { cause })
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) {
    return new StorageError('CONNECTION_LOST', 'no data from the service within the timeout', { cause })
  }
  // Once there was a head, it was HTTP: a chunked body whose connection is closed before its end is
  // a parser's error too.
  if (error instanceof errors.HTTPParserError && progress === 'sent') {
    return new StorageError('BAD_RESPONSE', 'the response of the service is not HTTP', { cause })
  }
  return new StorageError('CONNECTION_LOST', 'the connection to the service broke', { cause })
}
