/**
 * Errors: one class, a stable code, and the HTTP status that belongs to the code.
 */
import type { FileEntry } from './files.js'

/**
 * When a failed operation may be tried again. `idempotent`: only if doing it twice is the same as
 * doing it once.
 */
export type RetryRule = 'never' | 'idempotent' | 'always'

/**
 * The one table: code → HTTP status, and whether core tries again. Statuses are those of RFC 9110
 * unless noted.
 */
const codes = {
  /** An argument or an option breaks a rule; the message names both. */
  INVALID_ARGUMENT: { status: 400, retry: 'never' },
  /**
   * A container's or file's name breaks a rule of the contract or of the service; the message names
   * the rule.
   */
  INVALID_NAME: { status: 400, retry: 'never' },
  /** A part is missing, has a wrong tag, or has a size that the upload does not allow. */
  INVALID_PART: { status: 400, retry: 'never' },
  /** The service refused the credentials. */
  UNAUTHENTICATED: { status: 401, retry: 'never' },
  /** The credentials are good, and may not do this. */
  PERMISSION_DENIED: { status: 403, retry: 'never' },
  CONTAINER_NOT_FOUND: { status: 404, retry: 'never' },
  FILE_NOT_FOUND: { status: 404, retry: 'never' },
  /** The part upload is unknown, completed or aborted. */
  UPLOAD_NOT_FOUND: { status: 404, retry: 'never' },
  CONTAINER_EXISTS: { status: 409, retry: 'never' },
  /** The container holds files, and was to be destroyed only if empty. */
  CONTAINER_NOT_EMPTY: { status: 409, retry: 'never' },
  /**
   * Something longer is under way there: a container being destroyed, a copy onto the file. Nothing
   * was done; try again in a minute.
   */
  BUSY: { status: 409, retry: 'never' },
  /**
   * The service cannot hold this name beside one that exists (`a` beside `a/b` in a plain
   * directory).
   */
  NAME_CONFLICT: { status: 409, retry: 'never' },
  /** A length was not declared where one is needed. */
  LENGTH_REQUIRED: { status: 411, retry: 'never' },
  PRECONDITION_FAILED: { status: 412, retry: 'never' },
  TOO_LARGE: { status: 413, retry: 'never' },
  TYPE_NOT_ALLOWED: { status: 415, retry: 'never' },
  /** `details.size` is the whole file's size. */
  RANGE_NOT_SATISFIABLE: { status: 416, retry: 'never' },
  CHECKSUM_MISMATCH: { status: 422, retry: 'never' },
  /** The body was longer or shorter than declared. */
  SIZE_MISMATCH: { status: 400, retry: 'never' },
  /**
   * The file is as the caller already has it (`ifNoneMatch`, `ifModifiedSince`). `details` has its
   * ETag and time.
   */
  NOT_MODIFIED: { status: 304, retry: 'never' },
  /**
   * The service asks to slow down; `details.retryAfter` in seconds when it says how long. It did
   * nothing.
   */
  RATE_LIMITED: { status: 429, retry: 'always' },
  /**
   * The caller's signal was aborted; `cause` is its reason. 499 is nginx's "client closed request",
   * for logs alone.
   */
  ABORTED: { status: 499, retry: 'never' },
  /** The body that the caller gave failed; `cause` is its error. */
  SOURCE_FAILED: { status: 400, retry: 'never' },
  /** Anything that should not have happened: an answer that makes no sense, a bug. */
  INTERNAL: { status: 500, retry: 'never' },
  /** This provider cannot do this; `details.capability` says which capability it lacks. */
  NOT_SUPPORTED: { status: 501, retry: 'never' },
  /** The connection broke, so that it is not known what the service did. */
  CONNECTION_LOST: { status: 502, retry: 'idempotent' },
  /**
   * The service, or what stands before it, failed over the request (500, 502, 504), so that it is
   * not known what it did.
   */
  SERVICE_FAILED: { status: 502, retry: 'idempotent' },
  /**
   * The service answered with something that is not its protocol. A response that ends early is
   * `CONNECTION_LOST`.
   */
  BAD_RESPONSE: { status: 502, retry: 'never' },
  /** The service said that it cannot serve now. It did nothing. */
  UNAVAILABLE: { status: 503, retry: 'always' },
  /** The time that the caller allowed has passed. */
  TIMEOUT: { status: 504, retry: 'never' },
  NO_SPACE: { status: 507, retry: 'never' },
  /** The storage was closed. */
  CLOSED: { status: 503, retry: 'never' },
} as const satisfies Record<string, { status: number; retry: RetryRule }>

export type StorageErrorCode = keyof typeof codes

