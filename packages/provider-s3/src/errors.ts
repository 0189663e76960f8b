import {
  containerExists,
  containerNotFound,
  defined,
  describeCause,
  fileNotFound,
  type Meaning,
  retryAfterSeconds,
  StorageError,
  type StorageErrorCode,
  type StorageErrorDetails,
  statusMeaning,
  uploadNotFound,
} from '@stowage/core/provider'

/** What a request was about, so that its failure can be named. */
export interface Subject {
  readonly container?: string
  readonly file?: string
  /** The request was about a part upload of the file, which is what is missing when something is. */
  readonly upload?: boolean
}

/** The service's own codes (Amazon S3 API reference, "List of error codes"). */
const codes: Readonly<Record<string, StorageErrorCode>> = {
  AccessDenied: 'PERMISSION_DENIED',
  // The key, the token or the region of the signature is not one that the service knows.
  AuthorizationHeaderMalformed: 'UNAUTHENTICATED',
  AccountProblem: 'PERMISSION_DENIED',
  AllAccessDisabled: 'PERMISSION_DENIED',
  InvalidAccessKeyId: 'UNAUTHENTICATED',
  InvalidToken: 'UNAUTHENTICATED',
  ExpiredToken: 'UNAUTHENTICATED',
  TokenRefreshRequired: 'UNAUTHENTICATED',
  SignatureDoesNotMatch: 'UNAUTHENTICATED',
  RequestTimeTooSkewed: 'UNAUTHENTICATED',
  BucketAlreadyExists: 'CONTAINER_EXISTS',
  BucketAlreadyOwnedByYou: 'CONTAINER_EXISTS',
  BucketNotEmpty: 'CONTAINER_NOT_EMPTY',
  NoSuchBucket: 'CONTAINER_NOT_FOUND',
  NoSuchKey: 'FILE_NOT_FOUND',
  NoSuchUpload: 'UPLOAD_NOT_FOUND',
  InvalidPart: 'INVALID_PART',
  InvalidPartOrder: 'INVALID_PART',
  EntityTooSmall: 'INVALID_PART',
  EntityTooLarge: 'TOO_LARGE',
  MaxMessageLengthExceeded: 'TOO_LARGE',
  QuotaExceeded: 'NO_SPACE',
  InvalidBucketName: 'INVALID_NAME',
  KeyTooLongError: 'INVALID_NAME',
  InvalidRange: 'RANGE_NOT_SATISFIABLE',
  BadDigest: 'CHECKSUM_MISMATCH',
  InvalidDigest: 'CHECKSUM_MISMATCH',
  XAmzContentSHA256Mismatch: 'CHECKSUM_MISMATCH',
  XAmzContentChecksumMismatch: 'CHECKSUM_MISMATCH',
  IncompleteBody: 'CONNECTION_LOST',
  RequestTimeout: 'UNAVAILABLE',
  PreconditionFailed: 'PRECONDITION_FAILED',
  NotModified: 'NOT_MODIFIED',
  // Somebody else was writing at the same time, so this did nothing.
  ConditionalRequestConflict: 'UNAVAILABLE',
  // A bucket of that name is being created or deleted.
  OperationAborted: 'BUSY',
  SlowDown: 'RATE_LIMITED',
  SlowDownRead: 'RATE_LIMITED',
  SlowDownWrite: 'RATE_LIMITED',
  TooManyRequests: 'RATE_LIMITED',
  ServiceUnavailable: 'UNAVAILABLE',
  InternalError: 'SERVICE_FAILED',
  NotImplemented: 'NOT_SUPPORTED',
  MissingContentLength: 'LENGTH_REQUIRED',
  MetadataTooLarge: 'INVALID_ARGUMENT',
  InvalidArgument: 'INVALID_ARGUMENT',
  InvalidRequest: 'INVALID_ARGUMENT',
  InvalidStorageClass: 'INVALID_ARGUMENT',
  MalformedACLError: 'INVALID_ARGUMENT',
}

/** Statuses whose meaning for S3 is not the usual one. */
const exceptions: Readonly<Record<number, Meaning>> = {
  // The bucket is in another region, or a redirect to it has not spread yet.
  301: ['CONTAINER_NOT_FOUND', 'the bucket is in another region'],
  307: ['UNAVAILABLE', 'the bucket was created a moment ago'],
}

/** Of the SDK's connections to where it gets credentials; those to the service are the transport's. */
const unreachable: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
])

