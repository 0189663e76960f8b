/**
 * Applies the upload options to one incoming file, from a form or a raw body.
 */
import {
  contentTypeByName,
  StorageError,
  type StorageService,
  unknownContentType,
  type WriteOptions,
} from '@stowage/core'
import { defined } from '@stowage/core/provider'
import type { HttpRequest, HttpResponse } from '../http/messages.js'
import { bytes, essence, type FileRule, type IncomingFile, typeSet, type UploadRules } from '../options.js'
import { fromHook } from './request-context.js'

/** How a file is written, and the access list that the response shows. */
export interface Acceptance {
  readonly write: WriteOptions
  readonly acl: string | undefined
}

/** The arguments of functions among the options. */
export interface RequestAndResponse {
  readonly req: HttpRequest
  readonly res: HttpResponse
}

/**
 * Checks a file against the options. Fails with `TYPE_NOT_ALLOWED` or `TOO_LARGE`.
 *
 * @param contentType The type that the client states, with parameters; `undefined` if it states
 *   none.
 */
export async function accept(
  storage: StorageService,
  rules: UploadRules,
  file: IncomingFile,
  contentType: string | undefined,
  { req, res }: RequestAndResponse,
): Promise<Acceptance> {
  const ask = <T>(rule: FileRule<T, HttpRequest>) => fromHook(() => rule(file, req, res))
  const checkedType = await checkType(rules, file, contentType, ask)
  const maxSize =
    typeof rules.maxFileSize === 'function'
      ? checked(bytes, 'maxFileSize', await ask(rules.maxFileSize))
      : rules.maxFileSize
  if (file.size !== undefined && file.size > maxSize) {
    throw new StorageError('TOO_LARGE', `the file has ${file.size} bytes, more than the limit of ${maxSize}`)
  }
  const acl = typeof rules.acl === 'function' ? await ask(rules.acl) : rules.acl
  const { attributes, nativeOptions, acl: hasAcl } = storage.capabilities
  const native = Object.fromEntries(Object.entries(rules.native).filter(([name]) => nativeOptions.includes(name)))
  return {
    acl,
    write: {
      maxSize,
      native,
      ...defined({
        size: file.size,
        contentType: checkedType,
        cacheControl: attributes.cacheControl ? rules.cacheControl : undefined,
        acl: hasAcl ? acl : undefined,
      }),
    },
  }
}

/** The type to store; `undefined` if it has to be detected. */
async function checkType(
  { allowedContentTypes }: UploadRules,
  file: IncomingFile,
  contentType: string | undefined,
  ask: <T>(rule: FileRule<T, HttpRequest>) => Promise<T>,
): Promise<string | undefined> {
  if (allowedContentTypes === undefined) return contentType
  const allowed =
    typeof allowedContentTypes === 'function'
      ? checked(optionalTypeSet, 'allowedContentTypes', await ask(allowedContentTypes))
      : allowedContentTypes
  if (allowed === undefined) return contentType
  const type = contentType ?? contentTypeByName(file.name) ?? unknownContentType
  if (!allowed.has(essence(type))) {
    throw new StorageError('TYPE_NOT_ALLOWED', `files of type "${essence(type)}" are not allowed`)
  }
  return type
}

const optionalTypeSet = (_name: string, types: unknown) => (types === undefined ? undefined : typeSet(types))

/**
 * An invalid result of the application's function is a failure of the server, not of the request.
 */
function checked<T>(check: (property: string, value: unknown) => T, property: string, value: unknown): T {
  try {
    return check(property, value)
  } catch (error) {
    throw new TypeError(`upload option "${property}": the function returned an invalid value`, { cause: error })
  }
}
