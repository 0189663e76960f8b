/**
 * @stowage/provider-fs: containers and files on a plain directory.
 */
export { createProvider, type FilesystemSettings, settings } from './config.js'
export { type FilesystemNative, FilesystemProvider, type FilesystemProviderOptions } from './provider.js'
