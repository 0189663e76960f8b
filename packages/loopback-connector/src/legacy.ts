/**
 * `legacyStatusCodes`: the status codes of the storage component. It responded with 404 if a lookup
 * found nothing, and with 400 to a form without a file. Every other failure was 500. The most
 * common failures of uploads had special messages.
 */
import { isStorageError, type StorageErrorCode } from '@stowage/core'
import type { UploadOptions } from '@stowage/rest-express'
import { ConnectorError, noFile } from './errors.js'
import type { Request } from './http.js'

/** Methods that failed with 404 if the container or file did not exist. */
const lookups: readonly string[] = ['getContainer', 'getFile', 'download']

/** Returns the error with the status that it had in the storage component. */
export function legacyError(error: Error, method: string): Error {
  if (!(error instanceof ConnectorError) || error.storageCode === noFile) return error
  const { message, storageCode, statusCode } = error
  const keepsStatus = lookups.includes(method) && (error.code === 'ENOENT' || statusCode === 412 || statusCode === 416)
  return keepsStatus ? error : new ConnectorError(message, { code: storageCode, statusCode: 500, cause: error })
}

/**
 * Translates the failures of an upload for which the storage component had special messages.
 * Returns other errors unchanged.
 */
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

/** Returns upload options that refuse a type with the message of the storage component. */
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
