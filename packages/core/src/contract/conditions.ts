/**
 * Conditions on reads and writes, as HTTP has them (RFC 9110, 13.1), and their evaluation for
 * providers that have the file's facts at hand.
 */
import { StorageError } from './errors.js'

/**
 * Conditions on a read. Those on the ETag take precedence over those on the time (RFC 9110,
 * 13.2.2). An ETag is in quoted form; `*` stands for any existing file.
 */
export interface ReadConditions {
  /** Read only if the file has this ETag, else `PRECONDITION_FAILED`. */
  readonly ifMatch?: string
  /** Read only if the file has another ETag, else `NOT_MODIFIED`. */
  readonly ifNoneMatch?: string
  /**
   * Read only if changed after this time (whole seconds), else `NOT_MODIFIED`. Not looked at beside
   * `ifNoneMatch`.
   */
  readonly ifModifiedSince?: Date
  /**
   * Read only if not changed after this time (whole seconds), else `PRECONDITION_FAILED`. Not
   * looked at beside `ifMatch`.
   */
  readonly ifUnmodifiedSince?: Date
}

/** Conditions on a write: at most one of the two. */
export interface WriteConditions {
  /**
   * Write only over the version with this ETag, or over any version (`*`); else
   * `PRECONDITION_FAILED`.
   */
  readonly ifMatch?: string
  /** `*`: write only if there is no such file, else `PRECONDITION_FAILED`. */
  readonly ifNoneMatch?: '*'
}

/** The facts that conditions are held against. */
export interface Version {
  readonly etag: string
  readonly mtime: Date
}

const seconds = (date: Date) => Math.floor(date.getTime() / 1000)

/**
 * Throws `PRECONDITION_FAILED` or `NOT_MODIFIED` unless the version meets the conditions, in the
 * order of RFC 9110, 13.2.2.
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
 * Throws `PRECONDITION_FAILED` unless the present version, or its absence, meets the conditions.
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
