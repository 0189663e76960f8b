/**
 * Converts connection failures to `StorageError`s. Only the name and the code of the original error
 * are kept.
 */
import { describeCause, isStorageError, StorageError } from '@stowage/core/provider'
import { errors } from 'undici/index.js'

/**
 * How far a request has come: not sent, possibly received by the service, or its response has
 * begun.
 */
export type Progress = 'unsent' | 'sent' | 'responding'

/** Makes the error of a request without a response, or without all of it. */
export function connectionError(error: unknown, progress: Progress): StorageError {
  if (isStorageError(error)) return error
  const cause = describeCause(error)
  if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError) {
    return new StorageError('CLOSED', 'the storage was closed', { cause })
  }
  if (error instanceof errors.InvalidArgumentError) {
    return new StorageError('INVALID_ARGUMENT', 'a header or the path of the request is invalid in HTTP', { cause })
  }
  if (error instanceof errors.ConnectTimeoutError) {
    return new StorageError('UNAVAILABLE', 'no connection to the service within the timeout', { cause })
  }
  if (progress === 'unsent') return new StorageError('UNAVAILABLE', 'the service is unreachable', { cause })
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) {
    return new StorageError('CONNECTION_LOST', 'no data from the service within the timeout', { cause })
  }
  // After a valid head, the response is HTTP: a chunked body that ends early is a parser error too.
  if (error instanceof errors.HTTPParserError && progress === 'sent') {
    return new StorageError('BAD_RESPONSE', 'the response of the service is not valid HTTP', { cause })
  }
  return new StorageError('CONNECTION_LOST', 'the connection to the service broke', { cause })
}
