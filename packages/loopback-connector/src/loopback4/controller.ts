/**
 * The nine routes as a controller of LoopBack 4, over a data source of this connector.
 */
import { type Constructor, inject } from '@loopback/core'
import { api, type Request, type Response, RestBindings } from '@loopback/rest'
import type { Container, File } from '../entities.js'
import { type ListFilesOptions, StorageService } from '../service.js'
import type { UploadResult } from '../stored-files.js'
import { storageApi } from './api.js'

export interface StorageControllerOptions {
  /** The name of the data source: it is bound to `datasources.<name>`. */
  readonly dataSource: string
  /** Where the routes begin, such as `/containers`. */
  readonly basePath: string
}

/** What `datasources.<name>` is bound to. */
interface BoundDataSource {
  readonly name?: string
  readonly connector?: unknown
}

/**
 * The routes' methods. A class that extends it can override each, add decorators (`@authenticate`, `@authorize`, `@intercept`) or call
 * {@link service} with options of its own.
 */
export class StorageController {
  /** The data source's connector. */
  protected readonly service: StorageService
  protected readonly request: Request
  protected readonly response: Response

  constructor(dataSource: BoundDataSource, request: Request, response: Response) {
    const { connector, name } = dataSource
    if (!(connector instanceof StorageService)) {
      throw new TypeError(
        `the data source ${JSON.stringify(name)} has another connector than @stowage/loopback-connector`,
      )
    }
    this.service = connector
    this.request = request
    this.response = response
  }

  async getContainers(): Promise<Container[]> {
    return this.service.getContainers()
  }

  async createContainer(container: { readonly name: string }): Promise<Container> {
    return this.service.createContainer(container)
  }

  async getContainer(container: string): Promise<Container> {
    return this.service.getContainer(container)
  }

  async destroyContainer(container: string): Promise<object> {
    await this.service.destroyContainer(container)
    return {}
  }

  async getFiles(
    container: string,
    prefix?: string,
    delimiter?: string,
    startAfter?: string,
    limit?: number,
  ): Promise<File[]> {
    const given = { prefix, delimiter: delimiter === '' ? undefined : delimiter, startAfter, limit }
    const options: ListFilesOptions = Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    )
    return this.service.getFiles(container, options)
  }

  async getFile(container: string, file: string): Promise<File> {
    return this.service.getFile(container, file)
  }

  async removeFile(container: string, file: string): Promise<object> {
    await this.service.removeFile(container, file)
    return {}
  }

  /** The form is read from the request. */
  async upload(container: string): Promise<{ readonly result: UploadResult }> {
    return { result: await this.service.upload(container, this.request, this.response) }
  }

  /** Answers by itself, which LoopBack knows by the response that it gives back. */
  async download(container: string, file: string): Promise<Response> {
    await this.service.download(container, file, this.request, this.response)
    return this.response
  }
}

/** A class for `app.controller()`, or to be extended first. */
export function defineStorageController({
  dataSource,
  basePath,
}: StorageControllerOptions): Constructor<StorageController> & typeof StorageController {
  class DataSourceStorageController extends StorageController {}
  inject(`datasources.${dataSource}`)(DataSourceStorageController, undefined, 0)
  inject(RestBindings.Http.REQUEST)(DataSourceStorageController, undefined, 1)
  inject(RestBindings.Http.RESPONSE)(DataSourceStorageController, undefined, 2)
  api(storageApi(basePath))(DataSourceStorageController)
  return DataSourceStorageController
}