/** Every code with its status: what an HTTP layer answers, and what documentation lists. */
export const errorCodes: Readonly<Record<StorageErrorCode, { readonly status: number; readonly retry: RetryRule }>> =
  Object.freeze(codes)

/** Facts that belong to one kind of error; all optional, none secret. */
export interface StorageErrorDetails {
  /**
   * Bytes: the whole file's size (`RANGE_NOT_SATISFIABLE`), or the limit that was passed
   * (`TOO_LARGE`).
   */
  readonly size?: number
  /** The file's present ETag (`NOT_MODIFIED`, `PRECONDITION_FAILED`, where known). */
  readonly etag?: string
  /** The file's time of change (`NOT_MODIFIED`). */
  readonly mtime?: Date
  /** Seconds to wait before the next try (`RATE_LIMITED`, `UNAVAILABLE`). */
  readonly retryAfter?: number
  /** The capability that is missing (`NOT_SUPPORTED`). */
  readonly capability?: string
  /** The data source's property or the operation's option that is wrong (`INVALID_ARGUMENT`). */
  readonly property?: string
  /** What a batch removal had done when it was stopped (`ABORTED`, `TIMEOUT`). */
  readonly removed?: readonly string[]
  /** The file that stands in the way (`NAME_CONFLICT`). */
  readonly conflictsWith?: FileEntry['name']
}

/** Where an error arose. Core fills in what a provider leaves out. */
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
  /** The HTTP status that belongs to the code. */
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
   * The same error with the context that it lacks; what it already knows stays. "Not found" and its
   * like get the sentence that every provider gives, with the names in it.
   */
  withContext(context: StorageErrorContext): StorageError {
    const whole = {
      operation: this.operation ?? context.operation,
      provider: this.provider ?? context.provider,
      container: this.container ?? context.container,
      file: this.file ?? context.file,
    }
    const { details, cause } = this
    const error = new StorageError(this.code, sentenceOf(this.code, whole) ?? this.message, {
      ...whole,
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
 * A copy of a native error that is safe to keep as a cause: its name, its code, where it was thrown
 * and, when `message` is given, a message that the provider knows to be free of secrets and paths.
 * Nothing else of the original is kept.
 */
export function describeCause(error: unknown, message?: string): Error {
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
 * Where an error was thrown: its stack without the message, which may hold secrets. `undefined` for
 * errors of the operating system, which are no bugs: reading a stack costs as much as a call to it.
 */
function framesOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || 'syscall' in error || typeof error.stack !== 'string') return undefined
  const { stack, message } = error
  const start = stack.indexOf(message)
  const lines = stack.slice(start === -1 ? 0 : start + message.length).split('\n')
  // Lines that look like frames before others belong to a message that was changed later.
  const first = lines.findLastIndex((line) => !/^ {4}at /.test(line)) + 1
  return first < lines.length ? lines.slice(first).join('\n') : undefined
}

/** What is said of the commonest failures, the same on every provider: it names the thing. */
const sentences: Partial<Record<StorageErrorCode, (container: string, file: string) => string>> = {
  CONTAINER_NOT_FOUND: (container) => `there is no container ${container}`,
  CONTAINER_EXISTS: (container) => `the container ${container} exists already`,
  CONTAINER_NOT_EMPTY: (container) => `the container ${container} holds files`,
  FILE_NOT_FOUND: (container, file) => `there is no file ${file} in the container ${container}`,
  UPLOAD_NOT_FOUND: (container, file) => `there is no such unfinished upload of ${file} in the container ${container}`,
}

function sentenceOf(code: StorageErrorCode, { container, file }: StorageErrorContext): string | undefined {
  return container === undefined ? undefined : sentences[code]?.(JSON.stringify(container), JSON.stringify(file))
}

const named = (code: StorageErrorCode, place: StorageErrorContext, cause: unknown): StorageError =>
  new StorageError(code, sentenceOf(code, place) ?? code, { ...place, cause })

/** For providers: the errors that have a sentence. `cause` is made with {@link describeCause}. */
export const containerNotFound = (container: string, cause?: unknown): StorageError =>
  named('CONTAINER_NOT_FOUND', { container }, cause)

export const containerExists = (container: string, cause?: unknown): StorageError =>
  named('CONTAINER_EXISTS', { container }, cause)

export const fileNotFound = (container: string, file: string, cause?: unknown): StorageError =>
  named('FILE_NOT_FOUND', { container, file }, cause)

export const uploadNotFound = (container: string, file: string, cause?: unknown): StorageError =>
  named('UPLOAD_NOT_FOUND', { container, file }, cause)
