/**
 * The storages of a command. Each is opened once.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { resolve } from 'node:path'
import {
  type DataSource,
  loadDataSources,
  type OperationEvent,
  operationChannel,
  type StorageService,
} from '@stowage/core'
import { findDataSourceFile } from '../data-sources/data-source-file.js'
import { exitCodes } from '../failures/exit-codes.js'
import { CommandFailure, setOrigin } from '../failures/failures.js'
import type { Session } from './command.js'

async function dataSourceFile({ datasources, directory }: Session): Promise<string> {
  if (datasources !== undefined) return resolve(directory, datasources)
  const { file, found } = await findDataSourceFile(directory)
  if (found) return file
  throw new CommandFailure(
    exitCodes.notFound,
    'no datasources.json found: create one with "stowage datasource", or pass --datasources <file>',
  )
}

/** Disposing it closes all storages. */
export class Storages implements AsyncDisposable {
  readonly #file: string
  readonly #sources: ReadonlyMap<string, DataSource>
  readonly #opened = new Map<string, Promise<StorageService>>()
  readonly #storages = new Map<string, StorageService>()

  private constructor(file: string, sources: ReadonlyMap<string, DataSource>) {
    this.#file = file
    this.#sources = sources
    subscribe(operationChannel, this.#onOperation)
  }

  static async load(session: Session): Promise<Storages> {
    const file = await dataSourceFile(session)
    return new Storages(file, await loadDataSources(file, { environment: session.environment }))
  }

  /** The path of `datasources.json`. */
  get file(): string {
    return this.#file
  }

  get sources(): Iterable<DataSource> {
    return this.#sources.values()
  }

  /** Returns the storage of a data source. Sends no request. */
  async open(name: string): Promise<StorageService> {
    const opened = this.#opened.get(name) ?? this.#create(name)
    this.#opened.set(name, opened)
    return opened
  }

  async #create(name: string): Promise<StorageService> {
    const source = this.#sources.get(name)
    if (source !== undefined) {
      const storage = await source.createStorage()
      this.#storages.set(name, storage)
      return storage
    }
    const known = [...this.#sources.keys()].join(', ')
    throw new CommandFailure(
      exitCodes.notFound,
      `unknown data source ${JSON.stringify(name)} in ${this.#file} (known: ${known === '' ? 'none' : known})`,
    )
  }

  /** Records in which data source an operation failed. Events name the provider. */
  readonly #onOperation = (message: unknown): void => {
    const { provider, error } = message as OperationEvent
    if (error === undefined) return
    const origins = Array.from(this.#storages).flatMap(([name, storage]) =>
      storage.name === provider ? [`data source ${JSON.stringify(name)}${rootOf(storage)}`] : [],
    )
    if (origins.length > 0) setOrigin(error, origins.join(' or '))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    unsubscribe(operationChannel, this.#onOperation)
    const opened = await Promise.allSettled(this.#opened.values())
    await Promise.all(opened.map(async (each) => (each.status === 'fulfilled' ? each.value.close() : undefined)))
  }
}

/**
 * The directory of a filesystem storage: errors of core do not show paths, because users may see
 * them.
 */
function rootOf({ native }: StorageService): string {
  const root = typeof native === 'object' && native !== null && 'root' in native ? native.root : undefined
  return typeof root === 'string' ? ` (root ${JSON.stringify(root)})` : ''
}
