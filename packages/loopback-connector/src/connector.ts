/**
 * The protocol between a LoopBack data source and its connector.
 */
import type { Callback } from './callbacks.js'
import { remoteMethods } from './remote-methods.js'
import { StorageService } from './service.js'
import type { ConnectorSettings } from './settings.js'

/** As much of a data source as a connector sees; LoopBack 3 and 4 have the same. */
export interface ConnectorDataSource {
  settings: ConnectorSettings
  connector?: unknown
}

/** The methods that models of the data source get, beside the remote ones. */
const localMethods = ['uploadStream', 'downloadStream'] as const

/** A storage service as a data source's connector: `dataSource.connector`. */
export class StorageConnector extends StorageService {
  readonly dataSource: ConnectorDataSource
  /** What LoopBack gives the data source's models for methods. */
  readonly DataAccessObject: () => void

  constructor(dataSource: ConnectorDataSource) {
    super(dataSource.settings)
    this.dataSource = dataSource
    const DataAccessObject = () => undefined
    for (const [name, remote] of Object.entries(remoteMethods)) {
      const method = this[name as keyof typeof remoteMethods] as (...given: unknown[]) => unknown
      Object.assign(DataAccessObject, { [name]: Object.assign(method.bind(this), remote) })
    }
    for (const name of localMethods) Object.assign(DataAccessObject, { [name]: this[name].bind(this) })
    this.DataAccessObject = DataAccessObject
  }

  /** LoopBack tells of a model here. A model of a storage has no properties of its own. */
  define(): void {
    // Models are made of the methods alone.
  }

  /** Loads the provider; on the filesystem looks whether the root is there. */
  connect(callback?: Callback<void>): Promise<void> | undefined {
    return this.answer('connect', this.#connect(), callback)
  }

  /** Asks the service for a container, whichever: whether it can be reached and takes the credentials. */
  ping(callback?: Callback<void>): Promise<void> | undefined {
    return this.answer('ping', this.#look(), callback)
  }

  /** Frees connections. The next call opens the storage again. */
  disconnect(callback?: Callback<void>): Promise<void> | undefined {
    return this.answer('disconnect', this.close(), callback)
  }

  async #connect(): Promise<void> {
    const { name } = await this.storage
    if (name === 'filesystem') await this.#look()
  }

  async #look(): Promise<void> {
    await (await this.storage).containerPage({ limit: 1 })
  }
}

/** What LoopBack calls to make a data source with this connector. */
export function initialize(dataSource: ConnectorDataSource, callback?: Callback<void>): void {
  const connector = new StorageConnector(dataSource)
  dataSource.connector = connector
  connector.connect(callback)
}
