/** A resumable upload as its holder sees it: what it is, and how far it is. */
import { randomBytes } from 'node:crypto'
import { invalid } from '../checks/invalid.js'
import type { PartLimits } from '../contract/capabilities.js'
import type { WriteConditions } from '../contract/conditions.js'
import type { FileAttributes, WrittenFile } from '../contract/files.js'
import type { PartUpload } from '../contract/provider.js'
import type { WriteOptions } from '../service/options.js'

/**
 * A resumable upload. Plain data that never changes and survives `JSON.stringify`: any process that
 * has it can continue the upload. Everything that changes is in the storage.
 *
 * It is not a secret, but a program that has it and the storage can write this file. Encrypt it in
 * a URL.
 */
export interface ResumableUpload extends PartUpload {
  /** Names the upload's hidden files: 32 hexadecimal digits. */
  readonly key: string
  /** Bytes of the whole file, if known at the start. */
  readonly size?: number
  /** The maximum size of the whole file, in bytes. */
  readonly maxSize: number
  /** Whether the bytes become a file only together with those of other uploads. */
  readonly partial?: true
  /** Whether clients may send parts to the service even after the upload has ended. */
  readonly lateParts?: true
  /** The media type that was stated at the start, for the rules of a policy. */
  readonly contentType?: string
  /** Whether the upload was started under a policy, which every later call needs too. */
  readonly policed?: true
  /**
   * How the file is written, if its policy needs the whole file. All bytes are then hidden until
   * the upload is complete, and pass through the process that completes it.
   */
  readonly write?: HiddenWrite
  /** Checked when the upload is completed. */
  readonly conditions: WriteConditions
}

/** The options of the write that completes an upload. */
type HiddenWrite = FileAttributes & Pick<WriteOptions, 'acl' | 'native'>

/** How far a resumable upload is. */
export interface ResumableUploadState {
  /** Bytes that are stored. The next byte to send is the one at this position. Never decreases. */
  readonly offset: number
  /** Bytes of the whole file, if known. */
  readonly size?: number
  /** The file, if the upload is complete. */
  readonly file?: WrittenFile
}

export const newKey = (): string => randomBytes(16).toString('hex')

/**
 * Returns the size of the parts. Parts are addressed by their position and cannot grow, so the size
 * is one with which the largest allowed file has few enough parts.
 *
 * @param wanted Bytes.
 * @param largest Size of the largest allowed file, in bytes.
 */
export function resumablePartSize(wanted: number, largest: number, limits: PartLimits): number {
  const mebibyte = 1024 * 1024
  const needed = Math.ceil(largest / limits.maxParts / mebibyte) * mebibyte
  return Math.min(limits.maxPartSize, Math.max(limits.minPartSize, needed, wanted))
}

/**
 * Checks the properties that a resumable upload has in addition to a multipart upload.
 *
 * @throws `INVALID_ARGUMENT`.
 */
export function checkResumableUpload({ key, size, maxSize, conditions }: ResumableUpload): void {
  if (typeof key !== 'string' || !/^[0-9a-f]{32}$/.test(key)) {
    throw invalid('upload.key', 'upload.key must be 32 hexadecimal digits, as startResumableUpload returns it')
  }
  for (const [property, value] of Object.entries({ size, maxSize })) {
    if (value === undefined && property === 'size') continue
    if (!Number.isSafeInteger(value) || Number(value) < 0) {
      throw invalid(`upload.${property}`, `upload.${property} must be a whole number of bytes from 0`)
    }
  }
  if (typeof conditions !== 'object' || conditions === null) {
    throw invalid('upload.conditions', 'upload.conditions must be an object, as startResumableUpload returns it')
  }
}
