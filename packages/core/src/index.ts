/**
 * @stowage/core: containers and files over one Node API.
 *
 * Applications hold a {@link StorageService}; a provider package implements {@link StorageProvider}.
 */
export * from './capabilities.js'
export { freeChunk, giveAwayChunk } from './chunk-memory.js'
export {
  checkReadConditions,
  checkWriteConditions,
  type ReadConditions,
  type Version,
  type WriteConditions,
} from './conditions.js'
export { contentTypeByContent, contentTypeByName, detectionBytes, unknownContentType } from './content-type.js'
export { DataSource, loadDataSources, parseDataSources } from './data-source-file.js'
export {
  type CommonSettings,
  createStorage,
  type DataSourceSettings,
  type ProviderContext,
  type ProviderModule,
  type SettingsSchema,
  uploadSettings,
} from './data-sources.js'
export { type OperationEvent, operationChannel, type WarningEvent, warn, warningChannel } from './diagnostics.js'
export { type EnvironmentReference, parseReferences } from './environment.js'
export * from './errors.js'
export * from './files.js'
export { LazyDownload } from './lazy-download.js'
export * from './names.js'
export { checkOptions, type NamesOf, unknownName } from './option-names.js'
export * from './options.js'
export * from './provider.js'
export { providerPackages } from './provider-packages.js'
export type * from './provider-settings.js'
export { ProviderWrapper } from './provider-wrapper.js'
export { type ByteRange, type ResolvedRange, resolveRange } from './range.js'
export type { RetryOptions } from './retry.js'
export { StorageService, type StorageServiceOptions } from './service.js'
export { readSmallBody, smallBodySize } from './small-body.js'
export { copyBetween, moveBetween, type StorageLocation, type TransferOptions } from './transfer.js'
export { type StoreBody, UploadStream } from './upload-stream.js'
