/**
 * `@stowage/core/provider`: the contract that a provider implements, and the kit for building one.
 *
 * The guide is `docs/writing-a-provider.md` in this package.
 */
export { checkOptions, type NamesOf, unknownName } from './checks/option-names.js'
export { checkSettings } from './checks/settings.js'
export {
  type HeaderAttribute,
  type HeaderAttributes,
  headerAttributeNames,
  headerAttributes,
  mapHeaderAttributes,
  pickHeaderAttributes,
  readAttributes,
  renameAttributes,
} from './contract/attributes.js'
export {
  type Capabilities,
  type ConditionSupport,
  type ContainerNameRule,
  freezeCapabilities,
  type PartLimits,
} from './contract/capabilities.js'
export {
  checkReadConditions,
  checkWriteConditions,
  type ReadConditions,
  type Version,
  type WriteConditions,
} from './contract/conditions.js'
export * from './contract/errors.js'
export type * from './contract/files.js'
export { compareNames, maxFileNameBytes } from './contract/names.js'
export * from './contract/provider.js'
export { type ByteRange, type ResolvedRange, resolveRange } from './contract/range.js'
export type { ProviderContext, ProviderModule, SettingsSchema } from './data-sources/create-storage.js'
export { untilAborted } from './kit/abort.js'
export { attributesOf } from './kit/attributes.js'
export { readBody } from './kit/bodies.js'
export { freeChunk, giveAwayChunk } from './kit/chunk-memory.js'
export { type Defined, defined } from './kit/defined.js'
export { type Meaning, statusMeaning } from './kit/http-status.js'
export { decodePosition, encodePosition, invalidPosition, isName } from './kit/page-position.js'
export { inParallel } from './kit/parallel.js'
export { type ContextHolder, type MethodsOf, type ProviderCalls, providerBase } from './kit/provider-base.js'
export { ProviderWrapper } from './kit/provider-wrapper.js'
export { retryAfterSeconds } from './kit/retry-after.js'
export { readSmallBody, smallBodySize } from './kit/small-body.js'
export { listedNames, pageAfter, type SortedPage } from './kit/sorted-lists.js'
export {
  isBaseUrl,
  isSecretList,
  routerPartUrls,
  routerUrls,
  type SignedUrlSettings,
  signedUrlMethods,
  signedUrlRules,
  UrlSigner,
} from './kit/url-signer.js'
export { checkAnnounced } from './policy/checkpoints.js'
export { type CompiledPolicy, compilePolicy } from './policy/compile.js'
export { warn } from './service/diagnostics.js'
export { BytePipe, ByteSource } from './upload/byte-source.js'
