/**
 * Exit codes.
 */
import { isStorageError, type StorageErrorCode } from '@stowage/core'
import { CommandFailure, isSystemError } from './failures.js'

export const exitCodes = Object.freeze({
  done: 0,
  /** Any other error, and several failures of different kinds. */
  failed: 1,
  /** Wrong arguments, names or settings. */
  usage: 2,
  /** No such data source, container, file or directory. */
  notFound: 3,
  /** Credentials rejected, or permission denied. */
  denied: 4,
  /** Already exists, or conflicts with another file or version. */
  conflict: 5,
  /** The service was unreachable, failed, or timed out. */
  unreachable: 6,
})

type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

const { failed, usage, notFound, denied, conflict, unreachable } = exitCodes

const byStorageCode: Readonly<Record<StorageErrorCode, ExitCode>> = {
  INVALID_ARGUMENT: usage,
  INVALID_NAME: usage,
  INVALID_PART: failed,
  UNAUTHENTICATED: denied,
  PERMISSION_DENIED: denied,
  CONTAINER_NOT_FOUND: notFound,
  FILE_NOT_FOUND: notFound,
  UPLOAD_NOT_FOUND: notFound,
  OFFSET_MISMATCH: conflict,
  CONTAINER_EXISTS: conflict,
  CONTAINER_NOT_EMPTY: conflict,
  BUSY: conflict,
  NAME_CONFLICT: conflict,
  LENGTH_REQUIRED: failed,
  PRECONDITION_FAILED: conflict,
  TOO_LARGE: failed,
  TYPE_NOT_ALLOWED: failed,
  RANGE_NOT_SATISFIABLE: failed,
  CHECKSUM_MISMATCH: failed,
  CONTENT_REFUSED: failed,
  SIZE_MISMATCH: failed,
  NOT_MODIFIED: failed,
  RATE_LIMITED: unreachable,
  ABORTED: failed,
  SOURCE_FAILED: failed,
  INTERNAL: failed,
  NOT_SUPPORTED: failed,
  CONNECTION_LOST: unreachable,
  SERVICE_FAILED: unreachable,
  BAD_RESPONSE: unreachable,
  UNAVAILABLE: unreachable,
  TIMEOUT: unreachable,
  NO_SPACE: failed,
  QUOTA_EXCEEDED: failed,
  CLOSED: failed,
}

/** Of local files. */
const bySystemCode: Readonly<Record<string, ExitCode>> = {
  ENOENT: notFound,
  ENOTDIR: notFound,
  EACCES: denied,
  EPERM: denied,
  EROFS: denied,
  EEXIST: conflict,
  EISDIR: conflict,
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailure) return error.exitCode
  if (isStorageError(error, 'SOURCE_FAILED')) return exitCodeOf(error.cause)
  if (isStorageError(error)) return byStorageCode[error.code]
  if (isSystemError(error)) return bySystemCode[error.code] ?? failed
  return failed
}

/** Returns the code that all failures have in common, else {@link exitCodes.failed}. */
export function commonExitCode(codes: ReadonlySet<number>): number {
  const [code = exitCodes.done] = codes
  return codes.size > 1 ? failed : code
}
