/**
 * The protocol between a LoopBack data source and its connector.
 */
import type { Callback } from './callbacks.js'
import { remoteMethods } from './remote-methods.js'
import { StorageService } from './service.js'
import type { ConnectorSettings } from './settings.js'

/** The part of a data source that the connector uses. It is the same in LoopBack 3 and 4. */
export interface ConnectorDataSource {
  settings: ConnectorSettings
  connector?: unknown
}

/** Methods that the models of the data source have in addition to the remote methods. */
const localMethods = ['uploadStream', 'downloadStream'] as const

/** A storage service as the connector of a data source: `dataSource.connector`. */
export class StorageConnector extends StorageService {
  readonly dataSource: ConnectorDataSource
  /** LoopBack copies the properties of this function, which are methods, to the models. */
  readonly DataAccessObject: () => void

  constructor(dataSource: ConnectorDataSource) {
    super(dataSource.settings)
    this.dataSource = dataSource
    const DataAccessObject = () => undefined
    for (const [name, remote] of Object.entries(remoteMethods)) {
      const method = this[name as keyof typeof remoteMethods] as (...args: unknown[]) => unknown
      Object.assign(DataAccessObject, { [name]: Object.assign(method.bind(this), remote) })
    }
    for (const name of localMethods) Object.assign(DataAccessObject, { [name]: this[name].bind(this) })
    this.DataAccessObject = DataAccessObject
  }

  /** Called by LoopBack for each model of the data source. */
  define(): void {
    // A model of a storage has only methods, and no properties to define.
  }

  /**
   * Loads the provider. On the filesystem, also checks that the root exists.
   *
   * Fails with status 500 if a setting is invalid, and with 503 if the root does not exist.
   */
  connect(callback?: Callback<void>): Promise<void> | undefined {
    return this.deliver('connect', this.#connect(), callback)
  }

  /**
   * Checks that the service is reachable and accepts the credentials. Sends one request, for a list
   * of one container.
   */
  ping(callback?: Callback<void>): Promise<void> | undefined {
    return this.deliver('ping', this.#checkAccess(), callback)
  }

  /** Closes connections. The next call opens the storage again. */
  disconnect(callback?: Callback<void>): Promise<void> | undefined {
    return this.deliver('disconnect', this.close(), callback)
  }

  async #connect(): Promise<void> {
    const { name } = await this.storage
    if (name === 'filesystem') await this.#checkAccess()
  }

  async #checkAccess(): Promise<void> {
    await (await this.storage).containerPage({ limit: 1 })
  }
}

/**
 * Sets the connector of a data source and connects it. LoopBack calls this function when it creates
 * a data source with this connector.
 */
export function initialize(dataSource: ConnectorDataSource, callback?: Callback<void>): void {
  const connector = new StorageConnector(dataSource)
  dataSource.connector = connector
  connector.connect(callback)
}
