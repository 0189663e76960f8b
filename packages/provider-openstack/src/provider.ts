import { SwiftProvider } from '@stowage/swift'
import type { OpenStackSettings } from './config.js'
import { signInWith } from './sign-in.js'

/** Containers and files of one project in OpenStack Swift, signed in through Keystone. */
export class OpenStackProvider extends SwiftProvider {
  /** Does no I/O. */
  constructor(settings: OpenStackSettings) {
    const { tempUrlKey, idleTimeout } = settings
    super({ name: 'openstack', signIn: signInWith(settings), tempUrlKey, idleTimeout })
  }
}
