/**
 * @stowage/provider-memory: containers and files in the memory of one process.
 *
 * For tests, and the shortest complete example of a provider. The rooms, in the order to read them:
 * - `settings.ts`: the settings that a data source may have, and the provider made from them.
 * - `capabilities.ts`: what this provider can do, as data.
 * - `store.ts`: what is held, and the one function that makes a file appear.
 * - `provider.ts`: the contract's calls.
 * - `uploads.ts`: the contract's part uploads.
 * - `lister.ts`: pages of sorted names, with folders.
 *
 * Configuration: none is needed. Two providers that are given the same store show the same files.
 *
 * Names: kept as they are; nothing needs escaping.
 *
 * Layout: a container is a map from a file's name to its version, which is never changed after it was put there. A write
 * replaces the version in one synchronous step, so conditions are atomic, and an open reader keeps the version it began with.
 *
 * Consistency: every finished call is seen by the next one, from every provider on the same store.
 */

export { defaultCapabilities } from './capabilities.js'
export { MemoryProvider, type MemoryProviderOptions } from './provider.js'
export { createProvider, type MemorySettings, settings } from './settings.js'
export { createMemoryStore, type MemoryStore } from './store.js'
