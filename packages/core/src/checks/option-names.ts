/**
 * The names of all options, so that a misspelt one is an error and not a default.
 */

import type {
  CopyFileOptions,
  GetFileOptions,
  ListFilesOptions,
  ListOptions,
  OperationOptions,
  PageOptions,
  SendOptions,
  WriteOptions,
} from '../service/options.js'
import type { StorageService } from '../service/service.js'
import type { TransferOptions } from '../service/transfer.js'
import { invalid } from './invalid.js'

/** The names of a type's properties. `satisfies` makes the compiler refuse a table that lacks one, or has one too many. */
export type NamesOf<Options> = Readonly<Record<keyof Options, true>>

const operation = { signal: true, timeout: true } as const satisfies NamesOf<OperationOptions>
const list = { ...operation, pageSize: true } as const satisfies NamesOf<ListOptions>
const page = { limit: true, cursor: true } as const satisfies NamesOf<PageOptions>
const filters = { prefix: true, delimiter: true, startAfter: true } as const
const fileList = { ...list, ...filters } as const satisfies NamesOf<ListFilesOptions>
const writeConditions = { ifMatch: true, ifNoneMatch: true } as const
const read = {
  ...operation,
  ...writeConditions,
  ifModifiedSince: true,
  ifUnmodifiedSince: true,
} as const satisfies NamesOf<GetFileOptions>
const open = { ...read, range: true, verify: true } as const

export const responseHeaderNames = {
  contentType: true,
  cacheControl: true,
  contentDisposition: true,
  contentEncoding: true,
  contentLanguage: true,
} as const
export const attributeNames = { ...responseHeaderNames, expires: true, metadata: true } as const satisfies NamesOf<
  NonNullable<CopyFileOptions['attributes']>
>
export const sendNames = { reuseBuffers: true } as const satisfies NamesOf<SendOptions>

const service = { acl: true, native: true } as const
export const transferNames = {
  ...operation,
  ...attributeNames,
  ...writeConditions,
  ...service,
  checksums: true,
  partSize: true,
  parallelism: true,
  onProgress: true,
} as const satisfies NamesOf<TransferOptions>
const write = {
  ...transferNames,
  size: true,
  maxSize: true,
  detectContentType: true,
} as const satisfies NamesOf<WriteOptions>
const copy = {
  ...operation,
  ...writeConditions,
  ...service,
  attributes: true,
  ifSourceMatch: true,
} as const satisfies NamesOf<CopyFileOptions>

type Last<Parameters extends readonly unknown[]> =
  Required<Parameters> extends readonly [...unknown[], infer Options] ? Options : undefined

/** What a method takes as its last parameter. */
type OptionsOf<Method extends keyof StorageService> = StorageService[Method] extends (
  ...parameters: infer Parameters
) => unknown
  ? Last<Parameters>
  : undefined

/** The methods that take options. */
export type Method = {
  [Name in keyof StorageService]: OptionsOf<Name> extends OperationOptions ? Name : never
}[keyof StorageService]

/** The options of every method of {@link StorageService}. */
export const methodOptions = {
  getContainers: list,
  containers: list,
  containerPage: { ...operation, ...page },
  getContainer: operation,
  hasContainer: operation,
  createContainer: { ...operation, name: true, ifNotExists: true },
  destroyContainer: { ...operation, onlyIfEmpty: true },
  getFiles: fileList,
  files: fileList,
  filePage: { ...operation, ...page, ...filters },
  getFile: read,
  hasFile: operation,
  openFile: open,
  downloadStream: open,
  putFile: write,
  uploadStream: write,
  removeFile: { ...operation, ifMatch: true },
  removeFiles: operation,
  copyFile: copy,
  moveFile: copy,
  startUpload: { ...operation, ...attributeNames, ...service, partSize: true, size: true, checksums: true },
  uploadPart: { ...operation, size: true },
  parts: list,
  completeUpload: { ...operation, ...writeConditions },
  abortUpload: operation,
  uploads: { ...list, prefix: true },
  purgeUploads: { ...operation, startedBefore: true, prefix: true },
  signUrl: { ...operation, method: true, expiresIn: true, contentType: true, size: true, responseHeaders: true },
} as const satisfies { readonly [Name in Method]: NamesOf<OptionsOf<Name>> }

/**
 * Throws `INVALID_ARGUMENT` unless the options are an object whose properties all have known names. A property that is `undefined` counts
 * as left out, whatever its name.
 *
 * @param owner What takes the options, for the message: `putFile`, `S3Provider`.
 * @param known The names, as the keys of an object that `satisfies Record<keyof Options, true>`.
 */
export function checkOptions(owner: string, options: unknown, known: Readonly<Record<string, true>>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid('options', `the options of ${owner} must be an object`)
  }
  // Inherited ones as well: they are read like the object's own.
  for (const name in options) {
    if (known[name] === true || (options as Record<string, unknown>)[name] === undefined) continue
    throw invalid(name, unknownName('option', name, owner, Object.keys(known)))
  }
}

/** The sentence about a name that is not one of those known: `unknown option "sise" for putFile (known: signal, …)`. */
export const unknownName = (kind: string, name: string, owner: string, known: readonly string[]): string =>
  `unknown ${kind} ${JSON.stringify(name)} for ${owner} (known: ${known.join(', ')})`
