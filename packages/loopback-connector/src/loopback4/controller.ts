/**
 * The nine routes as a LoopBack 4 controller over a data source of this connector.
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

/** Options of {@link defineStorageController}. */
export interface StorageControllerOptions {
  /** The name of the data source, which is bound to `datasources.<name>`. */
  readonly dataSource: string
  /** The path of the routes, such as `/containers`. */
  readonly basePath: string
  /**
   * Adds routes for resumable uploads, below `<basePath>/{container}/uploads`. The options of
   * uploads are the data source's. Default: false.
   */
  readonly resumable?: boolean | ResumableOptions<Request>
}

/** The value bound to `datasources.<name>`. */
interface BoundDataSource {
  readonly name?: string
  readonly connector?: unknown
}

/**
 * The methods behind the routes. A subclass can override each of them, add decorators
 * (`@authenticate`, `@authorize`, `@intercept`) or call {@link service} with other options.
 */
export class StorageController {
  /** The data source's connector. */
  protected readonly service: StorageService
  protected readonly request: Request
  protected readonly response: Response

  /** Throws a `TypeError` if the data source has another connector. */
  constructor(dataSource: BoundDataSource, request: Request, response: Response) {
    const { connector, name } = dataSource
    if (!(connector instanceof StorageService)) {
      throw new TypeError(`data source ${JSON.stringify(name)} must use the connector "@stowage/loopback-connector"`)
    }
    this.service = connector
    this.request = request
    this.response = response
  }

  /** `GET /`: lists all containers. */
  async getContainers(): Promise<Container[]> {
    return this.service.getContainers()
  }

  /** `POST /`: creates a container. */
  async createContainer(container: { readonly name: string }): Promise<Container> {
    return this.service.createContainer(container)
  }

  /** `GET /{container}`: returns a container. */
  async getContainer(container: string): Promise<Container> {
    return this.service.getContainer(container)
  }

  /** `DELETE /{container}`: deletes a container and all files in it. */
  async destroyContainer(container: string): Promise<object> {
    await this.service.destroyContainer(container)
    return {}
  }

  /** `GET /{container}/files`: lists files. */
  async getFiles(
    container: string,
    prefix?: string,
    delimiter?: string,
    startAfter?: string,
    limit?: number,
  ): Promise<File[]> {
    const query = { prefix, delimiter: delimiter === '' ? undefined : delimiter, startAfter, limit }
    const options: ListFilesOptions = Object.fromEntries(
      Object.entries(query).filter(([, value]) => value !== undefined),
    )
    return this.service.getFiles(container, options)
  }

  /** `GET /{container}/files/{file}`: returns a file without its content. */
  async getFile(container: string, file: string): Promise<File> {
    return this.service.getFile(container, file)
  }

  /** `DELETE /{container}/files/{file}`: deletes a file. */
  async removeFile(container: string, file: string): Promise<object> {
    await this.service.removeFile(container, file)
    return {}
  }

  /** `POST /{container}/upload`: stores the files of the form in the request's body. */
  async upload(container: string): Promise<{ readonly result: UploadResult }> {
    return { result: await this.service.upload(container, this.request, this.response) }
  }

  /**
   * `GET` and `HEAD /{container}/download/{file}`: sends a file. Returns the response, after which
   * LoopBack sends none itself.
   */
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

/**
 * Returns a controller class with the nine routes, for `app.controller()`. It can be extended.
 *
 * @example
 * app.bind('datasources.files').to(dataSource)
 * app.controller(defineStorageController({ dataSource: 'files', basePath: '/containers' }))
 */
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
