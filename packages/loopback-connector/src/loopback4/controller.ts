/**
 * The nine routes as a controller of LoopBack 4, over a data source of this connector.
 */
import { type Constructor, inject } from '@loopback/core'
import { api, type Request, type Response, RestBindings } from '@loopback/rest'
import type { StorageService as Storage } from '@stowage/core'
import { type ResumableOptions, type ResumableUploadHandler, resumableUploads } from '@stowage/rest-express'
import type { Container, File } from '../entities.js'
import { type ListFilesOptions, StorageService } from '../service.js'
import type { UploadResult } from '../stored-files.js'
import { uploadOptions } from '../upload-options.js'
import { storageApi } from './api.js'

export interface StorageControllerOptions {
  /** The name of the data source: it is bound to `datasources.<name>`. */
  readonly dataSource: string
  /** Where the routes begin, such as `/containers`. */
  readonly basePath: string
  /**
   * Adds routes for resumable uploads, below `<basePath>/{container}/uploads`. The options of uploads are the data source's.
   * Default: false.
   */
  readonly resumable?: boolean | ResumableOptions<Request>
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

  /** Starts a resumable upload. Responds by itself, as the next ones do. */
  async createUpload(container: string): Promise<Response> {
    return this.#resume(container)
  }

  /** How far a resumable upload is. */
  async getUpload(container: string, ticket: string): Promise<Response> {
    return this.#resume(container, ticket)
  }

  /** Stores the bytes that follow. */
  async appendToUpload(container: string, ticket: string): Promise<Response> {
    return this.#resume(container, ticket)
  }

  /** Ends a resumable upload. A completed file stays. */
  async deleteUpload(container: string, ticket: string): Promise<Response> {
    return this.#resume(container, ticket)
  }

  /** POST with `X-HTTP-Method-Override`, for clients that cannot send PATCH or DELETE. */
  async overrideMethod(container: string, ticket: string): Promise<Response> {
    return this.#resume(container, ticket)
  }

  /** Returns what handles the requests of resumable uploads. */
  protected async resumableUploads(): Promise<ResumableUploadHandler<Request>> {
    throw new TypeError('a controller with resumable uploads is made by defineStorageController')
  }

  async #resume(container: string, ticket?: string): Promise<Response> {
    const handle = await this.resumableUploads()
    await handle(this.request, this.response, { container, ticket })
    return this.response
  }
}

/** A class for `app.controller()`, or to be extended first. */
export function defineStorageController({
  dataSource,
  basePath,
  resumable = false,
}: StorageControllerOptions): Constructor<StorageController> & typeof StorageController {
  const handlers = new WeakMap<Storage, ResumableUploadHandler<Request>>()
  class DataSourceStorageController extends StorageController {
    protected override async resumableUploads(): Promise<ResumableUploadHandler<Request>> {
      const storage = await this.service.storage
      const known = handlers.get(storage)
      if (known !== undefined) return known
      const handler = resumableUploads<Request>(storage, { ...uploadOptions(this.service), resumable })
      handlers.set(storage, handler)
      return handler
    }
  }
  inject(`datasources.${dataSource}`)(DataSourceStorageController, undefined, 0)
  inject(RestBindings.Http.REQUEST)(DataSourceStorageController, undefined, 1)
  inject(RestBindings.Http.RESPONSE)(DataSourceStorageController, undefined, 2)
  api(storageApi(basePath, resumable !== false))(DataSourceStorageController)
  return DataSourceStorageController
}
