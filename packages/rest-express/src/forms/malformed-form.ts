import { StorageError } from '@stowage/core'

/** The error for a form that cannot be read, or that has more than one reading. */
export const malformedForm = (reason: string): StorageError =>
  new StorageError('INVALID_ARGUMENT', `the form is not well-formed: ${reason}`)
