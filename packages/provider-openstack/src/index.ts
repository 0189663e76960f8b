/**
 * @stowage/provider-openstack: containers and files in OpenStack Swift.
 *
 * - `settings.ts`: the settings of a data source; `sign-in.ts`: the sign-in to Keystone that they lead to.
 * - `provider.ts`: the provider, which is that of `@stowage/swift`; names, layout, capabilities and consistency are told there.
 *
 * Configuration: user, project and their domains, Keystone's URL, the region.
 */

export { createProvider, OpenStackProvider } from './provider.js'
export { type OpenStackSettings, settings } from './settings.js'
