/**
 * @stowage/provider-rackspace: containers and files in Rackspace Cloud Files.
 *
 * - `settings.ts`: the settings of a data source; `sign-in.ts`: the sign-in that they lead to.
 * - `provider.ts`: the provider, which is that of `@stowage/swift`; names, layout, capabilities and consistency are told there.
 *
 * Configuration: user name, API key, region.
 */

export { createProvider, RackspaceProvider } from './provider.js'
export { type RackspaceSettings, settings } from './settings.js'
