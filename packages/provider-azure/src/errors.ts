/**
 * Azure's errors in the contract's words. Nothing of the original is passed on but its name and code: requests, headers and
 * URLs hold keys and signatures.
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
export interface Place {
  readonly container?: string
  readonly file?: string
}

/** Codes of "Status and error codes" and "Blob Storage error codes" whose meaning their HTTP status does not tell. */
const byCode: Readonly<Record<string, Meaning>> = {
  AuthenticationFailed: ['UNAUTHENTICATED', 'the service refused the credentials'],
  InvalidAuthenticationInfo: ['UNAUTHENTICATED', 'the service refused the credentials'],
  NoAuthenticationInformation: ['UNAUTHENTICATED', 'the service asks for credentials'],
  BlobAlreadyExists: ['PRECONDITION_FAILED', 'the file exists'],
  ConditionNotMet: ['PRECONDITION_FAILED', 'the file is not the version that was asked for'],
  SourceConditionNotMet: ['PRECONDITION_FAILED', 'the source is not the version that was asked for'],
  TargetConditionNotMet: ['PRECONDITION_FAILED', 'the target is not the version that was asked for'],
  LeaseIdMissing: ['PERMISSION_DENIED', 'somebody holds a lease on the file'],
  LeaseAlreadyPresent: ['PERMISSION_DENIED', 'somebody holds a lease on it'],
  BlobImmutableDueToPolicy: ['PERMISSION_DENIED', 'a policy of the account keeps the file from being changed'],
  BlobArchived: ['PERMISSION_DENIED', 'the file is archived, and must be brought back before it is read'],
  BlobBeingRehydrated: ['PERMISSION_DENIED', 'the file is being brought back from the archive'],
  SnapshotsPresent: ['PERMISSION_DENIED', 'the file has snapshots'],
  InvalidBlockList: ['INVALID_PART', 'a part is missing'],
  InvalidBlobOrBlock: ['INVALID_PART', 'the service refused the part'],
  InvalidBlobType: ['NAME_CONFLICT', 'there is a page blob or an append blob of that name'],
  Md5Mismatch: ['CHECKSUM_MISMATCH', 'the body has another MD5'],
  RequestBodyTooLarge: ['TOO_LARGE', 'the body is too large for the service'],
  BlockCountExceedsLimit: ['TOO_LARGE', 'the file has too many blocks'],
  MetadataTooLarge: ['INVALID_ARGUMENT', 'the metadata is too large for the service'],
  InvalidMetadata: ['INVALID_ARGUMENT', 'the service refused the metadata'],
  InvalidResourceName: ['INVALID_NAME', 'the service refused the name'],
  InvalidUri: ['INVALID_NAME', 'the service refused the name'],
  OutOfRangeInput: ['INVALID_NAME', 'the service refused the name'],
  ContainerBeingDeleted: ['BUSY', 'a container of that name is being deleted, which takes the service a while'],
  AccountBeingCreated: ['BUSY', 'the account is being created'],
  PendingCopyOperation: ['BUSY', 'a copy onto the file is under way'],
  OperationTimedOut: ['SERVICE_FAILED', 'the service took too long'],
  FeatureNotYetSupportedForHierarchicalNamespaceAccounts: [
    'NOT_SUPPORTED',
    'accounts with a hierarchical namespace cannot do this',
  ],
}

/** Errors of the client's own, of the kinds of @azure/identity and the like. */
const ofCredential =
  /^(AuthenticationError|AuthenticationRequiredError|CredentialUnavailableError|AggregateAuthenticationError)$/

/** Makes a request of the SDK, whose failure is a `StorageError`. */
export async function request<T>(place: Place, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    throw azureError(error, place)
  }
}

function azureError(error: unknown, place: Place): StorageError {
  if (isStorageError(error)) return error
  const cause = describeCause(error)
  if (!(error instanceof Error)) return new StorageError('BAD_RESPONSE', 'the answer makes no sense', { cause })
  if (error.name === 'AbortError') return new StorageError('ABORTED', 'the request was aborted', { cause })
  if (ofCredential.test(error.name)) {
    return new StorageError('UNAUTHENTICATED', 'the credential gave no token', { cause })
  }
  if (!isRestError(error)) return new StorageError('BAD_RESPONSE', 'the answer makes no sense', { cause })
  if (error.statusCode === undefined || error.code === 'PARSE_ERROR') return withoutAnswer(error, cause)
  return refusal(error.statusCode, errorCode(error), place, cause, details(error))
}

/** What an answer means that is no success. */
export function refusal(
  status: number,
  code: string | undefined,
  place: Place,
  cause: Error,
  details: StorageErrorDetails = {},
): StorageError {
  const { container, file } = place
  const notFound = missing(status, code, place, cause)
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
  // Azure gives a condition that is not met the same code with 304 and with 412.
  return (status === 304 ? undefined : byCode[code ?? '']) ?? statusMeaning(status)
}

function missing(
  status: number,
  code: string | undefined,
  { container, file }: Place,
  cause: Error,
): StorageError | undefined {
  if (container === undefined) return undefined
  if (code === 'ContainerNotFound' || code === 'ContainerDisabled') return containerNotFound(container, cause)
  if (status !== 404) return undefined
  return file === undefined ? containerNotFound(container, cause) : fileNotFound(container, file, cause)
}

function withoutAnswer(error: RestError, cause: Error): StorageError {
  // Of the SDK's parser for XML.
  if (error.code === 'PARSE_ERROR') return new StorageError('BAD_RESPONSE', 'the answer makes no sense', { cause })
  // Connections to the service are the transport's, whose errors are of the contract.
  return new StorageError('UNAVAILABLE', "the source of the credential's tokens cannot be reached", { cause })
}

/** Answers to HEAD have no body; the code is then in a header. */
export function errorCode(error: unknown): string | undefined {
  if (!isRestError(error)) return undefined
  const header = error.response?.headers.get('x-ms-error-code')
  if (header !== undefined && header !== '') return header
  return error.statusCode === undefined ? undefined : error.code
}

const details = (error: RestError): StorageErrorDetails =>
  defined({ retryAfter: retryAfterSeconds(error.response?.headers.get('retry-after')) })
