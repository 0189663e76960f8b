/** Byte ranges of a file, as in HTTP (RFC 9110, 14.1.2). */

import { invalid, shown } from '../checks/invalid.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import { StorageError } from './errors.js'

/**
 * A range of bytes.
 *
 * - `{start}`: from this byte to the end.
 * - `{start, end}`: from `start` to `end`, both included. An `end` past the file means its last
 *   byte.
 * - `{suffix}`: the last `suffix` bytes. More than the file has means the whole file.
 */
export type ByteRange =
  | { readonly start: number; readonly end?: number; readonly suffix?: undefined }
  | { readonly suffix: number; readonly start?: undefined; readonly end?: undefined }

/** A range applied to a file's size, in bytes. */
export interface ResolvedRange {
  readonly offset: number
  readonly length: number
}

const rangeNames = { start: true, end: true, suffix: true } as const satisfies NamesOf<ByteRange>

/**
 * Checks that the range's numbers are whole and not negative, and that the end is not before the
 * start.
 *
 * @throws `INVALID_ARGUMENT`.
 */
export function checkRange(range: ByteRange): void {
  checkOptions('range', range, rangeNames)
  for (const [name, value] of Object.entries(range)) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) {
      throw invalid('range', `range.${name} must be a whole number of bytes from 0, not ${shown(value)}`)
    }
  }
  if (range.start === undefined && range.suffix === undefined) {
    throw invalid('range', 'range must have a start or a suffix')
  }
  if (range.suffix !== undefined && (range.start !== undefined || range.end !== undefined)) {
    throw invalid('range', 'range must have either a start, with or without an end, or a suffix')
  }
  if (range.start !== undefined && range.end !== undefined && range.end < range.start) {
    throw invalid('range', `range.end ${range.end} is before range.start ${range.start}`)
  }
}

/**
 * Returns the bytes that a range means in a file of this size.
 *
 * @throws `RANGE_NOT_SATISFIABLE` if there are none.
 */
export function resolveRange(range: ByteRange | undefined, size: number): ResolvedRange {
  if (range === undefined) return { offset: 0, length: size }
  const offset = range.start ?? Math.max(0, size - (range.suffix ?? 0))
  const last = Math.min(range.end ?? size - 1, size - 1)
  if (offset > last) {
    throw new StorageError('RANGE_NOT_SATISFIABLE', `the range contains no byte of the file, which has ${size} bytes`, {
      details: { size },
    })
  }
  return { offset, length: last - offset + 1 }
}
