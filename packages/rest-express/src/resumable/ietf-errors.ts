/** The errors of the IETF's protocol, with its problem types. */
import { isStorageError, StorageError } from '@stowage/core'
import { errorResponse } from '../http/errors.js'
import { RequestError } from '../http/request-error.js'

const problemTypes = 'https://iana.org/assignments/http-problem-types'

export const invalid = (property: string, message: string): StorageError =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })

/** The lengths that the client states, or what it sends, contradict each other. */
export const inconsistentLength = (message: string, cause?: unknown): RequestError =>
  new RequestError(400, 'INVALID_ARGUMENT', message, {}, cause, {
    type: `${problemTypes}#inconsistent-upload-length`,
    title: 'inconsistent length values for upload',
  })

export const completedUpload = (): RequestError =>
  new RequestError(400, 'INVALID_ARGUMENT', 'the upload is complete and cannot be continued', {}, undefined, {
    type: `${problemTypes}#completed-upload`,
    title: 'upload is already completed',
  })

/** The error for bytes at another position than the upload's end. */
export function mismatchingOffset(error: StorageError, provided: number): RequestError {
  const expected = error.details.offset ?? 0
  const headers = { 'Upload-Offset': String(expected) }
  return new RequestError(409, error.code, error.message, headers, error, {
    type: `${problemTypes}#mismatching-upload-offset`,
    title: 'offset from request does not match offset of resource',
    'expected-offset': expected,
    'provided-offset': provided,
  })
}

/** Whether the error says that two sizes of the whole file differ. */
export const contradictsLength = (error: StorageError): boolean =>
  error.code === 'SIZE_MISMATCH' || (error.code === 'INVALID_ARGUMENT' && error.details.property === 'size')

/** Whether a request that continues the upload may succeed after this failure. */
export const mayPass = (error: unknown): boolean =>
  isStorageError(error, 'ABORTED') || [408, 500, 502, 503, 504].includes(errorResponse(error).statusCode)
