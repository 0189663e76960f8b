/**
 * @stowage/provider-memory: containers and files in the memory of one process.
 *
 * For tests, and the shortest complete example of a provider. The modules, in the order to read them:
 * - `settings.ts`: the settings of a data source.
 * - `capabilities.ts`: what this provider can do, as data.
 * - `store.ts`: the stored files, and the one method that makes a file appear.
 * - `memory.ts`: what all calls share.
 * - `provider.ts`: the class, made of `containers.ts`, `lister.ts`, `reader.ts`, `writer.ts`, `remover.ts`, `copier.ts` and
 *   `uploads.ts`, which have the contract's calls.
 * - `pages.ts`: pages of sorted names, with folders.
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
export { createProvider, MemoryProvider, type MemoryProviderOptions } from './provider.js'
export { type MemorySettings, settings } from './settings.js'
export { createMemoryStore, type MemoryStore } from './store.js'
