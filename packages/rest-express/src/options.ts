/**
 * The options: what they are, and that wrong ones are refused when the router is made and not when a request comes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type FileInfo, StorageError, type StorageService } from '@stowage/core'
import { checkOptions } from '@stowage/core/provider'
import type { Action } from './routes/actions.js'

/** A file that a client is about to upload, as the functions among the upload options get it. */
export interface IncomingFile {
  readonly container: string
  /**
   * What the client calls it, slashes included, or `a.txt` for `C:\fakepath\a.txt`; after
   * `getFilename` or `nameConflict`, what it will be called.
   */
  readonly name: string
  /** What the client calls it, once it has another name. */
  readonly originalFilename?: string
  /**
   * The media type that the client states, in lower case and without parameters;
   * `application/octet-stream` when it states none.
   */
  readonly type: string
  /** The form's field; left out for a raw upload. */
  readonly field?: string
  /** Bytes, where the client states them: a raw upload with Content-Length. */
  readonly size?: number
}

type MaybePromise<T> = T | Promise<T>

/** A function of the file that decides something about it. */
export type FileRule<T, Req> = (file: IncomingFile, req: Req, res: ServerResponse) => MaybePromise<T>

/** What `upload` and the routes that store files accept. Names and meaning are those of LoopBack's storage component. */
export interface UploadOptions<Req extends IncomingMessage = IncomingMessage> {
  /** Bytes: a larger file is refused while it comes in. A number, digits, or a function of the file. Default: 10 MiB. */
  readonly maxFileSize?: number | string | FileRule<number | string, Req>
  /** Bytes of all fields of a form together, names and values. Default: 2 MiB. */
  readonly maxFieldsSize?: number | string
  /** Fields of one form. Default: 1,000. */
  readonly maxFields?: number
  /** Files of one form. Default: 1,000. */
  readonly maxFiles?: number
  /**
   * The media types that may be stored: a list, compared without case and parameters, or a function that gives one, or `undefined`
   * for all. Default: all. Where a list is in force, the type that was compared is the one that is stored: nothing is detected by content.
   */
  readonly allowedContentTypes?: readonly string[] | FileRule<readonly string[] | undefined, Req>
  /** The name under which a form's file is stored. Default: the client's own, {@link IncomingFile.name}. */
  readonly getFilename?: FileRule<string, Req>
  /** `makeUnique`: store a form's files under random names that keep the extension. Without effect beside `getFilename`. */
  readonly nameConflict?: 'makeUnique'
  /** The access list: passed on where the storage has such lists, and always shown in the answer. */
  readonly acl?: string | FileRule<string, Req>
  /** Milliseconds for which a client may send nothing in the middle of a body; then 408. Default: 0, for any time. */
  readonly idleTimeout?: number
  /** Kept with every file as its Cache-Control, where the storage keeps it. */
  readonly CacheControl?: string
  /** The following are Amazon's; each is passed on where the storage lists it in `capabilities.nativeOptions`. */
  readonly StorageClass?: string
  readonly ServerSideEncryption?: string
  readonly SSEKMSKeyId?: string
  readonly SSECustomerAlgorithm?: string
  readonly SSECustomerKey?: string
  readonly SSECustomerKeyMD5?: string
}

/** What `download` and the download route accept. */
export interface DownloadOptions<Req extends IncomingMessage = IncomingMessage> {
  /** Cache-Control of files that have none of their own; a function gets the file. Default: `private, no-cache`. */
  readonly cacheControl?: string | ((file: FileInfo, req: Req) => string)
  /**
   * Further headers of an answer that sends a file, or others in place of ours, compared without case; `undefined` leaves one out. What
   * keeps stored scripts from running in your origin (`Content-Disposition`, `Content-Security-Policy`, `X-Content-Type-Options`) is among them.
   */
  readonly headers?: (file: FileInfo, req: Req) => Readonly<Record<string, string | undefined>>
}

/** What a request wants to do, and to what. */
export interface Authorization<Req extends IncomingMessage = IncomingMessage> {
  readonly action: Action
  /** Left out for `getContainers`. */
  readonly container?: string
  /** The file's name, decoded; left out where a container is concerned, and for `upload` until the files' names are known. */
  readonly file?: string
  readonly req: Req
  /** For headers of the answer, such as `WWW-Authenticate`. */
  readonly res: ServerResponse
}

/** A request that failed. */
export interface FailedRequest<Req extends IncomingMessage = IncomingMessage> {
  readonly action: Action | undefined
  /** The status that the client got; 499 when it had gone. */
  readonly statusCode: number
  readonly req: Req
}

export interface StorageRouterOptions<Req extends IncomingMessage = IncomingMessage>
  extends UploadOptions<Req>,
    DownloadOptions<Req> {
  /**
   * Asked before any I/O, on every route, with names decoded and checked. `true` lets the request pass; a number is the status to refuse
   * it with (400 to 499); anything else is 403. What it throws is the answer when it is a `StorageError` or has a `statusCode` from 400
   * to 499. Default: everything is allowed.
   */
  readonly authorize?: (request: Authorization<Req>) => MaybePromise<boolean | number>
  /**
   * Called for every request that failed, with the error as it was thrown, for logging. Default: a warning of the process
   * (`process.emitWarning`) for each failure of the server, 500 and above except 501.
   */
  readonly onError?: (error: unknown, request: FailedRequest<Req>) => void
  /**
   * Passes failures of the server to `next(error)`, for the application's error handler to respond to and to log, where the
   * response has not begun; `onError` is still called. Default: false, the router responds.
   */
  readonly forwardErrors?: boolean
}

/** Options of one service, passed on by their names. */
const nativeNames = [
  'StorageClass',
  'ServerSideEncryption',
  'SSEKMSKeyId',
  'SSECustomerAlgorithm',
  'SSECustomerKey',
  'SSECustomerKeyMD5',
] as const

/** Upload options with defaults, numbers as numbers. */
export interface UploadRules<Req extends IncomingMessage = IncomingMessage> {
  readonly maxFileSize: number | FileRule<number | string, Req>
  readonly maxFieldsSize: number
  readonly maxFields: number
  readonly maxFiles: number
  readonly allowedContentTypes: ReadonlySet<string> | FileRule<readonly string[] | undefined, Req> | undefined
  readonly getFilename: FileRule<string, Req> | undefined
  readonly makeUnique: boolean
  readonly acl: string | FileRule<string, Req> | undefined
  readonly idleTimeout: number
  readonly cacheControl: string | undefined
  readonly native: Readonly<Record<string, string>>
}

const defaultMaxFileSize = 10 * 1024 * 1024
const defaultMaxFieldsSize = 2 * 1024 * 1024
const defaultMaxCount = 1000
/** Of JSON responses, and of downloads of files that have no Cache-Control. */
export const defaultCacheControl = 'private, no-cache'

/** The names of all {@link UploadOptions}, for whoever takes them from among other settings. */
export const uploadOptionNames = [
  ...nativeNames,
  'maxFileSize',
  'maxFieldsSize',
  'maxFields',
  'maxFiles',
  'allowedContentTypes',
  'getFilename',
  'nameConflict',
  'acl',
  'idleTimeout',
  'CacheControl',
] as const satisfies readonly (keyof UploadOptions)[]

const downloadNames = ['cacheControl', 'headers'] as const satisfies readonly (keyof DownloadOptions)[]

const invalid = (property: string, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })

/** Throws `INVALID_ARGUMENT`, which names the option, unless all are known and well-formed. */
export function uploadRules<Req extends IncomingMessage>(options: UploadOptions<Req>): UploadRules<Req> {
  const { maxFileSize = defaultMaxFileSize, allowedContentTypes, getFilename, nameConflict, acl } = options
  if (getFilename !== undefined && typeof getFilename !== 'function') {
    throw invalid('getFilename', 'getFilename must be a function that returns a name')
  }
  if (nameConflict !== undefined && nameConflict !== 'makeUnique') {
    throw invalid('nameConflict', `nameConflict must be "makeUnique" or left out, not ${JSON.stringify(nameConflict)}`)
  }
  if (acl !== undefined && typeof acl !== 'function') text('acl', acl)
  return {
    maxFileSize: typeof maxFileSize === 'function' ? maxFileSize : bytes('maxFileSize', maxFileSize),
    maxFieldsSize: bytes('maxFieldsSize', options.maxFieldsSize ?? defaultMaxFieldsSize),
    maxFields: count('maxFields', options.maxFields ?? defaultMaxCount),
    maxFiles: count('maxFiles', options.maxFiles ?? defaultMaxCount),
    allowedContentTypes:
      allowedContentTypes === undefined || typeof allowedContentTypes === 'function'
        ? allowedContentTypes
        : typeSet(allowedContentTypes),
    getFilename,
    makeUnique: nameConflict === 'makeUnique' && getFilename === undefined,
    acl,
    idleTimeout: count('idleTimeout', options.idleTimeout ?? 0),
    cacheControl: options.CacheControl === undefined ? undefined : text('CacheControl', options.CacheControl),
    native: Object.fromEntries(
      nativeNames.flatMap((name) => {
        const value = options[name]
        return value === undefined ? [] : [[name, text(name, value)]]
      }),
    ),
  }
}

/**
 * For applications that keep upload options and call `upload` later: throws `INVALID_ARGUMENT`, which names the option, unless all are
 * known and well-formed.
 */
export function checkUploadOptions(options: UploadOptions): void {
  checkNames('upload', options)
  uploadRules(options)
}

/** Download options with defaults. */
export interface DownloadRules<Req extends IncomingMessage = IncomingMessage> {
  /** The Cache-Control of a file that has none of its own. */
  readonly cacheControl: (file: FileInfo, req: Req) => string
  readonly headers: DownloadOptions<Req>['headers']
}

/** Throws `INVALID_ARGUMENT`, which names the option, unless all are well-formed. */
export function downloadRules<Req extends IncomingMessage>({
  cacheControl = defaultCacheControl,
  headers,
}: DownloadOptions<Req>): DownloadRules<Req> {
  checkFunction('headers', headers)
  if (typeof cacheControl === 'function') return { cacheControl, headers }
  text('cacheControl', cacheControl)
  return { cacheControl: () => cacheControl, headers }
}

/** Throws `INVALID_ARGUMENT` unless all names are those of options: a misspelt limit would be no limit. */
export function checkNames(what: 'upload' | 'download' | 'storageRouter', options: object): void {
  const known: readonly string[] = {
    upload: [...uploadOptionNames, 'container'],
    download: downloadNames,
    storageRouter: [...uploadOptionNames, ...downloadNames, 'authorize', 'onError', 'forwardErrors'],
  }[what]
  checkOptions(what, options, Object.fromEntries(known.map((name) => [name, true] as const)))
}

/** Throws `INVALID_ARGUMENT` unless it is a function or left out. */
export function checkFunction(property: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalid(property, `${property} must be a function`)
}

/** Throws `INVALID_ARGUMENT` unless it is true, false or left out. */
export function checkFlag(property: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw invalid(property, `${property} must be true or false`)
}

/** Throws `INVALID_ARGUMENT` unless it is a storage, which a promise of one is not. */
export function checkStorage(storage: unknown): asserts storage is StorageService {
  if (typeof storage === 'object' && storage !== null) {
    if ('getFiles' in storage && 'openFile' in storage) return
    if ('then' in storage) throw invalid('storage', 'storage is a promise: write "await createStorage(…)"')
  }
  throw invalid('storage', `storage must be a StorageService, as createStorage returns it, not ${typeof storage}`)
}

/** A number of bytes, as a number or in digits. */
export function bytes(property: string, value: unknown): number {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number
  throw invalid(property, `${property} must be a whole number of bytes, as a number or in digits, not ${shown(value)}`)
}

/** Media types to compare with: lower case, no parameters. */
export function typeSet(types: unknown): ReadonlySet<string> {
  if (!Array.isArray(types)) {
    throw invalid(
      'allowedContentTypes',
      'allowedContentTypes must be a list of media types, or a function that gives one',
    )
  }
  return new Set(
    types.map((type: unknown) => {
      const bare = typeof type === 'string' ? essence(type) : ''
      if (/^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+$/.test(bare)) return bare
      throw invalid('allowedContentTypes', `allowedContentTypes holds ${shown(type)}, which is no media type`)
    }),
  )
}

/** A media type without its parameters, in lower case. */
export function essence(contentType: string): string {
  const end = contentType.indexOf(';')
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

function count(property: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31) return value
  throw invalid(property, `${property} must be a whole number from 0, not ${shown(value)}`)
}

function text(property: string, value: unknown): string {
  if (typeof value === 'string' && /^[!-~](?:[\t -~]*[!-~])?$/.test(value)) return value
  throw invalid(property, `${property} must be a string of visible ASCII`)
}

const shown = (value: unknown) => (typeof value === 'string' ? JSON.stringify(value.slice(0, 50)) : String(value))
