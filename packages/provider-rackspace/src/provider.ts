import { checkSettings } from '@stowage/core/provider'
import { SwiftProvider, swiftCapabilities } from '@stowage/swift'
import { type RackspaceSettings, settings } from './settings.js'
import { signInWith } from './sign-in.js'

const MiB = 1024 * 1024

/**
 * Containers and files in Rackspace Cloud Files, with an API key.
 *
 * @example
 * const settings = { username: 'ada', apiKey, region: 'DFW' }
 * const storage = new StorageService(new RackspaceProvider(settings))
 */
export class RackspaceProvider extends SwiftProvider {
  /** Creates the provider without any I/O. */
  constructor(options: RackspaceSettings) {
    checkSettings('RackspaceProvider', options, settings)
    super({
      name: 'rackspace',
      signIn: signInWith(options),
      tempUrlKey: options.tempUrlKey,
      idleTimeout: options.idleTimeout,
      capabilities: {
        // Cloud Files requires segments of at least 1 MiB. Newer versions of Swift do not.
        parts: swiftCapabilities.parts && { ...swiftCapabilities.parts, minPartSize: MiB },
      },
    })
  }
}

/** Creates the provider from checked settings. */
export function createProvider(options: RackspaceSettings): RackspaceProvider {
  return new RackspaceProvider(options)
}
