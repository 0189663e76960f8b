/** The error of an invalid argument. */
import { StorageError } from '../contract/errors.js'

/**
 * Makes an `INVALID_ARGUMENT` error with the option's name in `details.property`. The message names
 * the option and its rule.
 */
export const invalid = (property: string, message: string): StorageError =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })

/**
 * Returns a value as text for a message. Strings are truncated, and objects are described by their
 * type.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 50))
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return String(value)
  return Array.isArray(value) ? 'an array' : typeof value === 'function' ? 'a function' : 'an object'
}
