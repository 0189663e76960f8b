/**
 * `legacyStatusCodes`: answers as the storage component gave them. It knew 404 for what was looked up and was not there, and 400 for a
 * form without a file; all else was 500, with messages of its own for the commonest mistakes in uploads.
 */
import { isStorageError, type StorageErrorCode } from '@stowage/core'
import type { UploadOptions } from '@stowage/rest-express'
import { ConnectorError, noFile } from './errors.js'
import type { Request } from './http.js'

/** Methods that answered 404 for what is not there. */
const lookups: readonly string[] = ['getContainer', 'getFile', 'download']

/** The same failure with the status that it had. */
export function legacyError(error: Error, method: string): Error {
  if (!(error instanceof ConnectorError) || error.storageCode === noFile) return error
  const { message, storageCode, statusCode } = error
  const isKnown = lookups.includes(method) && (error.code === 'ENOENT' || statusCode === 412 || statusCode === 416)
  return isKnown ? error : new ConnectorError(message, { code: storageCode, statusCode: 500, cause: error })
}

/** The failures of an upload that had messages of their own. */
export function legacyUploadError(error: unknown, req: Request): unknown {
  if (!isStorageError(error)) return error
  const messages: Partial<Record<StorageErrorCode, string>> = {
    TOO_LARGE:
      error.details.size === undefined
        ? `maxFieldsSize exceeded: ${error.message}`
        : `maxFileSize exceeded, received more than ${error.details.size} bytes of field data (max is ${error.details.size})`,
    TYPE_NOT_ALLOWED: `bad content-type header, ${contentTypeOf(req)}`,
  }
  const message = messages[error.code]
  return message === undefined
    ? error
    : new ConnectorError(message, { code: error.code, statusCode: 500, cause: error })
}

const contentTypeOf = ({ headers }: Request) =>
  headers['content-type'] === undefined ? 'no content-type' : `unknown content-type: ${headers['content-type']}`

/** Upload options whose check of types says what the storage component said. */
export function legacyUploadRules(rules: UploadOptions): UploadOptions {
  const { allowedContentTypes } = rules
  if (allowedContentTypes === undefined) return rules
  return {
    ...rules,
    allowedContentTypes: async (file, req, res) => {
      const types =
        typeof allowedContentTypes === 'function' ? await allowedContentTypes(file, req, res) : allowedContentTypes
      if (types !== undefined && !types.includes(file.type)) {
        const message = `contentType "${file.type}" is not allowed (Must be in [${types.join(', ')}])`
        throw new ConnectorError(message, { code: 'TYPE_NOT_ALLOWED', statusCode: 500 })
      }
      return types
    },
  }
}
