/**
 * A part of a file, in bytes, as HTTP counts them (RFC 9110, 14.1.2).
 */

import { invalid, shown } from '../checks/invalid.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import { StorageError } from './errors.js'

/**
 * `{start}`: from this byte to the end. `{start, end}`: from this byte to that one, both included;
 * an end past the file is the file's last byte. `{suffix}`: the last so many bytes; more than there
 * are is the whole file.
 */
export type ByteRange =
  | { readonly start: number; readonly end?: number; readonly suffix?: undefined }
  | { readonly suffix: number; readonly start?: undefined; readonly end?: undefined }

/** A range held against a file's size. */
export interface ResolvedRange {
  readonly offset: number
  readonly length: number
}

const rangeNames = { start: true, end: true, suffix: true } as const satisfies NamesOf<ByteRange>

/**
 * Throws `INVALID_ARGUMENT` unless the range's numbers are whole, not negative, and the end not
 * before the start.
 */
export function checkRange(range: ByteRange): void {
  checkOptions('range', range, rangeNames)
  for (const [name, value] of Object.entries(range)) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) {
      throw invalid('range', `the range's ${name} must be a whole number of bytes from 0, not ${shown(value)}`)
    }
  }
  if (range.start === undefined && range.suffix === undefined) {
    throw invalid('range', 'a range needs a start or a suffix')
  }
  if (range.suffix !== undefined && (range.start !== undefined || range.end !== undefined)) {
    throw invalid('range', 'a range has a start, with or without an end, or a suffix, not both')
  }
  if (range.start !== undefined && range.end !== undefined && range.end < range.start) {
    throw invalid('range', `the range's end ${range.end} is before its start ${range.start}`)
  }
}

/**
 * The bytes that a range means in a file of this size; `RANGE_NOT_SATISFIABLE` when there is none.
 */
export function resolveRange(range: ByteRange | undefined, size: number): ResolvedRange {
  if (range === undefined) return { offset: 0, length: size }
  const offset = range.start ?? Math.max(0, size - (range.suffix ?? 0))
  const last = Math.min(range.end ?? size - 1, size - 1)
  if (offset > last) {
    throw new StorageError('RANGE_NOT_SATISFIABLE', `the file has ${size} bytes: no byte is in the range`, {
      details: { size },
    })
  }
  return { offset, length: last - offset + 1 }
}
