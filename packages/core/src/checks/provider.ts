/**
 * Whether what is passed as a provider is one, before the first call finds out.
 */

import type { Capabilities } from '../contract/capabilities.js'
import {
  providerMethods,
  type SigningMethods,
  type StorageProvider,
  type UploadMethods,
  uploadMethods,
} from '../contract/provider.js'
import { notSupported } from './attributes.js'
import { invalid } from './invalid.js'

/** Methods that a provider may leave out. */
const optionalMethods: readonly string[] = ['moveFile', 'signUrl', ...uploadMethods] satisfies (keyof StorageProvider)[]

/** A provider with the methods of multipart uploads. */
export type UploadingProvider = StorageProvider & UploadMethods

/** The provider, which has multipart uploads; else `NOT_SUPPORTED`. */
export function withUploads(provider: StorageProvider): UploadingProvider {
  if (provider.startUpload === undefined) throw notSupported('multipart uploads', 'parts')
  return provider as UploadingProvider
}

/** A provider with signed URLs. */
export type SigningProvider = StorageProvider & SigningMethods

/** The provider, which has signed URLs; else `NOT_SUPPORTED`. */
export function withSignedUrls(provider: StorageProvider): SigningProvider {
  if (provider.signUrl === undefined) throw notSupported('signed URLs', 'signedUrls')
  return provider as SigningProvider
}

/**
 * Throws `INVALID_ARGUMENT`, which says what was passed instead, unless the value is a provider.
 */
export function checkProvider(value: unknown): asserts value is StorageProvider {
  const wrong = (message: string) => invalid('provider', `new StorageService() takes a provider, ${message}`)
  if (typeof value === 'function') {
    throw wrong(`not the class ${JSON.stringify(value.name)}: pass an instance of it, made with new`)
  }
  if (typeof value !== 'object' || value === null) throw wrong(`not ${value === null ? 'null' : typeof value}`)
  if (value instanceof Promise) throw wrong('not a promise: await it')
  const given = value as Readonly<Record<string, unknown>>
  const missing: string[] = providerMethods.filter(
    (method) => !optionalMethods.includes(method) && typeof given[method] !== 'function',
  )
  if (missing.length > 0) {
    if (typeof given['openFile'] === 'function' && 'provider' in given) throw wrong('not a StorageService')
    if ('provider' in given) throw wrong('not settings: with those, call await createStorage(settings)')
    throw wrong(`and this one lacks the methods ${missing.join(', ')}`)
  }
  const { name, capabilities } = given
  if (typeof name !== 'string' || name === '') throw wrong('and this one has no name')
  if (typeof capabilities !== 'object' || capabilities === null) throw wrong('and this one has no capabilities')
  const { parts, signedUrls } = capabilities as Partial<Capabilities>
  const declared = [...(parts ? uploadMethods : []), ...(signedUrls ? ['signUrl'] : [])]
  const undone = declared.filter((method) => typeof given[method] !== 'function')
  if (undone.length > 0) throw wrong(`and the capabilities of this one need the methods ${undone.join(', ')}`)
}
