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

/** What a request is about, for the message of its failure. */
export interface Resource {
  readonly container?: string
  readonly file?: string
  /**
   * Whether the request is about a multipart upload of the file: a 404 then means that the upload
   * is missing.
   */
  readonly upload?: boolean
}

/** The service's error codes (Amazon S3 API reference, "List of error codes"). */
const codes: Readonly<Record<string, StorageErrorCode>> = {
  AccessDenied: 'PERMISSION_DENIED',
  // The service does not know the key, the token or the region of the signature.
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
  // Another client was writing at the same time, so this request did nothing.
  ConditionalRequestConflict: 'UNAVAILABLE',
  // A bucket with this name is being created or deleted.
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

/** Statuses that have a different meaning in S3. */
const exceptions: Readonly<Record<number, Meaning>> = {
  // The bucket is in another region, or its redirect is not propagated yet.
  301: ['CONTAINER_NOT_FOUND', 'the bucket is in another region'],
  307: ['UNAVAILABLE', 'the bucket was created recently and is not available yet'],
}

/**
 * Codes of the SDK's connections to the source of credentials. Connections to the service are the
 * transport's.
 */
const unreachable: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
])

/** Translates an error of the SDK. The result contains no header, key or address. */
export function explain(error: unknown, resource: Resource): StorageError {
  if (error instanceof StorageError) return error
  if (!(error instanceof Error))
    return new StorageError('INTERNAL', 'unexpected error from the SDK', { cause: describeCause(error) })
  const cause = describeCause(error)
  const status = statusOf(error)
  if (status !== undefined) return explainResponse(error, status, cause, resource)
  const code = 'code' in error ? error.code : undefined
  if (error.name === 'AbortError') return new StorageError('ABORTED', 'the request was aborted', { cause })
  if (error.name === 'CredentialsProviderError' || error.name === 'TokenProviderError') {
    return new StorageError('UNAUTHENTICATED', 'no credentials were found for the service', { cause })
  }
  if (unreachable.has(code)) {
    return new StorageError('UNAVAILABLE', 'the source of the credentials is unreachable', { cause })
  }
  if (/^Region is missing/.test(error.message)) {
    return new StorageError('UNAUTHENTICATED', 'missing region: set "region" or AWS_REGION', {
      cause,
      details: { property: 'region' },
    })
  }
  return new StorageError('INTERNAL', 'unexpected error from the SDK', { cause })
}

function explainResponse(error: Error, status: number, cause: Error, resource: Resource): StorageError {
  // A success that cannot be parsed, or a failure whose body is not an error of the S3 API.
  if (status < 300 || /XML parse error|Deserialization error/.test(error.message)) {
    const code = status < 300 ? 'BAD_RESPONSE' : statusMeaning(status, exceptions)[0]
    return new StorageError(code, `the response (${status}) does not follow the S3 API`, {
      cause,
      details: detailsOf(error, status),
    })
  }
  if (status === 403 && clockWasCorrected(error)) {
    return new StorageError('UNAVAILABLE', "this machine's clock is wrong; the next request uses the service's time", {
      cause,
    })
  }
  const code = codes[error.name] ?? (status === 404 ? notFoundCode(resource) : statusMeaning(status, exceptions)[0])
  return serviceError(
    code,
    `the service rejected the request: ${error.name} (${status})`,
    cause,
    resource,
    detailsOf(error, status),
  )
}

const notFoundCode = ({ file, upload }: Resource): StorageErrorCode =>
  upload ? 'UPLOAD_NOT_FOUND' : file === undefined ? 'CONTAINER_NOT_FOUND' : 'FILE_NOT_FOUND'

function serviceError(
  code: StorageErrorCode,
  message: string,
  cause: Error,
  { container = '', file = '', upload = false }: Resource,
  details: StorageErrorDetails,
): StorageError {
  if (code === 'CONTAINER_NOT_FOUND') return containerNotFound(container, cause)
  if (code === 'CONTAINER_EXISTS') return containerExists(container, cause)
  // Some servers report an unknown upload as NoSuchKey.
  if (code === 'UPLOAD_NOT_FOUND' || (upload && code === 'FILE_NOT_FOUND'))
    return uploadNotFound(container, file, cause)
  if (code === 'FILE_NOT_FOUND') return fileNotFound(container, file, cause)
  return new StorageError(code, message, { cause, details })
}

/** Returns the HTTP status of the response from which the SDK made an error. */
export function statusOf(error: unknown): number | undefined {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined
  return typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
    ? Number(metadata.httpStatusCode)
    : undefined
}

/** Returns whether the SDK took the service's time from this response, so that a retry succeeds. */
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
