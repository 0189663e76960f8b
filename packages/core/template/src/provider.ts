import { type Capabilities, checkSettings, type ProviderContext, providerBase } from '@stowage/core/provider'
import { capabilities } from './capabilities.js'
import { Connection } from './connection.js'
import * as containers from './containers.js'
import * as copier from './copier.js'
import * as lister from './lister.js'
import * as reader from './reader.js'
import * as remover from './remover.js'
import type { ServiceClient } from './service.js'
import { type MySettings, settings } from './settings.js'
import * as writer from './writer.js'

const base = providerBase<Connection>()({
  ...containers,
  ...lister,
  ...reader,
  ...writer,
  ...remover,
  ...copier,
  close: async () => {},
})

/** Containers and files on My Service. */
export class MyProvider extends base {
  readonly name = 'mine'
  readonly capabilities: Capabilities = capabilities

  constructor(options: MySettings) {
    checkSettings('MyProvider', options, settings)
    super(new Connection(options))
  }

  /** The service's client. */
  get native(): ServiceClient {
    return this.context.client
  }
}

/** Does no I/O. Relative paths in the settings are relative to `context.directory`. */
export const createProvider = (options: MySettings, _context?: ProviderContext): MyProvider => new MyProvider(options)
