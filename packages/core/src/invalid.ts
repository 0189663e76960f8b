/**
 * The error of a wrong argument.
 */
import { StorageError } from './errors.js'

/** `INVALID_ARGUMENT`, with the option's name in `details.property`. The message names it too, and its rule. */
export const invalid = (property: string, message: string): StorageError =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })
