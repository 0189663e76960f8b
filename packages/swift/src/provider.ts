import { type Capabilities, checkOptions, freezeCapabilities, type NamesOf, providerBase } from '@stowage/core/provider'
import { swiftCapabilities } from './capabilities.js'
import { SwiftClient, type SwiftClientOptions } from './client/client.js'
import type { SignIn } from './client/sign-in.js'
import * as containers from './containers.js'
import * as copier from './copier.js'
import * as cors from './cors.js'
import * as directUploads from './direct-uploads.js'
import * as hiddenFiles from './hidden-files.js'
import * as lister from './lister.js'
import * as reader from './reader.js'
import * as remover from './remover.js'
import * as signing from './signing.js'
import * as uploads from './uploads.js'
import * as writer from './writer.js'

export interface SwiftProviderOptions extends SwiftClientOptions {
  /** The provider's name in errors and diagnostics, as in a data source's `provider`. */
  readonly name: string
  readonly signIn: SignIn
  /** Capabilities that replace those of a cluster with default settings, each as a whole. */
  readonly capabilities?: Partial<Capabilities>
}

const optionNames = {
  name: true,
  signIn: true,
  tempUrlKey: true,
  idleTimeout: true,
  capabilities: true,
  singleCopySize: true,
  copyPartSize: true,
} as const satisfies NamesOf<SwiftProviderOptions>

const base = providerBase<SwiftClient>()({
  ...containers,
  ...lister,
  ...reader,
  ...writer,
  ...remover,
  ...copier,
  ...uploads,
  ...hiddenFiles,
  ...signing,
  ...directUploads,
  ...cors,
  close: (client) => client.close(),
})

/**
 * Containers and files in one account of OpenStack Swift.
 *
 * @example
 * const storage = new StorageService(new SwiftProvider({ name: 'swift', signIn }))
 */
export class SwiftProvider extends base {
  readonly name: string
  readonly capabilities: Capabilities

  constructor(options: SwiftProviderOptions) {
    checkOptions('SwiftProvider', options, optionNames)
    const { name, signIn, capabilities, ...clientOptions } = options
    super(new SwiftClient(signIn, clientOptions))
    this.name = name
    this.capabilities = freezeCapabilities({ ...swiftCapabilities, ...capabilities })
  }

  /** A client of the account, with the provider's sign-in. Closed with the provider. */
  get native(): SwiftClient {
    return this.context
  }
}
