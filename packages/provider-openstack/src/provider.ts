import { checkOptions, type NamesOf } from '@stowage/core/provider'
import { SwiftProvider } from '@stowage/swift'
import type { OpenStackSettings } from './settings.js'
import { signInWith } from './sign-in.js'

const optionNames = {
  username: true,
  userId: true,
  password: true,
  applicationCredentialId: true,
  applicationCredentialSecret: true,
  authUrl: true,
  keystoneAuthVersion: true,
  domainId: true,
  domainName: true,
  projectId: true,
  projectName: true,
  tenantId: true,
  tenantName: true,
  projectDomainId: true,
  projectDomainName: true,
  region: true,
  useInternal: true,
  tempUrlKey: true,
  idleTimeout: true,
} as const satisfies NamesOf<OpenStackSettings>

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
  constructor(settings: OpenStackSettings) {
    checkOptions('OpenStackProvider', settings, optionNames)
    const { tempUrlKey, idleTimeout } = settings
    super({ name: 'openstack', signIn: signInWith(settings), tempUrlKey, idleTimeout })
  }
}

/** Creates the provider from checked settings. */
export function createProvider(settings: OpenStackSettings): OpenStackProvider {
  return new OpenStackProvider(settings)
}
