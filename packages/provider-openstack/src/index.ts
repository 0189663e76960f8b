/**
 * @stowage/provider-openstack: containers and files in OpenStack Swift.
 *
 * - `settings.ts`: the settings of a data source. `sign-in.ts`: the sign-in to Keystone with them.
 * - `provider.ts`: the provider. It extends the one of `@stowage/swift`, which describes names,
 *   layout, capabilities and consistency.
 *
 * Configuration: user, project and their domains, Keystone's URL, the region.
 */

export { createProvider, OpenStackProvider } from './provider.js'
export { type OpenStackSettings, settings } from './settings.js'
