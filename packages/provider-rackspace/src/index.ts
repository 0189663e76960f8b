/**
 * @stowage/provider-rackspace: containers and files in Rackspace Cloud Files.
 *
 * - `settings.ts`: the settings of a data source. `sign-in.ts`: the sign-in with them.
 * - `provider.ts`: the provider. It extends the one of `@stowage/swift`, which describes names,
 *   layout, capabilities and consistency.
 *
 * Configuration: user name, API key, region.
 */

export { createProvider, RackspaceProvider } from './provider.js'
export { type RackspaceSettings, settings } from './settings.js'
