import { SwiftProvider, swiftCapabilities } from '@stowage/swift'
import type { RackspaceSettings } from './config.js'
import { signInWith } from './sign-in.js'

const MiB = 1024 * 1024

/** Containers and files in Rackspace Cloud Files, signed in with an API key. */
export class RackspaceProvider extends SwiftProvider {
  /** Does no I/O. */
  constructor(settings: RackspaceSettings) {
    super({
      name: 'rackspace',
      signIn: signInWith(settings),
      tempUrlKey: settings.tempUrlKey,
      idleTimeout: settings.idleTimeout,
      capabilities: {
        // Cloud Files asks for segments of at least 1 MiB, which newer versions of Swift no longer do.
        parts: swiftCapabilities.parts && { ...swiftCapabilities.parts, minPartSize: MiB },
      },
    })
  }
}
