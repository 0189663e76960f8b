/** Checks that a value is a provider, before its first use. */

import type { Capabilities } from '../contract/capabilities.js'
import {
  type DirectUploadMethods,
  type HiddenFileMethods,
  hiddenFileMethods,
  type OriginMethods,
  providerMethods,
  type SigningMethods,
  type StorageProvider,
  type UploadMethods,
  uploadMethods,
} from '../contract/provider.js'
import { needsSetting, notSupported } from './attributes.js'
import { invalid } from './invalid.js'

export type SignedUrlSupport = Exclude<Capabilities['signedUrls'], false>
export type DirectUploadSupport = NonNullable<Capabilities['directUploads']>

/** Methods that a provider may omit. */
const optionalMethods: readonly string[] = [
  'moveFile',
  'signUrl',
  'verifyUrl',
  'signPart',
  'allowOrigins',
  ...uploadMethods,
  ...hiddenFileMethods,
] satisfies (keyof StorageProvider)[]

/** A provider with multipart uploads. */
export type UploadingProvider = StorageProvider & UploadMethods

/**
 * Returns the provider, typed as one with multipart uploads.
 *
 * @throws `NOT_SUPPORTED` if it has none.
 */
export function withUploads(provider: StorageProvider): UploadingProvider {
  if (provider.startUpload === undefined) throw notSupported('multipart uploads', 'parts')
  return provider as UploadingProvider
}

/** A provider with resumable uploads. */
export type ResumingProvider = UploadingProvider & HiddenFileMethods

/**
 * Returns the provider, typed as one with resumable uploads.
 *
 * @throws `NOT_SUPPORTED` if it has none.
 */
export function withResumableUploads(provider: StorageProvider): ResumingProvider {
  if (provider.capabilities.resumableUploads !== true || provider.putHiddenFile === undefined) {
    throw notSupported('resumable uploads', 'resumableUploads')
  }
  return withUploads(provider) as ResumingProvider
}

/** A provider with signed URLs. */
export type SigningProvider = StorageProvider & SigningMethods

/**
 * Returns the provider, typed as one with signed URLs.
 *
 * @throws `NOT_SUPPORTED` if it has none.
 */
export function withSignedUrls(provider: StorageProvider): SigningProvider {
  if (provider.signUrl === undefined) throw notSupported('signed URLs', 'signedUrls')
  return provider as SigningProvider
}

/** A provider with direct uploads. */
export type DirectProvider = ResumingProvider & DirectUploadMethods

/**
 * Returns the provider, typed as one with direct uploads.
 *
 * @throws `NOT_SUPPORTED` if it has none.
 */
export function withDirectUploads(provider: StorageProvider): DirectProvider {
  if (provider.signPart === undefined) throw notSupported('direct uploads', 'directUploads')
  return withResumableUploads(provider) as DirectProvider
}

/**
 * Returns what signed URLs can do.
 *
 * @throws `NOT_SUPPORTED` if there are none.
 */
export function signedUrlsOf(provider: StorageProvider): SignedUrlSupport {
  const { signedUrls } = provider.capabilities
  if (signedUrls === false) throw cannotSign(provider, 'signed URLs', 'signedUrls')
  return signedUrls
}

/**
 * Returns what signed URLs for parts can do.
 *
 * @throws `NOT_SUPPORTED` if there are none.
 */
export function directUploadsOf(provider: StorageProvider): DirectUploadSupport {
  const { directUploads } = provider.capabilities
  if (directUploads === undefined) throw cannotSign(provider, 'signed URLs for parts', 'directUploads')
  return directUploads
}

/** A provider whose URLs the router serves signs with the secrets of a setting. */
const cannotSign = ({ verifyUrl }: StorageProvider, what: string, capability: string) =>
  verifyUrl === undefined ? notSupported(what, capability) : needsSetting(what, capability)

/**
 * Returns the provider, typed as one that keeps CORS rules.
 *
 * @throws `NOT_SUPPORTED` if it has none.
 */
export function withOrigins(provider: StorageProvider): StorageProvider & OriginMethods {
  if (provider.allowOrigins === undefined) throw notSupported('CORS rules of containers', 'cors')
  return provider as StorageProvider & OriginMethods
}

/**
 * Checks that a value is a provider.
 *
 * @throws `INVALID_ARGUMENT`, which describes the value.
 */
export function checkProvider(value: unknown): asserts value is StorageProvider {
  const invalidProvider = (message: string) =>
    invalid('provider', `new StorageService() requires a provider, ${message}`)
  if (typeof value === 'function') {
    throw invalidProvider(`not the class ${JSON.stringify(value.name)}: pass an instance of it, made with new`)
  }
  if (typeof value !== 'object' || value === null)
    throw invalidProvider(`not ${value === null ? 'null' : typeof value}`)
  if (value instanceof Promise) throw invalidProvider('not a promise: await it')
  const candidate = value as Readonly<Record<string, unknown>>
  const missing: string[] = providerMethods.filter(
    (method) => !optionalMethods.includes(method) && typeof candidate[method] !== 'function',
  )
  if (missing.length > 0) {
    if (typeof candidate['openFile'] === 'function' && 'provider' in candidate)
      throw invalidProvider('not a StorageService')
    if ('provider' in candidate) throw invalidProvider('not settings: call await createStorage(settings) instead')
    throw invalidProvider(`but the value lacks the methods ${missing.join(', ')}`)
  }
  const { name, capabilities } = candidate
  if (typeof name !== 'string' || name === '') throw invalidProvider('but the value has no name')
  if (typeof capabilities !== 'object' || capabilities === null)
    throw invalidProvider('but the value has no capabilities')
  const { parts, resumableUploads, signedUrls, directUploads, cors } = capabilities as Partial<Capabilities>
  const declared = [
    ...(parts ? uploadMethods : []),
    ...(resumableUploads ? hiddenFileMethods : []),
    ...(signedUrls ? ['signUrl'] : []),
    ...(signedUrls !== false && signedUrls?.throughRouter ? ['verifyUrl'] : []),
    ...(directUploads ? ['signPart', ...hiddenFileMethods] : []),
    ...(cors ? ['allowOrigins'] : []),
  ]
  const missingDeclared = declared.filter((method) => typeof candidate[method] !== 'function')
  if (missingDeclared.length > 0)
    throw invalidProvider(`but the value lacks methods that its capabilities declare: ${missingDeclared.join(', ')}`)
}
