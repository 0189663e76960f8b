/**
 * The options and their checks. Invalid options fail when the router is created, not when a request
 * arrives.
 */
import type { IncomingMessage } from 'node:http'
import { type FileInfo, StorageError, type StorageService, type UploadPolicy } from '@stowage/core'
import { checkOptions, compilePolicy } from '@stowage/core/provider'
import type { DirectOptions } from './direct/direct-options.js'
import { filesystemOf } from './downloads/accel-redirect.js'
import type { CorsOptions } from './http/cors.js'
import type { HttpRequest, ResponseOf } from './http/messages.js'
import type { ResumableOptions } from './resumable/resumable-options.js'
import type { Action } from './routes/actions.js'

/** A file that a client is about to upload, as functions among the upload options receive it. */
export interface IncomingFile {
  readonly container: string
  /**
   * The client's name for the file, with slashes; `a.txt` for `C:\fakepath\a.txt`. After
   * `getFilename` or `nameConflict`, the name under which the file will be stored.
   */
  readonly name: string
  /** The client's name for the file, if it is stored under another name. */
  readonly originalFilename?: string
  /**
   * The media type that the client states, in lower case and without parameters;
   * `application/octet-stream` if it states none.
   */
  readonly type: string
  /** The field of the form; absent for a raw upload. */
  readonly field?: string
  /** Bytes, if the client states them: a raw upload with Content-Length. */
  readonly size?: number
}

type MaybePromise<T> = T | Promise<T>

/** A function that returns the value of an option for one file. */
export type FileRule<T, Req> = (file: IncomingFile, req: Req, res: ResponseOf<Req>) => MaybePromise<T>

/**
 * Options of `upload` and of the routes that store files. Names and meanings are those of
 * LoopBack's storage component.
 */
export interface UploadOptions<Req = IncomingMessage> {
  /**
   * Bytes per file; a larger file is refused while it arrives. A number, digits, or a function of
   * the file. Default: 10 MiB, unless `policy` has a `maxSize`.
   */
  readonly maxFileSize?: number | string | FileRule<number | string, Req>
  /** Bytes of all fields of a form together, names and values. Default: 2 MiB. */
  readonly maxFieldsSize?: number | string
  /** Fields per form. Default: 1,000. */
  readonly maxFields?: number
  /** Files per form. Default: 1,000. */
  readonly maxFiles?: number
  /**
   * The media types that may be stored: a list, compared without case and parameters; or a function
   * that returns such a list, or `undefined` for all types. Default: all types. With a list, the
   * compared type is the stored type; no type is detected from content.
   */
  readonly allowedContentTypes?: readonly string[] | FileRule<readonly string[] | undefined, Req>
  /**
   * Rules that every file has to meet, whatever way it arrives; or a function that returns those of
   * one file, such as a quota of its user. It is called again for every request of a resumable
   * upload. `maxFileSize` and `allowedContentTypes` hold in addition. See
   * `docs/upload-policy.md`.
   */
  readonly policy?: UploadPolicy | FileRule<UploadPolicy | undefined, Req>
  /**
   * Returns the name under which a file of a form is stored. Default: the client's name,
   * {@link IncomingFile.name}.
   */
  readonly getFilename?: FileRule<string, Req>
  /**
   * `makeUnique` stores the files of a form under random names that keep the extension. Ignored if
   * `getFilename` is set.
   */
  readonly nameConflict?: 'makeUnique'
  /**
   * The access list. Applied if the storage supports access lists, and always part of the response.
   */
  readonly acl?: string | FileRule<string, Req>
  /**
   * Milliseconds without data in a body after which the request fails with 408. Default: 0, no
   * limit.
   */
  readonly idleTimeout?: number
  /** Stored with every file as its Cache-Control, if the storage supports it. */
  readonly CacheControl?: string
  /**
   * This and the following options are Amazon's. Each is applied if the storage lists it in
   * `capabilities.nativeOptions`.
   */
  readonly StorageClass?: string
  readonly ServerSideEncryption?: string
  readonly SSEKMSKeyId?: string
  readonly SSECustomerAlgorithm?: string
  readonly SSECustomerKey?: string
  readonly SSECustomerKeyMD5?: string
}

