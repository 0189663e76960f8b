/**
 * @stowage/provider-memory: containers and files in the memory of one process.
 *
 * For tests, and as the shortest complete example of a provider. The modules, in the order to read
 * them:
 * - `settings.ts`: the settings of a data source.
 * - `capabilities.ts`: what this provider supports, as data.
 * - `store.ts`: the stored files, and the only method that stores one.
 * - `memory.ts`: the context of all calls.
 * - `provider.ts`: the class, made from the modules of the calls: `containers.ts`, `lister.ts`,
 *   `reader.ts`, `writer.ts`, `remover.ts`, `copier.ts`, `uploads.ts`, `hidden-files.ts`,
 *   `signing.ts`, `direct-uploads.ts`.
 *
 * Configuration: none is required. Two providers with the same store show the same files.
 *
 * Names: stored unchanged.
 *
 * Layout: a container is a map from file names to versions, which are immutable. A write replaces
 * the version in one synchronous step, so conditions are atomic, and an open reader keeps its
 * version.
 *
 * Consistency: the next call sees the result of every finished call, from every provider on the
 * same store.
 */

export { defaultCapabilities } from './capabilities.js'
export { createProvider, MemoryProvider, type MemoryProviderOptions } from './provider.js'
export { type MemorySettings, settings } from './settings.js'
export { createMemoryStore, type MemoryStore } from './store.js'
