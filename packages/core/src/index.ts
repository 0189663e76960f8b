/**
 * @stowage/core: containers and files over one Node API.
 *
 * Applications hold a {@link StorageService}; a provider package implements {@link StorageProvider}.
 */
export * from './capabilities.js'
export * from './conditions.js'
export * from './content-type.js'
export * from './errors.js'
export * from './files.js'
export * from './names.js'
export * from './provider.js'
export * from './range.js'
