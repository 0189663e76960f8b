import {
  containerNotFound,
  describeCause,
  fileNotFound,
  isStorageError,
  StorageError,
  type StorageErrorCode,
  statusMeaning,
  untilAborted,
} from '@stowage/core/provider'
import { ServiceError } from './service.js'

interface Subject {
  readonly container?: string
  readonly file?: string
  /** The meaning of the status 409, which depends on the request. */
  readonly conflict?: StorageErrorCode
}

/**
 * Waits for a request to the service, until the signal is aborted. A failure becomes an error of
 * the contract. If the client accepts a signal, pass the signal to the client instead, which then
 * ends the request too.
 */
export async function translated<T>(
  request: Promise<T>,
  { signal, ...subject }: Subject & { readonly signal: AbortSignal },
): Promise<T> {
  try {
    return await untilAborted(request, signal)
  } catch (error) {
    throw errorOf(error, subject)
  }
}

/** The names are those of the request: of a copy, the source or the target. */
function errorOf(error: unknown, { container = '', file = '', conflict }: Subject): StorageError {
  if (isStorageError(error)) return error
  const cause = describeCause(error)
  if (!(error instanceof ServiceError)) return new StorageError('CONNECTION_LOST', 'no response', { cause })
  const { status, resource } = error
  if (status === 404) {
    return resource === 'bucket' ? containerNotFound(container, cause) : fileNotFound(container, file, cause)
  }
  if (status === 409 && conflict !== undefined) return new StorageError(conflict, 'the service rejected it', { cause })
  const [code, message] = statusMeaning(status)
  return new StorageError(code, message, { cause })
}
