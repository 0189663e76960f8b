/** Errors: one class, a stable code, and the HTTP status of each code. */
import { debuglog } from 'node:util'
import type { FileEntry } from './files.js'

const debug = debuglog('stowage')

/** The rule of an upload policy that refused a file. */
export type PolicyRule = 'maxSize' | 'types' | 'names' | 'content' | 'image' | 'scan' | 'quota'

/**
 * When a failed operation may be retried. `idempotent`: only if repeating the operation has no
 * further effect.
 */
export type RetryRule = 'never' | 'idempotent' | 'always'

/**
 * The HTTP status of each code, and whether core retries. Statuses are those of RFC 9110 unless
 * noted.
 */
const codes = {
  /** An argument or an option breaks a rule. The message names both. */
  INVALID_ARGUMENT: { status: 400, retry: 'never' },
  /**
   * The name of a container or a file breaks a rule of the contract or of the service. The message
   * names the rule.
   */
  INVALID_NAME: { status: 400, retry: 'never' },
  /** A part is missing, has a wrong tag, or has a size that the upload does not allow. */
  INVALID_PART: { status: 400, retry: 'never' },
  /** The service rejected the credentials. */
  UNAUTHENTICATED: { status: 401, retry: 'never' },
  /** The credentials are valid, but do not allow the operation. */
  PERMISSION_DENIED: { status: 403, retry: 'never' },
  CONTAINER_NOT_FOUND: { status: 404, retry: 'never' },
  FILE_NOT_FOUND: { status: 404, retry: 'never' },
  /** The multipart upload is unknown, completed or aborted. */
  UPLOAD_NOT_FOUND: { status: 404, retry: 'never' },
  /**
   * The bytes do not continue the resumable upload. `details.offset` is the position at which it
   * continues.
   */
  OFFSET_MISMATCH: { status: 409, retry: 'never' },
  CONTAINER_EXISTS: { status: 409, retry: 'never' },
  /** The container holds files, and `onlyIfEmpty` was given. */
  CONTAINER_NOT_EMPTY: { status: 409, retry: 'never' },
  /**
   * A longer operation is in progress, such as the deletion of the container or a copy onto the
   * file. Nothing was done; retry after a minute.
   */
  BUSY: { status: 409, retry: 'never' },
  /**
   * The service cannot store this name together with an existing one (`a` and `a/b` in a plain
   * directory).
   */
  NAME_CONFLICT: { status: 409, retry: 'never' },
  /** The service requires a declared length. */
  LENGTH_REQUIRED: { status: 411, retry: 'never' },
  PRECONDITION_FAILED: { status: 412, retry: 'never' },
  TOO_LARGE: { status: 413, retry: 'never' },
  TYPE_NOT_ALLOWED: { status: 415, retry: 'never' },
  /** The range contains no byte of the file. `details.size` is the file's size. */
  RANGE_NOT_SATISFIABLE: { status: 416, retry: 'never' },
  CHECKSUM_MISMATCH: { status: 422, retry: 'never' },
  /**
   * A policy refuses the content of the file. The message may be shown to the uploader.
   * `details.rule` is the rule, `details.found` the type that was found.
   */
  CONTENT_REFUSED: { status: 422, retry: 'never' },
  /** The body was longer or shorter than declared. */
  SIZE_MISMATCH: { status: 400, retry: 'never' },
  /**
   * The caller already has this version (`ifNoneMatch`, `ifModifiedSince`). `details` has its ETag
   * and time.
   */
  NOT_MODIFIED: { status: 304, retry: 'never' },
  /**
   * The service asks to slow down, and did nothing. `details.retryAfter` is in seconds, if the
   * service reports it.
   */
  RATE_LIMITED: { status: 429, retry: 'always' },
  /**
   * The caller's signal was aborted; `cause` is its reason. 499 is nginx's "client closed request",
   * used only in logs.
   */
  ABORTED: { status: 499, retry: 'never' },
  /** The caller's body failed; `cause` is its error. */
  SOURCE_FAILED: { status: 400, retry: 'never' },
  /** An unexpected failure, such as a bug. */
  INTERNAL: { status: 500, retry: 'never' },
  /**
   * The provider does not support the operation. `details.capability` is the missing capability.
   */
  NOT_SUPPORTED: { status: 501, retry: 'never' },
  /** The connection broke. It is unknown whether the service executed the request. */
  CONNECTION_LOST: { status: 502, retry: 'idempotent' },
  /**
   * The service, or a proxy before it, failed (500, 502, 504). It is unknown whether it executed
   * the request.
   */
  SERVICE_FAILED: { status: 502, retry: 'idempotent' },
  /**
   * The response does not follow the service's protocol. A response that ends early is
   * `CONNECTION_LOST`.
   */
  BAD_RESPONSE: { status: 502, retry: 'never' },
  /** The service cannot serve requests now. It did nothing. */
  UNAVAILABLE: { status: 503, retry: 'always' },
  /** The caller's timeout has expired. */
  TIMEOUT: { status: 504, retry: 'never' },
  NO_SPACE: { status: 507, retry: 'never' },
  /**
   * The file's owner may not store that much. `details.left` is the number of bytes that are left.
   */
  QUOTA_EXCEEDED: { status: 507, retry: 'never' },
  /** The storage was closed. */
  CLOSED: { status: 503, retry: 'never' },
} as const satisfies Record<string, { status: number; retry: RetryRule }>

