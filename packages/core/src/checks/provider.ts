/**
 * Whether what is passed as a provider is one, before the first call finds out.
 */

import { providerMethods, type StorageProvider } from '../contract/provider.js'
import { invalid } from './invalid.js'

/** Methods that a provider may leave out. */
const optionalMethods: readonly string[] = ['moveFile'] satisfies (keyof StorageProvider)[]

/** Throws `INVALID_ARGUMENT`, which says what was passed instead, unless the value is a provider. */
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
}
