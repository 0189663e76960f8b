import { checkSettings } from '@stowage/core/provider'
import { SwiftProvider } from '@stowage/swift'
import { type OpenStackSettings, settings } from './settings.js'
import { signInWith } from './sign-in.js'

/**
 * Containers and files of one project in OpenStack Swift, with a sign-in to Keystone.
 *
 * @example
 * const authUrl = 'https://keystone.example.org/v3'
 * const settings = { authUrl, username: 'ada', password, projectName: 'photos' }
 * const storage = new StorageService(new OpenStackProvider(settings))
 */
export class OpenStackProvider extends SwiftProvider {
  /** Creates the provider without any I/O. */
  constructor(options: OpenStackSettings) {
    checkSettings('OpenStackProvider', options, settings)
    const { tempUrlKey, idleTimeout } = options
    super({ name: 'openstack', signIn: signInWith(options), tempUrlKey, idleTimeout })
  }
}

/** Creates the provider from checked settings. */
export function createProvider(options: OpenStackSettings): OpenStackProvider {
  return new OpenStackProvider(options)
}
