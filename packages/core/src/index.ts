/**
 * `@stowage/core`: the entry point for applications.
 *
 * Applications use a {@link StorageService}, which {@link createStorage} makes from settings.
 * Authors of providers import `@stowage/core/provider`; tests of providers import
 * `@stowage/core/conformance`.
 */
export type { Capabilities, ConditionSupport, ContainerNameRule, PartLimits } from './contract/capabilities.js'
export type { WriteConditions } from './contract/conditions.js'
export {
  errorCodes,
  isStorageError,
  type PolicyRule,
  type RetryRule,
  StorageError,
  type StorageErrorCode,
  type StorageErrorContext,
  type StorageErrorDetails,
  type StorageErrorOptions,
} from './contract/errors.js'
export type {
  ChecksumAlgorithm,
  Checksums,
  ContainerInfo,
  FileAttributes,
  FileEntry,
  FileInfo,
  FileLocation,
  FolderEntry,
  WrittenFile,
} from './contract/files.js'
export { checkContainerName, checkFileName, maxFileNameBytes, portableContainerName } from './contract/names.js'
export type {
  PartUpload,
  PartUploadReference,
  RemoveOutcome,
  SignedPart,
  SignedUrl,
  UnfinishedUpload,
  UploadedPart,
} from './contract/provider.js'
export type { ByteRange } from './contract/range.js'
export {
  type CommonSettings,
  createStorage,
  type DataSourceSettings,
  uploadSettings,
} from './data-sources/create-storage.js'
export { DataSource, loadDataSources, parseDataSources } from './data-sources/data-source-file.js'
export { type EnvironmentReference, parseReferences } from './data-sources/environment.js'
export { providerPackages } from './data-sources/provider-packages.js'
export type * from './data-sources/provider-settings.js'
export type { OriginProblem } from './direct/origin-check.js'
export { LazyDownload } from './download/lazy-download.js'
export type { UploadPolicies } from './policy/compile.js'
export type {
  AnnouncedFile,
  ImageLimits,
  PolicyRules,
  Quarantine,
  Quota,
  ReservationKey,
  Scanner,
  ScanVerdict,
  UploadPolicy,
} from './policy/policy.js'
export { type RefusalEvent, refusalChannel } from './policy/refusal.js'
export { type QuotaUsage, StorageQuota, type StorageQuotaOptions } from './policy/storage-quota.js'
export type { ResumableUpload, ResumableUploadState } from './resumable/resumable-upload.js'
export { type OperationEvent, operationChannel, type WarningEvent, warningChannel } from './service/diagnostics.js'
export type * from './service/options.js'
export type { RetryOptions } from './service/retry.js'
export { StorageService, type StorageServiceOptions } from './service/service.js'
export { copyBetween, moveBetween, type StorageLocation, type TransferOptions } from './service/transfer.js'
export { contentTypeByContent, contentTypeByName, unknownContentType } from './upload/content-type.js'
export { UploadStream } from './upload/upload-stream.js'
