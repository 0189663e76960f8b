/**
 * Errors in the shape that LoopBack applications expect: the codes of Node's file system, and the
 * status under two names.
 */
import { isStorageError } from '@stowage/core'
import { errorResponse } from '@stowage/rest-express'

/** Codes that applications of the storage component compare with. Other codes stay unchanged. */
const componentCodes: Readonly<Record<string, string>> = {
  FILE_NOT_FOUND: 'ENOENT',
  CONTAINER_NOT_FOUND: 'ENOENT',
  CONTAINER_EXISTS: 'EEXIST',
}

/**
 * The error with which the methods of the connector fail. An error that a function of the
 * application throws, such as `getFilename`, is passed on unchanged.
 */
export class ConnectorError extends Error {
  override readonly name = 'Error'
  /**
   * `ENOENT` if the container or file does not exist, `EEXIST` if the container already exists.
   * Otherwise the same as {@link storageCode}.
   */
  readonly code: string
  /** The HTTP status. */
  readonly status: number
  /** The same as {@link status}. */
  readonly statusCode: number
  /**
   * Stowage's code for the error, such as `CONTAINER_NOT_FOUND`; `NO_FILE` for an upload without a
   * file.
   */
  readonly storageCode: string

  constructor(message: string, { code, statusCode, cause }: { code: string; statusCode: number; cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause })
    this.storageCode = code
    this.code = componentCodes[code] ?? code
    this.statusCode = statusCode
    this.status = statusCode
  }
}

/**
 * Translates an error for callers. Errors of the application's functions, and translated errors,
 * are returned unchanged.
 */
export function connectorError(error: unknown): Error {
  if (error instanceof ConnectorError) return error
  const response = errorResponse(error)
  const isForeign = response.statusCode === 500 && !isStorageError(error)
  if (isForeign) return error instanceof Error ? error : new Error(String(error))
  // The response's message withholds failures of the server from clients; callers receive them.
  const message = response.statusCode >= 500 && error instanceof Error ? error.message : response.message
  // If the storage refuses the server's credentials, clients see a failed service, and callers the
  // refusal.
  const code = isStorageError(error) && error.statusCode !== response.statusCode ? error.code : response.code
  return new ConnectorError(message, { code, statusCode: response.statusCode, cause: error })
}

/**
 * Translates an error of opening the data source. The status is 500, also for an invalid setting:
 * the client did not cause it.
 */
export function configurationError(error: unknown): Error {
  return isStorageError(error)
    ? new ConnectorError(error.message, { code: error.code, statusCode: 500, cause: error })
    : connectorError(error)
}

/** The code of {@link noFileError}. */
export const noFile = 'NO_FILE'

/** Returns the error for a form without a file, or a request without a body. */
export const noFileError = (): ConnectorError =>
  new ConnectorError('No file content uploaded', { code: noFile, statusCode: 400 })
