/**
 * The operating system's errors in the contract's terms. Their messages and paths stay here.
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
  EACCES: ['PERMISSION_DENIED', 'the operating system does not permit it'],
  EPERM: ['PERMISSION_DENIED', 'the operating system does not permit it'],
  EROFS: ['PERMISSION_DENIED', 'the file system is read-only'],
  ENOSPC: ['NO_SPACE', 'the file system is full'],
  EDQUOT: ['NO_SPACE', 'the quota on the file system is used up'],
  EFBIG: ['TOO_LARGE', 'the file system holds no file of that size'],
  ENAMETOOLONG: ['INVALID_NAME', 'with the path of the root the name is too long for the operating system'],
  EILSEQ: ['INVALID_NAME', 'the file system cannot hold the name'],
  EMFILE: ['UNAVAILABLE', 'this process has too many files open'],
  ENFILE: ['UNAVAILABLE', 'the operating system has too many files open'],
  ENOMEM: ['UNAVAILABLE', 'the operating system is out of memory'],
  ESTALE: ['UNAVAILABLE', 'the network file system lost the file'],
  EBUSY: ['UNAVAILABLE', 'the operating system says that it is busy'],
  ENOTEMPTY: ['UNAVAILABLE', 'another program keeps putting files into it'],
  EIO: ['INTERNAL', 'the disk failed'],
  ENOENT: ['INTERNAL', 'a file or directory was removed by another program meanwhile'],
  ENOTDIR: ['INTERNAL', 'a directory was replaced by another program meanwhile'],
  EXDEV: ['INTERNAL', 'the container is on another file system than the root'],
}

/**
 * The operating system's code of an error, such as `ENOENT`. Node's own codes, such as
 * `ERR_INVALID_ARG_TYPE`, are none.
 */
export function errno(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code)
    ? error.code
    : undefined
}

/** No such thing, or something on the way that is no directory. */
export const isAbsence = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errno(error) ?? '')

/** No room for what a call would have made. */
export const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errno(error) ?? '')

/** What a caller's body threw: it reaches the caller unchanged. */
export class BodyFailure {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/** Something stands where a directory would have to be made. */
export class Obstacle {
  readonly segments: readonly string[]
  readonly reason: string

  constructor(segments: readonly string[], reason: string) {
    this.segments = segments
    this.reason = reason
  }
}

/** The error that a caller gets for whatever was thrown inside. */
export function translate(error: unknown): unknown {
  if (error instanceof BodyFailure) return error.error
  if (isStorageError(error)) return error
  if (error instanceof Obstacle) return new StorageError('INTERNAL', `our own directory can't be made: ${error.reason}`)
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

/** Something stands where the file or one of its folders would be. */
export const nameConflict = (conflictsWith: string, reason: string): StorageError =>
  new StorageError('NAME_CONFLICT', `the name ${JSON.stringify(conflictsWith)} stands in the way: ${reason}`, {
    details: { conflictsWith },
  })

export const rootMissing = (): StorageError =>
  new StorageError('UNAVAILABLE', 'the root directory does not exist; with the setting createRoot it is made')

export const unsupportedPlatform = (): StorageError =>
  new StorageError(
    'NOT_SUPPORTED',
    'the provider "filesystem" does not run on Windows: use WSL 2, a Linux container or another provider',
  )

export const rootNoDirectory = (): StorageError => new StorageError('UNAVAILABLE', 'the root is not a directory')

/** The version that was promised is not there any more: the file was changed in place, or got another time. */
export const changedMeanwhile = (): StorageError =>
  new StorageError('PRECONDITION_FAILED', 'the file was changed while it was read')

/** A directory that exists and cannot be read, because of its rights or of its path's length. */
export const isUnreadable = (error: unknown): boolean =>
  ['EACCES', 'EPERM', 'ENAMETOOLONG'].includes(errno(error) ?? '')

/** The error for a directory that cannot be read. `segments`: from the root. */
export function unreadable(segments: readonly string[], error: unknown): StorageError {
  const { code, message, cause } = translateSystem(error)
  return new StorageError(code, `the directory ${quotedPath(segments)} cannot be read: ${message}`, { cause })
}

/** For what is in a directory and has no name, since it would be too long. */
export const nameTooLong = (segments: readonly string[]): StorageError =>
  new StorageError(
    'INVALID_NAME',
    `${quotedPath(segments)} is left out of lists: names there are longer than ${maxFileNameBytes} bytes`,
  )

/** Characters of a path in a message. */
const maxShownPath = 300

function quotedPath(segments: readonly string[]): string {
  const path = segments.join('/')
  return JSON.stringify(path.length > maxShownPath ? `${path.slice(0, maxShownPath)}…` : path)
}

/** What was destroyed and could not be removed. */
export function treesLeft(trees: readonly { readonly path: string; readonly cause: unknown }[]): StorageError {
  const [first] = trees
  const { code, message, cause } = translateSystem(first?.cause)
  const more = trees.length > 1 ? ` and ${trees.length - 1} more` : ''
  return new StorageError(
    code,
    `${JSON.stringify(first?.path)}${more} could not be removed and is left in .stowage/tmp: ${message}`,
    { cause },
  )
}

/** Tells the operator what an operation that succeeds leaves out. */
export const warn = (error: StorageError): void => warnOperator({ provider: 'filesystem', error })