export type StorageErrorCode = keyof typeof codes

/** The HTTP status of every code, and when core retries it. */
export const errorCodes: Readonly<Record<StorageErrorCode, { readonly status: number; readonly retry: RetryRule }>> =
  Object.freeze(codes)

/** Facts that belong to one kind of error. All are optional, and none is secret. */
export interface StorageErrorDetails {
  /**
   * Bytes: the file's size (`RANGE_NOT_SATISFIABLE`) or the limit that was exceeded (`TOO_LARGE`).
   */
  readonly size?: number
  /** Bytes that the resumable upload has (`OFFSET_MISMATCH`). */
  readonly offset?: number
  /** The file's current ETag, if known (`NOT_MODIFIED`, `PRECONDITION_FAILED`). */
  readonly etag?: string
  /** The file's modification time (`NOT_MODIFIED`). */
  readonly mtime?: Date
  /** Seconds to wait before a retry (`RATE_LIMITED`, `UNAVAILABLE`). */
  readonly retryAfter?: number
  /** The missing capability (`NOT_SUPPORTED`). */
  readonly capability?: string
  /** The data source's property or the operation's option that is invalid (`INVALID_ARGUMENT`). */
  readonly property?: string
  /** Names that `removeFiles` had deleted when it was stopped (`ABORTED`, `TIMEOUT`). */
  readonly removed?: readonly string[]
  /** The rule of the policy that refused the file. */
  readonly rule?: PolicyRule
  /** The media type that was found (`TYPE_NOT_ALLOWED`, `CONTENT_REFUSED`). */
  readonly found?: string
  /** Bytes that the owner may still store (`QUOTA_EXCEEDED`). */
  readonly left?: number
  /** The existing file that prevents the write (`NAME_CONFLICT`). */
  readonly conflictsWith?: FileEntry['name']
}

/** Where an error occurred. Core adds what a provider omits. */
export interface StorageErrorContext {
  /** The service method's name, such as `getFile`. */
  readonly operation?: string
  /** The provider's name, such as `filesystem`. */
  readonly provider?: string
  readonly container?: string
  readonly file?: string
}

export interface StorageErrorOptions extends StorageErrorContext {
  readonly cause?: unknown
  readonly details?: StorageErrorDetails
}

/**
 * The only error that a storage throws.
 *
 * Its message, its JSON and its inspection contain no secrets and no paths of the server. A
 * provider therefore never passes a native error as `cause`, because native errors contain
 * requests, headers and paths. It passes {@link describeCause} of that error.
 *
 * @example
 * const error = new StorageError('FILE_NOT_FOUND', 'the file does not exist')
 * error.statusCode // 404
 */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode
  /** The HTTP status of the code. */
  readonly statusCode: number
  readonly operation: string | undefined
  readonly provider: string | undefined
  readonly container: string | undefined
  readonly file: string | undefined
  readonly details: StorageErrorDetails

  constructor(code: StorageErrorCode, message: string, options: StorageErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.statusCode = codes[code].status
    this.operation = options.operation
    this.provider = options.provider
    this.container = options.container
    this.file = options.file
    this.details = Object.freeze({ ...options.details })
  }

  /**
   * Returns the error with the context that it lacks; existing values stay. "Not found" and similar
   * errors get the message that every provider uses, with the names.
   */
  withContext(context: StorageErrorContext): StorageError {
    const merged = {
      operation: this.operation ?? context.operation,
      provider: this.provider ?? context.provider,
      container: this.container ?? context.container,
      file: this.file ?? context.file,
    }
    const { details, cause } = this
    const error = new StorageError(this.code, messageOf(this.code, merged) ?? this.message, {
      ...merged,
      details,
      cause,
    })
    if (this.stack !== undefined) error.stack = this.stack.replace(this.message, () => error.message)
    return error
  }

  toJSON(): Record<string, unknown> {
    const { name, code, statusCode, message, operation, provider, container, file, details } = this
    return { name, code, statusCode, message, operation, provider, container, file, details }
  }
}

