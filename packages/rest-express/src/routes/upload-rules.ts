/**
 * The upload options at work on one file that comes in, from a form or as a raw body.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  contentTypeByName,
  StorageError,
  type StorageService,
  unknownContentType,
  type WriteOptions,
} from '@stowage/core'
import { bytes, essence, type FileRule, type IncomingFile, typeSet, type UploadRules } from '../options.js'
import { fromHook } from './request-context.js'

/** How a file is written, and what the answer says of it. */
export interface Acceptance {
  readonly write: WriteOptions
  readonly acl: string | undefined
}

/** Whom the functions among the options are told of. */
export interface Parties {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

/**
 * Holds a file against the options: `TYPE_NOT_ALLOWED`, `TOO_LARGE`. `contentType` is what the client states, parameters included;
 * `undefined` when that says nothing.
 */
export async function accept(
  storage: StorageService,
  rules: UploadRules,
  file: IncomingFile,
  contentType: string | undefined,
  { req, res }: Parties,
): Promise<Acceptance> {
  const ask = <T>(rule: FileRule<T, IncomingMessage>) => fromHook(() => rule(file, req, res))
  const checkedType = await checkType(rules, file, contentType, ask)
  const maxSize =
    typeof rules.maxFileSize === 'function'
      ? checked(bytes, 'maxFileSize', await ask(rules.maxFileSize))
      : rules.maxFileSize
  if (file.size !== undefined && file.size > maxSize) {
    throw new StorageError('TOO_LARGE', `the file has ${file.size} bytes, and at most ${maxSize} are allowed`)
  }
  const acl = typeof rules.acl === 'function' ? await ask(rules.acl) : rules.acl
  const { attributes, nativeOptions, acl: hasAcl } = storage.capabilities
  const native = Object.fromEntries(Object.entries(rules.native).filter(([name]) => nativeOptions.includes(name)))
  return {
    acl,
    write: {
      maxSize,
      native,
      ...(file.size === undefined ? {} : { size: file.size }),
      ...(checkedType === undefined ? {} : { contentType: checkedType }),
      ...(rules.cacheControl === undefined || !attributes.cacheControl ? {} : { cacheControl: rules.cacheControl }),
      ...(acl === undefined || !hasAcl ? {} : { acl }),
    },
  }
}

/** The type to store; `undefined` when it is to be detected. */
async function checkType(
  { allowedContentTypes }: UploadRules,
  file: IncomingFile,
  contentType: string | undefined,
  ask: <T>(rule: FileRule<T, IncomingMessage>) => Promise<T>,
): Promise<string | undefined> {
  if (allowedContentTypes === undefined) return contentType
  const allowed =
    typeof allowedContentTypes === 'function'
      ? checked(optionalTypeSet, 'allowedContentTypes', await ask(allowedContentTypes))
      : allowedContentTypes
  if (allowed === undefined) return contentType
  const type = contentType ?? contentTypeByName(file.name) ?? unknownContentType
  if (!allowed.has(essence(type))) {
    throw new StorageError('TYPE_NOT_ALLOWED', `files of type ${essence(type)} are not allowed here`)
  }
  return type
}

const optionalTypeSet = (_name: string, types: unknown) => (types === undefined ? undefined : typeSet(types))

/** Nonsense from a function that the application gave is a failure of the server, and not of the request. */
function checked<T>(check: (property: string, value: unknown) => T, property: string, value: unknown): T {
  try {
    return check(property, value)
  } catch (error) {
    throw new TypeError(`the function ${property} among the upload options gave something wrong`, { cause: error })
  }
}
