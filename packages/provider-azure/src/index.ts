/**
 * @stowage/provider-azure: containers and files on Azure Blob Storage.
 */

export type { TokenCredential } from './account.js'
export { type AzureSettings, createProvider, settings } from './config.js'
export { AzureProvider, type AzureProviderOptions } from './provider.js'
