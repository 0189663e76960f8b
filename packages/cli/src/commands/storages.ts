/**
 * The storages that a command works on, each opened once.
 */
import { resolve } from 'node:path'
import { type DataSource, loadDataSources, type StorageService } from '@stowage/core'
import { findDataSourceFile } from '../data-sources/data-source-file.js'
import { exitCodes } from '../failures/exit-codes.js'
import { CommandFailure } from '../failures/failures.js'
import type { Session } from './command.js'

async function dataSourceFile({ datasources, directory }: Session): Promise<string> {
  if (datasources !== undefined) return resolve(directory, datasources)
  const { file, found } = await findDataSourceFile(directory)
  if (found) return file
  throw new CommandFailure(
    exitCodes.notFound,
    'there is no datasources.json here; make one with "stowage datasource", or name one with --datasources <file>',
  )
}

/** Disposing of it closes all storages. */
export class Storages implements AsyncDisposable {
  readonly #file: string
  readonly #sources: ReadonlyMap<string, DataSource>
  readonly #opened = new Map<string, Promise<StorageService>>()

  private constructor(file: string, sources: ReadonlyMap<string, DataSource>) {
    this.#file = file
    this.#sources = sources
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

  /** The data source's storage; no request is made. */
  async open(name: string): Promise<StorageService> {
    const opened = this.#opened.get(name) ?? this.#create(name)
    this.#opened.set(name, opened)
    return opened
  }

  async #create(name: string): Promise<StorageService> {
    const source = this.#sources.get(name)
    if (source !== undefined) return source.createStorage()
    const known = [...this.#sources.keys()].join(', ')
    throw new CommandFailure(
      exitCodes.notFound,
      `there is no data source ${JSON.stringify(name)} in ${this.#file}, which has ${known === '' ? 'none' : known}`,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values())
    await Promise.all(opened.map(async (each) => (each.status === 'fulfilled' ? each.value.close() : undefined)))
  }
}
