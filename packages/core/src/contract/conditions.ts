/**
 * Conditions of reads and writes, as in HTTP (RFC 9110, 13.1), and their evaluation for providers
 * that know the file's ETag and modification time.
 */
import { StorageError } from './errors.js'

/**
 * Conditions of a read. Those on the ETag take precedence over those on the time (RFC 9110,
 * 13.2.2). An ETag has its quotes; `*` matches any existing file.
 */
export interface ReadConditions {
  /** Fails with `PRECONDITION_FAILED` unless the file has this ETag. */
  readonly ifMatch?: string
  /** Fails with `NOT_MODIFIED` if the file has this ETag. */
  readonly ifNoneMatch?: string
  /**
   * Fails with `NOT_MODIFIED` unless the file changed after this time (whole seconds). Ignored if
   * `ifNoneMatch` is given.
   */
  readonly ifModifiedSince?: Date
  /**
   * Fails with `PRECONDITION_FAILED` if the file changed after this time (whole seconds). Ignored
   * if `ifMatch` is given.
   */
  readonly ifUnmodifiedSince?: Date
}

/** Conditions of a write: at most one of the two. */
export interface WriteConditions {
  /** Fails with `PRECONDITION_FAILED` unless the file has this ETag, or, for `*`, exists. */
  readonly ifMatch?: string
  /** `*`: fails with `PRECONDITION_FAILED` if the file exists. */
  readonly ifNoneMatch?: '*'
}

/** What conditions are compared with. */
export interface Version {
  readonly etag: string
  readonly mtime: Date
}

const seconds = (date: Date) => Math.floor(date.getTime() / 1000)

/**
 * Checks a version against the conditions of a read, in the order of RFC 9110, 13.2.2.
 *
 * @throws `PRECONDITION_FAILED` or `NOT_MODIFIED`.
 */
export function checkReadConditions(version: Version, conditions: ReadConditions): void {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions
  const details = { etag: version.etag, mtime: version.mtime }
  if (ifMatch !== undefined) {
    if (ifMatch !== '*' && ifMatch !== version.etag) {
      throw new StorageError('PRECONDITION_FAILED', `the file's ETag is not ${ifMatch}`, { details })
    }
  } else if (ifUnmodifiedSince !== undefined && seconds(version.mtime) > seconds(ifUnmodifiedSince)) {
    throw new StorageError('PRECONDITION_FAILED', `the file was changed after ${ifUnmodifiedSince.toUTCString()}`, {
      details,
    })
  }
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch === '*' || ifNoneMatch === version.etag) {
      throw new StorageError('NOT_MODIFIED', `the file's ETag is ${version.etag}`, { details })
    }
  } else if (ifModifiedSince !== undefined && seconds(version.mtime) <= seconds(ifModifiedSince)) {
    throw new StorageError('NOT_MODIFIED', `the file was not changed after ${ifModifiedSince.toUTCString()}`, {
      details,
    })
  }
}

/**
 * Checks the present version against the conditions of a write.
 *
 * @param present The version; `undefined` if the file does not exist.
 * @throws `PRECONDITION_FAILED`.
 */
export function checkWriteConditions(present: Pick<Version, 'etag'> | undefined, conditions: WriteConditions): void {
  if (conditions.ifNoneMatch !== undefined && present !== undefined) {
    throw new StorageError('PRECONDITION_FAILED', 'the file exists', { details: { etag: present.etag } })
  }
  if (conditions.ifMatch === undefined) return
  if (present === undefined) throw new StorageError('PRECONDITION_FAILED', 'the file does not exist')
  if (conditions.ifMatch !== '*' && conditions.ifMatch !== present.etag) {
    throw new StorageError('PRECONDITION_FAILED', `the file's ETag is not ${conditions.ifMatch}`, {
      details: { etag: present.etag },
    })
  }
}
