/**
 * Converts the operating system's errors to those of the contract. Their messages and paths are not
 * passed on.
 */
import {
  describeCause,
  isStorageError,
  maxFileNameBytes,
  StorageError,
  type StorageErrorCode,
  warn as warnOperator,
} from '@stowage/core/provider'

const codes: Readonly<Record<string, readonly [StorageErrorCode, string]>> = {
  EACCES: ['PERMISSION_DENIED', 'the operating system denied access'],
  EPERM: ['PERMISSION_DENIED', 'the operating system denied access'],
  EROFS: ['PERMISSION_DENIED', 'the file system is read-only'],
  ENOSPC: ['NO_SPACE', 'the file system is full'],
  EDQUOT: ['NO_SPACE', 'the quota of the file system is exhausted'],
  EFBIG: ['TOO_LARGE', 'the file is too large for the file system'],
  ENAMETOOLONG: ['INVALID_NAME', 'the name, with the path of the root, is too long for the operating system'],
  EILSEQ: ['INVALID_NAME', 'the file system cannot store the name'],
  EMFILE: ['UNAVAILABLE', 'this process has too many files open'],
  ENFILE: ['UNAVAILABLE', 'the operating system has too many files open'],
  ENOMEM: ['UNAVAILABLE', 'the operating system is out of memory'],
  ESTALE: ['UNAVAILABLE', 'the network file system lost the file'],
  EBUSY: ['UNAVAILABLE', 'the file or directory is busy'],
  ENOTEMPTY: ['UNAVAILABLE', 'another program keeps adding files to the directory'],
  EIO: ['INTERNAL', 'the disk failed'],
  ENOENT: ['INTERNAL', 'another program deleted a file or directory during the operation'],
  ENOTDIR: ['INTERNAL', 'another program replaced a directory during the operation'],
  EXDEV: ['INTERNAL', 'the container is not on the file system of the root'],
}

/**
 * Returns the operating system's code of an error, such as `ENOENT`, or `undefined` for Node's own
 * codes, such as `ERR_INVALID_ARG_TYPE`.
 */
export function errno(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code)
    ? error.code
    : undefined
}

/** Returns whether the path does not exist, or an ancestor in it is not a directory. */
export const isAbsence = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errno(error) ?? '')

/**
 * Returns whether a call was denied. On Windows, the reason may be an open file instead of a lack
 * of rights.
 */
export const isDenied = (error: unknown): boolean => ['EPERM', 'EBUSY', 'EACCES'].includes(errno(error) ?? '')

/** Returns whether there was no space for what a call would have created. */
export const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errno(error) ?? '')

/** The error of a caller's body, which the caller receives unchanged. */
export class BodyFailure {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/** An entry at the path of a directory that has to be created. */
export class Obstacle {
  readonly segments: readonly string[]
  readonly reason: string

  constructor(segments: readonly string[], reason: string) {
    this.segments = segments
    this.reason = reason
  }
}

/** Returns the error that the caller receives for an internal error. */
export function translate(error: unknown): unknown {
  if (error instanceof BodyFailure) return error.error
  if (isStorageError(error)) return error
  if (error instanceof Obstacle)
    return new StorageError('INTERNAL', `the directory .stowage cannot be created: ${error.reason}`)
  return translateSystem(error)
}

function translateSystem(error: unknown): StorageError {
  const code = errno(error)
  const [storageCode, message] = (code === undefined ? undefined : codes[code]) ?? ['INTERNAL', 'the operation failed']
  return new StorageError(storageCode, message, { cause: describeCause(error) })
}

export const aborted = (signal: AbortSignal): StorageError =>
  new StorageError('ABORTED', 'the operation was aborted', { cause: signal.reason })

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw aborted(signal)
}

/** Makes the error for an entry at the path of the file or one of its folders. */
export const nameConflict = (conflictsWith: string, reason: string): StorageError =>
  new StorageError('NAME_CONFLICT', `conflict with ${JSON.stringify(conflictsWith)}: ${reason}`, {
    details: { conflictsWith },
  })

export const rootMissing = (): StorageError =>
  new StorageError('UNAVAILABLE', 'the root directory does not exist: create it, or set createRoot')

export const withoutHardLinks = (): StorageError =>
  new StorageError('NOT_SUPPORTED', 'the volume of the root has no hard links: use one with NTFS')

export const rootNotDirectory = (): StorageError => new StorageError('UNAVAILABLE', 'the root is not a directory')

/** The requested version no longer exists: the file was changed in place, or got another time. */
export const versionChanged = (): StorageError =>
  new StorageError('PRECONDITION_FAILED', 'the file changed while it was read')

/**
 * Returns whether a directory exists and cannot be read, because of its permissions or the length
 * of its path.
 */
export const isUnreadable = (error: unknown): boolean =>
  ['EACCES', 'EPERM', 'ENAMETOOLONG'].includes(errno(error) ?? '')

/**
 * Makes the error for a directory that cannot be read.
 *
 * @param segments The directory, from the root.
 */
export function unreadable(segments: readonly string[], error: unknown): StorageError {
  const { code, message, cause } = translateSystem(error)
  return new StorageError(code, `the directory ${quotedPath(segments)} cannot be read: ${message}`, { cause })
}

/** Makes the error for entries of a directory that have no name, because it would be too long. */
export const nameTooLong = (segments: readonly string[]): StorageError =>
  new StorageError(
    'INVALID_NAME',
    `${quotedPath(segments)} is not listed completely: it contains names of more than ${maxFileNameBytes} bytes`,
  )

/** Maximum characters of a path in a message. */
const maxShownPath = 300

function quotedPath(segments: readonly string[]): string {
  const path = segments.join('/')
  return JSON.stringify(path.length > maxShownPath ? `${path.slice(0, maxShownPath)}…` : path)
}

/** Makes the error for destroyed trees that could not be deleted. */
export function treesNotRemoved(trees: readonly { readonly path: string; readonly cause: unknown }[]): StorageError {
  const [first] = trees
  const { code, message, cause } = translateSystem(first?.cause)
  const more = trees.length > 1 ? ` and ${trees.length - 1} more` : ''
  return new StorageError(
    code,
    `${JSON.stringify(first?.path)}${more} could not be deleted and remains in .stowage/tmp: ${message}`,
    { cause },
  )
}

/** Warns the operator about what a successful operation leaves out. */
export const warn = (error: StorageError): void => warnOperator({ provider: 'filesystem', error })
