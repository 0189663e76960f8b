/**
 * Errors as LoopBack applications know them: the codes of the file system, and the status twice.
 */
import { isStorageError } from '@stowage/core'
import { errorResponse } from '@stowage/rest-express'

/** Codes that applications of the storage component compare with; all others stay as they are. */
const codesOfOld: Readonly<Record<string, string>> = {
  FILE_NOT_FOUND: 'ENOENT',
  CONTAINER_NOT_FOUND: 'ENOENT',
  CONTAINER_EXISTS: 'EEXIST',
}

/** What every method of the connector fails with. */
export class ConnectorError extends Error {
  override readonly name = 'Error'
  /** `ENOENT` for a container or file that is not there, `EEXIST` for a container that is; else the `StorageError`'s own. */
  readonly code: string
  readonly status: number
  readonly statusCode: number
  /** The code that Stowage itself has for it, such as `CONTAINER_NOT_FOUND`; `NO_FILE` for an upload without a file. */
  readonly storageCode: string

  constructor(message: string, { code, statusCode, cause }: { code: string; statusCode: number; cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause })
    this.storageCode = code
    this.code = codesOfOld[code] ?? code
    this.statusCode = statusCode
    this.status = statusCode
  }
}

/**
 * Translates an error for callers. Errors of the application's functions, and translated errors, are
 * returned unchanged.
 */
export function connectorError(error: unknown): Error {
  if (error instanceof ConnectorError) return error
  const response = errorResponse(error)
  const foreign = response.statusCode === 500 && !isStorageError(error)
  if (foreign) return error instanceof Error ? error : new Error(String(error))
  // The response's message withholds failures of the server from clients; callers receive them.
  const message = response.statusCode >= 500 && error instanceof Error ? error.message : response.message
  // If the storage refuses the server's credentials, clients see a failed service, and callers the
  // refusal.
  const code = isStorageError(error) && error.statusCode !== response.statusCode ? error.code : response.code
  return new ConnectorError(message, { code, statusCode: response.statusCode, cause: error })
}

/** A data source that can't be opened: whatever is wrong with its settings is nothing that a client did. */
export function configurationError(error: unknown): Error {
  return isStorageError(error)
    ? new ConnectorError(error.message, { code: error.code, statusCode: 500, cause: error })
    : connectorError(error)
}

/** The code of {@link noFileError}. */
export const noFile = 'NO_FILE'

/** A form in which there is no file, or no form at all. */
export const noFileError = (): ConnectorError =>
  new ConnectorError('No file content uploaded', { code: noFile, statusCode: 400 })
