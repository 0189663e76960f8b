import { ErrorReply } from '@redis/client'
import {
  describeCause,
  type FileLocation,
  isStorageError,
  StorageError,
  type StorageErrorCode,
} from '@stowage/core/provider'

/** Errors of the scripts: their messages are codes of the contract. */
const ofScripts = [
  'CONTAINER_EXISTS',
  'CONTAINER_NOT_EMPTY',
  'CONTAINER_NOT_FOUND',
  'FILE_NOT_FOUND',
  'INVALID_PART',
  'PRECONDITION_FAILED',
  'UPLOAD_NOT_FOUND',
] as const satisfies readonly StorageErrorCode[]

/** Errors of Redis, by the first word of their messages. */
const ofRedis: Readonly<Record<string, readonly [StorageErrorCode, string]>> = {
  NOAUTH: ['UNAUTHENTICATED', 'the server requires a password'],
  WRONGPASS: ['UNAUTHENTICATED', 'the server rejected the user name or the password'],
  NOPERM: ['PERMISSION_DENIED', 'the user may not run this command'],
  OOM: ['NO_SPACE', 'the server has reached its maximum memory'],
  BUSY: ['UNAVAILABLE', 'the server is executing a script'],
  LOADING: ['UNAVAILABLE', 'the server is loading its data'],
  MASTERDOWN: ['UNAVAILABLE', 'the server has no connection to its primary'],
  READONLY: ['UNAVAILABLE', 'the server is a replica'],
}

/**
 * Turns what a call threw into an error of the contract.
 *
 * @param source The source of a copy. Core adds the names of the target to other errors.
 */
export function errorOf(error: unknown, source?: FileLocation): unknown {
  if (isStorageError(error)) return error
  const cause = describeCause(error)
  if (!(error instanceof ErrorReply)) return new StorageError('CONNECTION_LOST', 'the connection broke', { cause })
  const [word = '', subject] = error.message.split(' ')
  const ofScript = ofScripts.find((code) => code === word)
  if (ofScript !== undefined)
    return new StorageError(ofScript, 'the server rejected the call', {
      cause,
      ...(subject === 'source' ? source : {}),
    })
  const [code, message] = ofRedis[word] ?? ['INTERNAL', 'unexpected error of the server']
  return new StorageError(code, message, { cause })
}

/** The error of a connection that was not made. Nothing was done. */
export function errorOfConnection(error: unknown): unknown {
  if (error instanceof ErrorReply) return errorOf(error)
  return new StorageError('UNAVAILABLE', 'no connection to the server', { cause: describeCause(error) })
}
