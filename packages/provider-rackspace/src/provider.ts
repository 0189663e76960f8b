import { checkOptions, type NamesOf } from '@stowage/core/provider'
import { SwiftProvider, swiftCapabilities } from '@stowage/swift'
import type { RackspaceSettings } from './settings.js'
import { signInWith } from './sign-in.js'

const MiB = 1024 * 1024

const optionNames = {
  username: true,
  apiKey: true,
  region: true,
  authUrl: true,
  useInternal: true,
  tempUrlKey: true,
  idleTimeout: true,
} as const satisfies NamesOf<RackspaceSettings>

/**
 * Containers and files in Rackspace Cloud Files, with an API key.
 *
 * @example
 * const settings = { username: 'ada', apiKey, region: 'DFW' }
 * const storage = new StorageService(new RackspaceProvider(settings))
 */
export class RackspaceProvider extends SwiftProvider {
  /** Creates the provider without any I/O. */
  constructor(settings: RackspaceSettings) {
    checkOptions('RackspaceProvider', settings, optionNames)
    super({
      name: 'rackspace',
      signIn: signInWith(settings),
      tempUrlKey: settings.tempUrlKey,
      idleTimeout: settings.idleTimeout,
      capabilities: {
        // Cloud Files requires segments of at least 1 MiB. Newer versions of Swift do not.
        parts: swiftCapabilities.parts && { ...swiftCapabilities.parts, minPartSize: MiB },
      },
    })
  }
}

/** Creates the provider from checked settings. */
export function createProvider(settings: RackspaceSettings): RackspaceProvider {
  return new RackspaceProvider(settings)
}