/** Options of `download` and of the download route. */
export interface DownloadOptions<Req = IncomingMessage> {
  /**
   * Cache-Control of files that are stored without one, or a function of the file. Default:
   * `private, no-cache`.
   */
  readonly cacheControl?: string | ((file: FileInfo, req: Req) => string)
  /**
   * Headers to add to a response that sends a file, or to replace; names are compared without case,
   * and `undefined` removes a header. This can also remove the headers that keep stored scripts
   * from running in your origin: `Content-Disposition`, `Content-Security-Policy` and
   * `X-Content-Type-Options`.
   */
  readonly headers?: (file: FileInfo, req: Req) => Readonly<Record<string, string | undefined>>
  /**
   * Lets nginx send large files of a filesystem storage, by `X-Accel-Redirect`: the path of an
   * internal location whose `alias` is the storage's root, such as `/stowage-files/`. A function
   * returns `undefined` for requests that do not come from nginx. Its configuration is in
   * `docs/scaling-out.md`. Default: the router sends all files.
   */
  readonly accelRedirect?: string | ((file: FileInfo, req: Req) => string | undefined)
  /**
   * Redirects downloads to a signed URL of the storage (302), after `authorize` and all conditions.
   * The storage needs signed URLs. A function decides for each file and request. See
   * `docs/direct-uploads.md`. Default: false, the router sends all files.
   */
  readonly redirect?: boolean | ((file: FileInfo, req: Req) => boolean)
}

/** The action of a request, and the names that it concerns. */
export interface Authorization<Req = IncomingMessage> {
  readonly action: Action
  /** Absent for `getContainers`. */
  readonly container?: string
  /**
   * The decoded name of the file; absent if the action concerns a container, and for `upload` until
   * the names of the files are known.
   */
  readonly file?: string
  readonly req: Req
  /** For headers of the response, such as `WWW-Authenticate`. */
  readonly res: ResponseOf<Req>
}

/** A failed request, as `onError` receives it. */
export interface FailedRequest<Req = IncomingMessage> {
  readonly action: Action | undefined
  /** The status of the response; 499 if the client had closed the connection. */
  readonly statusCode: number
  readonly req: Req
}

export interface StorageRouterOptions<Req = IncomingMessage> extends UploadOptions<Req>, DownloadOptions<Req> {
  /**
   * Called on every route before any I/O, with decoded and checked names. `true` allows the
   * request; a number from 400 to 499 refuses it with that status; any other value refuses it with
   * 403. If it throws a `StorageError`, or an error with a `statusCode` from 400 to 499, that error
   * is the response. Default: every request is allowed.
   */
  readonly authorize?: (request: Authorization<Req>) => MaybePromise<boolean | number>
  /**
   * Resumable uploads: `true`, or their options. Default: off, and their routes are unknown.
   */
  readonly resumable?: boolean | ResumableOptions<Req>
  /**
   * Direct uploads: `true`, or their options. Clients send the bytes to the storage itself where it
   * can receive them, otherwise to the router. Default: off, and their routes are unknown.
   */
  readonly direct?: boolean | DirectOptions<Req>
  /**
   * Lets pages of other origins use the routes. Default: off, and the application may have a
   * middleware for it.
   */
  readonly cors?: CorsOptions
  /**
   * Called for every failed request with the original error, for logging. Default: a process
   * warning (`process.emitWarning`) for each failure of the server, 500 and above except 501.
   */
  readonly onError?: (error: unknown, request: FailedRequest<Req>) => void
  /**
   * Passes failures of the server to `next(error)` if the response has not begun, so that the
   * application's error handler can log them and respond. `onError` is still called. Default:
   * false, the router responds.
   */
  readonly forwardErrors?: boolean
}

/** Options of one service, which are passed to it under the same names. */
const nativeNames = [
  'StorageClass',
  'ServerSideEncryption',
  'SSEKMSKeyId',
  'SSECustomerAlgorithm',
  'SSECustomerKey',
  'SSECustomerKeyMD5',
] as const