/**
 * Returns whether a value is a {@link StorageError}, also one from another copy of this package in
 * the same process.
 *
 * @param code If given, the error must also have this code.
 *
 * @example
 * const error = await storage.getFile('photos', 'dog.jpg').catch((reason: unknown) => reason)
 * isStorageError(error, 'FILE_NOT_FOUND') // true
 */
export function isStorageError(value: unknown, code?: StorageErrorCode): value is StorageError {
  return (
    value instanceof Error &&
    value.name === 'StorageError' &&
    'code' in value &&
    'statusCode' in value &&
    (code === undefined || value.code === code)
  )
}

/**
 * Returns a copy of a native error that is safe to keep as a cause: its name, its code, its stack
 * frames, and nothing else. With `NODE_DEBUG=stowage`, the native error is printed to stderr, with
 * everything that it contains.
 *
 * @param message A message without secrets and paths. Default: the name and the code.
 */
export function describeCause(error: unknown, message?: string): Error {
  if (debug.enabled) debug('%O', error)
  const name = error instanceof Error ? error.name : typeof error
  const code =
    error instanceof Error && 'code' in error && ['string', 'number'].includes(typeof error.code)
      ? error.code
      : undefined
  const cause = new Error(message ?? (code === undefined ? name : `${name} ${code}`))
  cause.name = name
  const frames = framesOf(error)
  if (frames === undefined) delete cause.stack
  else cause.stack = `${name}\n${frames}`
  return code === undefined ? cause : Object.assign(cause, { code })
}

/**
 * Returns an error's stack without the message, which may contain secrets. Returns `undefined` for
 * errors of the operating system: they are not bugs, and reading a stack costs as much as a system
 * call.
 */
function framesOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || 'syscall' in error || typeof error.stack !== 'string') return undefined
  const { stack, message } = error
  const start = stack.indexOf(message)
  const lines = stack.slice(start === -1 ? 0 : start + message.length).split('\n')
  // Frame-like lines before the last other line belong to a message that was changed later.
  const first = lines.findLastIndex((line) => !/^ {4}at /.test(line)) + 1
  return first < lines.length ? lines.slice(first).join('\n') : undefined
}

/** The messages of the most common failures, the same on every provider. */
const messages: Partial<Record<StorageErrorCode, (container: string, file: string) => string>> = {
  CONTAINER_NOT_FOUND: (container) => `container ${container} does not exist`,
  CONTAINER_EXISTS: (container) => `container ${container} already exists`,
  CONTAINER_NOT_EMPTY: (container) => `container ${container} is not empty`,
  FILE_NOT_FOUND: (container, file) => `file ${file} does not exist in container ${container}`,
  UPLOAD_NOT_FOUND: (container, file) => `unknown upload of ${file} in container ${container}`,
}

function messageOf(code: StorageErrorCode, { container, file }: StorageErrorContext): string | undefined {
  return container === undefined ? undefined : messages[code]?.(JSON.stringify(container), JSON.stringify(file))
}

const notFoundOrExists = (code: StorageErrorCode, place: StorageErrorContext, cause: unknown): StorageError =>
  new StorageError(code, messageOf(code, place) ?? code, { ...place, cause })

/**
 * Makes the error of a missing container, for providers. `cause` is made with {@link
 * describeCause}.
 */
export const containerNotFound = (container: string, cause?: unknown): StorageError =>
  notFoundOrExists('CONTAINER_NOT_FOUND', { container }, cause)

/** Makes the error of a container that exists. */
export const containerExists = (container: string, cause?: unknown): StorageError =>
  notFoundOrExists('CONTAINER_EXISTS', { container }, cause)

/** Makes the error of a missing file. */
export const fileNotFound = (container: string, file: string, cause?: unknown): StorageError =>
  notFoundOrExists('FILE_NOT_FOUND', { container, file }, cause)

/** Makes the error of an unknown, completed or aborted upload. */
export const uploadNotFound = (container: string, file: string, cause?: unknown): StorageError =>
  notFoundOrExists('UPLOAD_NOT_FOUND', { container, file }, cause)
