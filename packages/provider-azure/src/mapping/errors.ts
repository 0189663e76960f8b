/**
 * Azure's errors as errors of the contract. Only the name and the code of the original are passed
 * on: requests, headers and URLs contain keys and signatures.
 */
import { isRestError, type RestError } from '@azure/storage-blob'
import {
  containerExists,
  containerNotFound,
  defined,
  describeCause,
  fileNotFound,
  isStorageError,
  type Meaning,
  retryAfterSeconds,
  StorageError,
  type StorageErrorDetails,
  statusMeaning,
} from '@stowage/core/provider'

/** What a request is about. */
export interface Resource {
  readonly container?: string
  readonly file?: string
}

/**
 * Codes of "Status and error codes" and "Blob Storage error codes" whose meaning differs from their
 * HTTP status.
 */
const codes: Readonly<Record<string, Meaning>> = {
  AuthenticationFailed: ['UNAUTHENTICATED', 'the service rejected the credentials'],
  InvalidAuthenticationInfo: ['UNAUTHENTICATED', 'the service rejected the credentials'],
  NoAuthenticationInformation: ['UNAUTHENTICATED', 'the service requires credentials'],
  BlobAlreadyExists: ['PRECONDITION_FAILED', 'the file already exists'],
  ConditionNotMet: ['PRECONDITION_FAILED', 'the file is not the expected version'],
  SourceConditionNotMet: ['PRECONDITION_FAILED', 'the source is not the expected version'],
  TargetConditionNotMet: ['PRECONDITION_FAILED', 'the target is not the expected version'],
  LeaseIdMissing: ['PERMISSION_DENIED', 'the file has a lease of another client'],
  LeaseAlreadyPresent: ['PERMISSION_DENIED', 'the file or the container has a lease of another client'],
  BlobImmutableDueToPolicy: ['PERMISSION_DENIED', 'an immutability policy of the account protects the file'],
  BlobArchived: ['PERMISSION_DENIED', 'the file is archived and must be rehydrated before it is read'],
  BlobBeingRehydrated: ['PERMISSION_DENIED', 'the file is being rehydrated from the archive'],
  SnapshotsPresent: ['PERMISSION_DENIED', 'the file has snapshots'],
  InvalidBlockList: ['INVALID_PART', 'a part is missing'],
  InvalidBlobOrBlock: ['INVALID_PART', 'the service rejected the part'],
  InvalidBlobType: ['NAME_CONFLICT', 'a page blob or an append blob with this name exists'],
  Md5Mismatch: ['CHECKSUM_MISMATCH', 'the MD5 of the body differs from the declared one'],
  RequestBodyTooLarge: ['TOO_LARGE', 'the body is too large for the service'],
  BlockCountExceedsLimit: ['TOO_LARGE', 'the file has too many blocks'],
  MetadataTooLarge: ['INVALID_ARGUMENT', 'the metadata is too large for the service'],
  InvalidMetadata: ['INVALID_ARGUMENT', 'the service rejected the metadata'],
  InvalidResourceName: ['INVALID_NAME', 'the service rejected the name'],
  InvalidUri: ['INVALID_NAME', 'the service rejected the name'],
  OutOfRangeInput: ['INVALID_NAME', 'the service rejected the name'],
  ContainerBeingDeleted: ['BUSY', 'a container with this name is being deleted, which takes about 30 seconds'],
  AccountBeingCreated: ['BUSY', 'the account is being created'],
  PendingCopyOperation: ['BUSY', 'a copy onto the file is in progress'],
  OperationTimedOut: ['SERVICE_FAILED', 'the service took too long'],
  FeatureNotYetSupportedForHierarchicalNamespaceAccounts: [
    'NOT_SUPPORTED',
    'accounts with a hierarchical namespace do not support this',
  ],
}

/** The names of errors of @azure/identity and similar credentials. */
const credentialError =
  /^(AuthenticationError|AuthenticationRequiredError|CredentialUnavailableError|AggregateAuthenticationError)$/

/** Sends a request of the SDK. Rejects with a `StorageError`. */
export async function request<T>(resource: Resource, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    throw azureError(error, resource)
  }
}

function azureError(error: unknown, resource: Resource): StorageError {
  if (isStorageError(error)) return error
  const cause = describeCause(error)
  if (!(error instanceof Error)) return new StorageError('BAD_RESPONSE', 'the response is invalid', { cause })
  if (error.name === 'AbortError') return new StorageError('ABORTED', 'the request was aborted', { cause })
  if (credentialError.test(error.name)) {
    return new StorageError('UNAUTHENTICATED', 'the credential returned no token', { cause })
  }
  if (!isRestError(error)) return new StorageError('BAD_RESPONSE', 'the response is invalid', { cause })
  if (error.statusCode === undefined || error.code === 'PARSE_ERROR') return errorWithoutResponse(error, cause)
  return responseError(error.statusCode, errorCode(error), resource, cause, details(error))
}

/** Makes the error of a response that is not a success. */
export function responseError(
  status: number,
  code: string | undefined,
  resource: Resource,
  cause: Error,
  details: StorageErrorDetails = {},
): StorageError {
  const { container, file } = resource
  const notFound = notFoundError(status, code, resource, cause)
  if (notFound !== undefined) return notFound
  if (code === 'ContainerAlreadyExists' && container !== undefined) return containerExists(container, cause)
  const [meaning, message] = meaningOf(status, code)
  return new StorageError(meaning, code === undefined ? message : `${message} (${code})`, {
    ...defined({ container, file }),
    cause,
    details,
  })
}

function meaningOf(status: number, code: string | undefined): Meaning {
  // Azure uses the same code for a failed condition with 304 and with 412.
  return (status === 304 ? undefined : codes[code ?? '']) ?? statusMeaning(status)
}

function notFoundError(
  status: number,
  code: string | undefined,
  { container, file }: Resource,
  cause: Error,
): StorageError | undefined {
  if (container === undefined) return undefined
  if (code === 'ContainerNotFound' || code === 'ContainerDisabled') return containerNotFound(container, cause)
  if (status !== 404) return undefined
  return file === undefined ? containerNotFound(container, cause) : fileNotFound(container, file, cause)
}

function errorWithoutResponse(error: RestError, cause: Error): StorageError {
  // From the SDK's XML parser.
  if (error.code === 'PARSE_ERROR') return new StorageError('BAD_RESPONSE', 'the response is invalid', { cause })
  // Errors of connections to the service are the transport's, which are errors of the contract.
  return new StorageError('UNAVAILABLE', "the source of the credential's tokens is unreachable", { cause })
}

/** Returns the service's code. Responses to HEAD have no body; their code is in a header. */
export function errorCode(error: unknown): string | undefined {
  if (!isRestError(error)) return undefined
  const header = error.response?.headers.get('x-ms-error-code')
  if (header !== undefined && header !== '') return header
  return error.statusCode === undefined ? undefined : error.code
}

const details = (error: RestError): StorageErrorDetails =>
  defined({ retryAfter: retryAfterSeconds(error.response?.headers.get('retry-after')) })