/** Checked upload options, with defaults, and numbers instead of digits. */
export interface UploadRules<Req = HttpRequest> {
  /** `undefined`: the default, or the limit of the policy. */
  readonly maxFileSize: number | FileRule<number | string, Req> | undefined
  readonly maxFieldsSize: number
  readonly maxFields: number
  readonly maxFiles: number
  readonly allowedContentTypes: ReadonlySet<string> | FileRule<readonly string[] | undefined, Req> | undefined
  readonly policy: UploadPolicy | FileRule<UploadPolicy | undefined, Req> | undefined
  readonly getFilename: FileRule<string, Req> | undefined
  readonly makeUnique: boolean
  readonly acl: string | FileRule<string, Req> | undefined
  readonly idleTimeout: number
  readonly cacheControl: string | undefined
  readonly native: Readonly<Record<string, string>>
}

/** Bytes per file, if neither `maxFileSize` nor the policy limits it. */
export const defaultMaxFileSize = 10 * 1024 * 1024
const defaultMaxFieldsSize = 2 * 1024 * 1024
const defaultMaxCount = 1000
/** Of downloads of files that have no Cache-Control. */
const defaultCacheControl = 'private, no-cache'

/** The names of all {@link UploadOptions}, to pick them from other settings. */
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

const downloadNames = [
  'cacheControl',
  'headers',
  'accelRedirect',
  'redirect',
] as const satisfies readonly (keyof DownloadOptions)[]

const invalid = (property: string, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })

/** Throws `INVALID_ARGUMENT`, which names the option, if an option is unknown or invalid. */
export function uploadRules<Req>(options: UploadOptions<Req>): UploadRules<Req> {
  const { maxFileSize, allowedContentTypes, policy, getFilename, nameConflict, acl } = options
  if (getFilename !== undefined && typeof getFilename !== 'function') {
    throw invalid('getFilename', 'getFilename must be a function that returns a name')
  }
  if (nameConflict !== undefined && nameConflict !== 'makeUnique') {
    throw invalid('nameConflict', `nameConflict must be "makeUnique" or undefined, not ${JSON.stringify(nameConflict)}`)
  }
  if (acl !== undefined && typeof acl !== 'function') text('acl', acl)
  if (policy !== undefined && typeof policy !== 'function') compilePolicy(policy)
  return {
    maxFileSize:
      maxFileSize === undefined || typeof maxFileSize === 'function' ? maxFileSize : bytes('maxFileSize', maxFileSize),
    maxFieldsSize: bytes('maxFieldsSize', options.maxFieldsSize ?? defaultMaxFieldsSize),
    maxFields: count('maxFields', options.maxFields ?? defaultMaxCount),
    maxFiles: count('maxFiles', options.maxFiles ?? defaultMaxCount),
    allowedContentTypes:
      allowedContentTypes === undefined || typeof allowedContentTypes === 'function'
        ? allowedContentTypes
        : typeSet(allowedContentTypes),
    policy,
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
 * Checks upload options, for applications that call `upload` with them later. Throws
 * `INVALID_ARGUMENT`, which names the option, if an option is unknown or invalid.
 */
export function checkUploadOptions(options: UploadOptions): void {
  checkNames('upload', options)
  uploadRules(options)
}

/** Checked download options, with defaults. */
export interface DownloadRules<Req = HttpRequest> {
  /** The Cache-Control of a file that is stored without one. */
  readonly cacheControl: (file: FileInfo, req: Req) => string
  readonly headers: DownloadOptions<Req>['headers']
  /** The location of nginx for a file; `undefined` if no option was given. */
  readonly accelRedirect: ((file: FileInfo, req: Req) => string | undefined) | undefined
  /** Whether the service sends a file; `undefined` if it never does. */
  readonly redirect: ((file: FileInfo, req: Req) => boolean) | undefined
}

/** Throws `INVALID_ARGUMENT`, which names the option, if an option is invalid. */
export function downloadRules<Req>(
  storage: StorageService,
  { cacheControl = defaultCacheControl, headers, accelRedirect, redirect }: DownloadOptions<Req>,
): DownloadRules<Req> {
  checkFunction('headers', headers)
  const rules = {
    headers,
    accelRedirect: locationRule(storage, accelRedirect),
    redirect: redirectRule(storage, redirect),
  }
  if (typeof cacheControl === 'function') return { ...rules, cacheControl }
  text('cacheControl', cacheControl)
  return { ...rules, cacheControl: () => cacheControl }
}

function redirectRule<Req>(
  storage: StorageService,
  redirect: DownloadOptions<Req>['redirect'],
): DownloadRules<Req>['redirect'] {
  if (redirect === undefined || redirect === false) return undefined
  if (redirect !== true && typeof redirect !== 'function') {
    throw invalid('redirect', 'redirect must be true, false or a function')
  }
  if (storage.capabilities.signedUrls === false) {
    const remedy = storage.provider.verifyUrl === undefined ? '' : ': add the setting signedUrls to its data source'
    throw invalid('redirect', `redirect needs a storage with signed URLs${remedy}`)
  }
  return redirect === true ? () => true : redirect
}

function locationRule<Req>(
  storage: StorageService,
  accelRedirect: DownloadOptions<Req>['accelRedirect'],
): DownloadRules<Req>['accelRedirect'] {
  if (accelRedirect === undefined) return undefined
  if (filesystemOf(storage) === undefined) {
    throw invalid('accelRedirect', 'accelRedirect needs a storage of the provider "filesystem"')
  }
  if (typeof accelRedirect === 'function') return accelRedirect
  if (!/^\/(?:[\w-]+\/)+$/.test(text('accelRedirect', accelRedirect))) {
    const example = '"/stowage-files/"'
    throw invalid('accelRedirect', `accelRedirect must be a location such as ${example}, not ${shown(accelRedirect)}`)
  }
  return () => accelRedirect
}

/**
 * Throws `INVALID_ARGUMENT` if a name is not that of an option: a misspelled limit would have no
 * effect.
 */
export function checkNames(
  what: 'upload' | 'download' | 'storageRouter' | 'storageHandler' | 'resumableUploads',
  options: object,
): void {
  const routerNames = [
    ...uploadOptionNames,
    ...downloadNames,
    'policy',
    'authorize',
    'resumable',
    'direct',
    'cors',
    'onError',
    'forwardErrors',
  ]
  const known: readonly string[] = {
    upload: [...uploadOptionNames, 'policy', 'container'],
    download: downloadNames,
    storageRouter: routerNames,
    resumableUploads: routerNames,
    storageHandler: [...routerNames, 'basePath', 'notFound'],
  }[what]
  checkOptions(what, options, Object.fromEntries(known.map((name) => [name, true] as const)))
}

/** Throws `INVALID_ARGUMENT` unless the value is a function or `undefined`. */
export function checkFunction(property: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalid(property, `${property} must be a function`)
}

/** Throws `INVALID_ARGUMENT` unless the value is true, false or `undefined`. */
export function checkFlag(property: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw invalid(property, `${property} must be true or false`)
}

/** Throws `INVALID_ARGUMENT` unless the value is a storage; a promise of one is not. */
export function checkStorage(storage: unknown): asserts storage is StorageService {
  if (typeof storage === 'object' && storage !== null) {
    if ('getFiles' in storage && 'openFile' in storage) return
    if ('then' in storage) throw invalid('storage', 'storage is a promise: use "await createStorage(…)"')
  }
  throw invalid('storage', `storage must be a StorageService, as createStorage returns it, not ${typeof storage}`)
}

/** A number of bytes, from a number or digits. */
export function bytes(property: string, value: unknown): number {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number
  throw invalid(property, `${property} must be an integer number of bytes, or the same in digits, not ${shown(value)}`)
}

/** Checks media types and returns them in lower case, without parameters. */
export function typeSet(types: unknown): ReadonlySet<string> {
  if (!Array.isArray(types)) {
    throw invalid(
      'allowedContentTypes',
      'allowedContentTypes must be a list of media types, or a function that returns one',
    )
  }
  return new Set(
    types.map((type: unknown) => {
      const bare = typeof type === 'string' ? essence(type) : ''
      if (/^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+$/.test(bare)) return bare
      throw invalid('allowedContentTypes', `allowedContentTypes contains ${shown(type)}, which is not a media type`)
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
  throw invalid(property, `${property} must be an integer of 0 or more, not ${shown(value)}`)
}

function text(property: string, value: unknown): string {
  if (typeof value === 'string' && /^[!-~](?:[\t -~]*[!-~])?$/.test(value)) return value
  throw invalid(property, `${property} must be a string of visible ASCII`)
}

const shown = (value: unknown) => (typeof value === 'string' ? JSON.stringify(value.slice(0, 50)) : String(value))
