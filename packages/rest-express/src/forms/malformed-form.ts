import { StorageError } from '@stowage/core'

/** The error for a form that cannot be parsed, or is ambiguous. */
export const malformedForm = (reason: string): StorageError =>
  new StorageError('INVALID_ARGUMENT', `the form is not well-formed: ${reason}`)
