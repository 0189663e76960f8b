/**
 * Errors as LoopBack applications know them: the codes of the file system, and the status twice.
 */
import { isStorageError } from '@stowage/core'
import { errorAnswer } from '@stowage/rest-express'

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
 * The error that a caller gets. What the application's own functions threw is passed on as it is, and so is what has been
 * translated already.
 */
export function connectorError(error: unknown): Error {
  if (error instanceof ConnectorError) return error
  const answer = errorAnswer(error)
  const foreign = answer.statusCode === 500 && !isStorageError(error)
  if (foreign) return error instanceof Error ? error : new Error(String(error))
  // The answer's message is for clients, who learn nothing of failures of the server; callers do.
  const message = answer.statusCode >= 500 && error instanceof Error ? error.message : answer.message
  // A storage that refuses this server's credentials is a failed service to clients, and a refusal to callers.
  const code = isStorageError(error) && error.statusCode !== answer.statusCode ? error.code : answer.code
  return new ConnectorError(message, { code, statusCode: answer.statusCode, cause: error })
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