/** Whatever the SDK threw, as the contract has it. No header, key or address of it is passed on. */
export function explain(error: unknown, subject: Subject): StorageError {
  if (error instanceof StorageError) return error
  if (!(error instanceof Error)) return new StorageError('INTERNAL', 'the SDK failed', { cause: describeCause(error) })
  const cause = describeCause(error)
  const status = statusOf(error)
  if (status !== undefined) return explainAnswer(error, status, cause, subject)
  const code = 'code' in error ? error.code : undefined
  if (error.name === 'AbortError') return new StorageError('ABORTED', 'the request was aborted', { cause })
  if (error.name === 'CredentialsProviderError' || error.name === 'TokenProviderError') {
    return new StorageError('UNAUTHENTICATED', 'no credentials were found for the service', { cause })
  }
  if (unreachable.has(code)) {
    return new StorageError('UNAVAILABLE', 'the source of the credentials cannot be reached', { cause })
  }
  if (/^Region is missing/.test(error.message)) {
    return new StorageError('UNAUTHENTICATED', 'the region is not known: set region, or AWS_REGION', {
      cause,
      details: { property: 'region' },
    })
  }
  return new StorageError('INTERNAL', 'the SDK failed in a way that it should not', { cause })
}

function explainAnswer(error: Error, status: number, cause: Error, subject: Subject): StorageError {
  // A success that can't be read, or a failure whose body is no error of S3's.
  if (status < 300 || /XML parse error|Deserialization error/.test(error.message)) {
    const code = status < 300 ? 'BAD_RESPONSE' : statusMeaning(status, exceptions)[0]
    return new StorageError(code, `the response (${status}) is not S3's`, {
      cause,
      details: detailsOf(error, status),
    })
  }
  if (status === 403 && clockWasCorrected(error)) {
    return new StorageError('UNAVAILABLE', "this machine's clock was wrong; the service's is followed now", { cause })
  }
  const code = codes[error.name] ?? (status === 404 ? missing(subject) : statusMeaning(status, exceptions)[0])
  return named(code, `the service refused: ${error.name} (${status})`, cause, subject, detailsOf(error, status))
}

const missing = ({ file, upload }: Subject): StorageErrorCode =>
  upload ? 'UPLOAD_NOT_FOUND' : file === undefined ? 'CONTAINER_NOT_FOUND' : 'FILE_NOT_FOUND'

function named(
  code: StorageErrorCode,
  message: string,
  cause: Error,
  { container = '', file = '', upload = false }: Subject,
  details: StorageErrorDetails,
): StorageError {
  if (code === 'CONTAINER_NOT_FOUND') return containerNotFound(container, cause)
  if (code === 'CONTAINER_EXISTS') return containerExists(container, cause)
  // Some servers say NoSuchKey of an upload that they do not know.
  if (code === 'UPLOAD_NOT_FOUND' || (upload && code === 'FILE_NOT_FOUND'))
    return uploadNotFound(container, file, cause)
  if (code === 'FILE_NOT_FOUND') return fileNotFound(container, file, cause)
  return new StorageError(code, message, { cause, details })
}

/** The HTTP status of an answer that the SDK made an error of. */
export function statusOf(error: unknown): number | undefined {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined
  return typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
    ? Number(metadata.httpStatusCode)
    : undefined
}

/** Whether the SDK has learned the service's time from this answer, so that the next try is right. */
function clockWasCorrected(error: Error): boolean {
  const metadata = '$metadata' in error ? error.$metadata : undefined
  return (
    typeof metadata === 'object' &&
    metadata !== null &&
    'clockSkewCorrected' in metadata &&
    metadata.clockSkewCorrected === true
  )
}

function headersOf(error: Error): Readonly<Record<string, string | undefined>> {
  const response = '$response' in error ? error.$response : undefined
  const headers =
    typeof response === 'object' && response !== null && 'headers' in response ? response.headers : undefined
  return (headers ?? {}) as Record<string, string | undefined>
}

function detailsOf(error: Error, status: number): StorageErrorDetails {
  const headers = headersOf(error)
  const size = status === 416 ? /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] : undefined
  const changed = status === 304 ? Date.parse(headers['last-modified'] ?? '') : Number.NaN
  return defined({
    retryAfter: retryAfterSeconds(headers['retry-after']),
    size: size === undefined ? undefined : Number(size),
    etag: status === 304 ? headers['etag'] : undefined,
    mtime: Number.isNaN(changed) ? undefined : new Date(changed),
  })
}
