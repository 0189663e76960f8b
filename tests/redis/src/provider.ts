import { type Capabilities, type ProviderContext, providerBase } from '@stowage/core/provider'
import { capabilities } from './capabilities.js'
import { type Client, Connection } from './connection.js'
import * as containers from './containers.js'
import * as copier from './copier.js'
import { errorOf } from './errors.js'
import * as hiddenFiles from './hidden-files.js'
import * as lister from './lister.js'
import * as reader from './reader.js'
import * as remover from './remover.js'
import type { RedisSettings } from './settings.js'
import * as uploads from './uploads.js'
import * as writer from './writer.js'

const base = providerBase<Connection>()(
  {
    ...containers,
    ...lister,
    ...reader,
    ...writer,
    ...remover,
    ...copier,
    ...uploads,
    ...hiddenFiles,
    close: (connection) => connection.close(),
  },
  errorOf,
)

/** Containers and files on a Redis server. */
export class RedisProvider extends base {
  readonly name = 'redis'
  readonly capabilities: Capabilities = capabilities

  constructor(settings: RedisSettings) {
    super(new Connection(settings))
  }

  /** The client of the present connection. */
  get native(): Client {
    return this.context.client
  }
}

/** Does no I/O. */
export const createProvider = (settings: RedisSettings, _context?: ProviderContext): RedisProvider =>
  new RedisProvider(settings)
