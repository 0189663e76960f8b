import {
  containerNotFound,
  describeCause,
  fileNotFound,
  isStorageError,
  StorageError,
  statusMeaning,
} from '@stowage/core/provider'
import { ServiceError } from './service.js'

/** Waits for a request to the service. Its failure becomes an error of the contract. */
export async function translated<T>(request: Promise<T>, container: string, file = ''): Promise<T> {
  try {
    return await request
  } catch (error) {
    throw errorOf(error, container, file)
  }
}

function errorOf(error: unknown, container: string, file: string): StorageError {
  if (isStorageError(error)) return error
  const cause = describeCause(error)
  if (!(error instanceof ServiceError)) return new StorageError('CONNECTION_LOST', 'no response', { cause })
  if (error.status === 404) {
    return error.resource === 'bucket' ? containerNotFound(container, cause) : fileNotFound(container, file, cause)
  }
  const [code, message] = statusMeaning(error.status)
  return new StorageError(code, message, { cause })
}
