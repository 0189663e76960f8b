/**
 * The error of a wrong argument.
 */
import { StorageError } from '../contract/errors.js'

/**
 * `INVALID_ARGUMENT`, with the option's name in `details.property`. The message names it too, and
 * its rule.
 */
export const invalid = (property: string, message: string): StorageError =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })

/**
 * A wrong value, for a message: never one that cannot be a string, and of strings no more than
 * tells which.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 50))
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return String(value)
  return Array.isArray(value) ? 'an array' : typeof value === 'function' ? 'a function' : 'an object'
}
