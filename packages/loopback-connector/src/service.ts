/**
 * The methods of the storage component, with its arguments, callbacks and results.
 */
import type { Readable } from 'node:stream'
import { isStorageError, type StorageService as Storage, StorageError, type UploadStream } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { discardRest, download, errorResponse, upload } from '@stowage/rest-express'
import { type Callback, callbackOf, settle } from './callbacks.js'
import { downloadOptions } from './download-options.js'
import { Container, File } from './entities.js'
import { configurationError, connectorError, noFileError } from './errors.js'
import { hasBody, isRequest, isResponse, type Request, type Response, responseTo } from './http.js'
import { legacyError, legacyUploadError, legacyUploadRules } from './legacy.js'
import { remoteMethods } from './remote-methods.js'
import { type ConnectorSettings, openStorage } from './settings.js'
import { type UploadResult, withResponses } from './stored-files.js'
import { type DownloadStreamOptions, downloadStream, type UploadStreamOptions, uploadStream } from './streams.js'
import { type ConnectorUploadOptions, uploadOptions, uploadSettings } from './upload-options.js'

/** The name of a container, or a container that a method returned. */
export type ContainerName = string | { readonly name: string }

/** The name of a file, or a file that a method returned. */
export type FileName = string | { readonly name: string }

/** Options of `getFiles`. */
export interface ListFilesOptions {
  /** Only names with this prefix. */
  readonly prefix?: string
  /** Names that contain this after the prefix are combined into folders. */
  readonly delimiter?: string
  /**
   * Only names after this one, in the order of their UTF-8 bytes: for the next page, the last name
   * of the previous page.
   */
  readonly startAfter?: string
  /** The same as `startAfter`, under its old name. */
  readonly marker?: string
  /** The maximum number of entries: an integer of 1 or more. Default: all entries. */
  readonly limit?: number
}

/** Options of one call of `upload`. They take precedence over those of the data source. */
export interface UploadCallOptions extends ConnectorUploadOptions {
  /** The container, if it is not an argument. Default: `req.params.container`. */
  readonly container?: string
}

/**
 * Containers and files with the methods of LoopBack's storage component. It is the base of the
 * connector, and works without a data source.
 *
 * The methods take a callback as their last argument, and return a promise without one. Only
 * `uploadStream` and `downloadStream` return a stream instead. All fail with a
 * {@link ConnectorError}.
 *
 * @example
 * const service = new StorageService({ provider: 'filesystem', root: './files' })
 * const { name } = await service.createContainer({ name: 'photos' })
 * service.getFiles(name, (error, files) => console.log(error ?? files))
 */
export class StorageService {
  static readonly modelName = 'storage'

  /** The name or the module of the provider. */
  readonly provider: ConnectorSettings['provider']
  readonly #settings: ConnectorSettings
  #storage: Promise<Storage> | undefined

  // The upload options among the settings. An application can change them later, for example in a
  // boot script: `dataSource.connector.getFilename = …`.
  declare maxFileSize?: ConnectorUploadOptions['maxFileSize']
  declare maxFieldsSize?: ConnectorUploadOptions['maxFieldsSize']
  declare allowedContentTypes?: ConnectorUploadOptions['allowedContentTypes']
  declare getFilename?: ConnectorUploadOptions['getFilename']
  declare nameConflict?: ConnectorUploadOptions['nameConflict']
  declare acl?: ConnectorUploadOptions['acl']

  /** Performs no I/O and checks nothing: invalid settings are reported by the first method. */
  constructor(settings: ConnectorSettings) {
    this.#settings = settings
    this.provider = settings.provider ?? 'filesystem'
    Object.assign(this, uploadSettings(settings))
  }

  /**
   * The storage behind the data source, for the features that LoopBack's methods lack. The first
   * use loads the provider. If that fails, the next use loads it again.
   *
   * @example
   * const storage = await service.storage
   * const photos = { container: 'photos' }
   * await storage.copyFile({ ...photos, file: 'a.jpg' }, { ...photos, file: 'b.jpg' })
   */
  get storage(): Promise<Storage> {
    if (this.#storage === undefined) {
      const opening = openStorage(this.#settings).catch((error: unknown) => {
        throw configurationError(error)
      })
      this.#storage = opening
      opening.catch(() => {
        if (this.#storage === opening) this.#storage = undefined
      })
    }
    return this.#storage
  }

  /** Closes the connections of the storage. The next call opens it again. */
  async close(): Promise<void> {
    const storage = this.#storage
    this.#storage = undefined
    await (await storage)?.close()
  }

  /** Translates the error of a method, and passes its outcome to the callback or returns it. */
  protected deliver<T>(method: string, outcome: Promise<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
    const translated = outcome.catch((thrown: unknown) => {
      const error = connectorError(thrown)
      throw this.#isLegacy ? legacyError(error, method) : error
    })
    return settle(translated, callback)
  }

  get #isLegacy(): boolean {
    return this.#settings.legacyStatusCodes === true
  }

  /** Lists all containers. */
  getContainers(): Promise<Container[]>
  getContainers(callback: Callback<Container[]>): void
  getContainers(callback?: Callback<Container[]>): Promise<Container[]> | undefined {
    return this.deliver('getContainers', this.#listContainers(), callback)
  }

  /** Returns a container. Fails with `ENOENT` (404) if it does not exist. */
  getContainer(container: ContainerName): Promise<Container>
  getContainer(container: ContainerName, callback: Callback<Container>): void
  getContainer(container: ContainerName, callback?: Callback<Container>): Promise<Container> | undefined {
    return this.deliver('getContainer', this.#getContainer(container), callback)
  }

  /** Creates a container. Fails with `EEXIST` (409) if it already exists. */
  createContainer(options: ContainerName): Promise<Container>
  createContainer(options: ContainerName, callback: Callback<Container>): void
  createContainer(options: ContainerName, callback?: Callback<Container>): Promise<Container> | undefined {
    return this.deliver('createContainer', this.#createContainer(options), callback)
  }

  /** Deletes a container and all files in it. Fails with `ENOENT` (404) if it does not exist. */
  destroyContainer(container: ContainerName): Promise<void>
  destroyContainer(container: ContainerName, callback: Callback<void>): void
  destroyContainer(container: ContainerName, callback?: Callback<void>): Promise<void> | undefined {
    return this.deliver('destroyContainer', this.#destroyContainer(container), callback)
  }

  /**
   * Lists the files in a container, in the order of their names. Options that are a boolean or
   * `null` are ignored, as in the storage component.
   *
   * Fails with `ENOENT` (404) if the container does not exist. With `legacyStatusCodes`, returns an
   * empty list in this case.
   */
  getFiles(container: ContainerName, callback: Callback<File[]>): void
  getFiles(container: ContainerName, options?: ListFilesOptions | boolean | null): Promise<File[]>
  getFiles(container: ContainerName, options: ListFilesOptions | boolean | null, callback: Callback<File[]>): void
  getFiles(
    container: ContainerName,
    options?: ListFilesOptions | boolean | null | Callback<File[]>,
    callback?: Callback<File[]>,
  ): Promise<File[]> | undefined {
    const list = typeof options === 'object' && options !== null ? options : {}
    return this.deliver('getFiles', this.#listFiles(container, list), callbackOf(callback, options))
  }

  /** Returns a file without its content. Fails with `ENOENT` (404) if it does not exist. */
  getFile(container: ContainerName, file: FileName): Promise<File>
  getFile(container: ContainerName, file: FileName, callback: Callback<File>): void
  getFile(container: ContainerName, file: FileName, callback?: Callback<File>): Promise<File> | undefined {
    return this.deliver('getFile', this.#getFile(container, file), callback)
  }

  /** Deletes a file. Fails with `ENOENT` (404) if it does not exist. */
  removeFile(container: ContainerName, file: FileName): Promise<void>
  removeFile(container: ContainerName, file: FileName, callback: Callback<void>): void
  removeFile(container: ContainerName, file: FileName, callback?: Callback<void>): Promise<void> | undefined {
    return this.deliver('removeFile', this.#removeFile(container, file), callback)
  }

  /**
   * Returns a stream into a file. Emits `success` and `finish` when the file is stored. Emits
   * `error` if that fails; nothing is stored then. `success` carries the file, except on the
   * filesystem.
   *
   * @example
   * const stream = service.uploadStream('photos', 'a.jpg', { contentType: 'image/jpeg' })
   * stream.on('success', () => console.log('stored'))
   * createReadStream('a.jpg').pipe(stream)
   */
  uploadStream(container: ContainerName, file: FileName, options?: UploadStreamOptions): UploadStream {
    return uploadStream(this.#target(container, file), optionsIn(options))
  }

  /**
   * Returns a stream of a file's content, which is opened on the first read. Failures are emitted
   * as `error`.
   *
   * @example
   * const head = service.downloadStream('photos', 'a.jpg', { start: 0, end: 99 })
   * head.pipe(createWriteStream('head.bin'))
   */
  downloadStream(container: ContainerName, file: FileName, options?: DownloadStreamOptions): Readable {
    return downloadStream(this.#target(container, file), optionsIn(options))
  }

  /**
   * Stores all files of a form, or none. The container is the first argument, or else
   * `options.container`, or else `req.params.container`. Options of the call take precedence over
   * those of the data source.
   *
   * Fails with `NO_FILE` (400) if there is no file, with `ENOENT` (404) if the container does not
   * exist, with `TOO_LARGE` (413), and with `TYPE_NOT_ALLOWED` (415) if the type of a file is not
   * allowed or the body is not a form. The error response is left to the caller.
   *
   * @example
   * const options = { allowedContentTypes: ['image/jpeg'] }
   * app.post('/photos', (req, res, next) => {
   *   service.upload('photos', req, res, options, (error, result) => {
   *     if (error) next(error)
   *     else res.json(result.files)
   *   })
   * })
   */
  upload(req: Request, res: Response, callback: Callback<UploadResult>): void
  upload(req: Request, res: Response, options?: UploadCallOptions): Promise<UploadResult>
  upload(req: Request, res: Response, options: UploadCallOptions, callback: Callback<UploadResult>): void
  upload(container: ContainerName, req: Request, res: Response, callback: Callback<UploadResult>): void
  upload(container: ContainerName, req: Request, res: Response, options?: UploadCallOptions): Promise<UploadResult>
  upload(
    container: ContainerName,
    req: Request,
    res: Response,
    options: UploadCallOptions,
    callback: Callback<UploadResult>,
  ): void
  upload(...args: readonly unknown[]): Promise<UploadResult> | undefined {
    const [container, req, res, ...rest] = isRequest(args[0]) ? [undefined, ...args] : args
    const options: UploadCallOptions = optionsIn(rest[0])
    const named = container === undefined ? options.container : nameOf(container as ContainerName)
    return this.deliver('upload', this.#upload(named, req as Request, res, options), callbackOf(...rest))
  }

  /**
   * Sends a file as the response. Evaluates the range and the conditions of the request, and sets
   * the headers. Completes when the whole response was passed to the connection. `req` is not used
   * and may be left out.
   *
   * Fails with `ENOENT` (404) if the file does not exist, and with `ABORTED` if the client closes
   * the connection. The error response is left to the caller.
   *
   * @example
   * app.get('/photos/:file', (req, res, next) => {
   *   service.download('photos', req.params.file, res).catch(next)
   * })
   */
  download(container: ContainerName, file: FileName, res: Response, callback: Callback<void>): void
  download(container: ContainerName, file: FileName, req: Request, res: Response): Promise<void>
  download(container: ContainerName, file: FileName, req: Request, res: Response, callback: Callback<void>): void
  download(container: ContainerName, file: FileName, res: Response): Promise<void>
  download(container: ContainerName, file: FileName, ...rest: readonly unknown[]): Promise<void> | undefined {
    return this.deliver('download', this.#download(container, file, rest.find(isResponse)), callbackOf(...rest))
  }

  async #listContainers(): Promise<Container[]> {
    const containers = await (await this.storage).getContainers()
    return containers.map((info) => new Container(info))
  }

  async #getContainer(container: ContainerName): Promise<Container> {
    return new Container(await (await this.storage).getContainer(nameOf(container)))
  }

  async #createContainer(options: ContainerName): Promise<Container> {
    return new Container(await (await this.storage).createContainer({ name: nameOf(options) }))
  }

  async #destroyContainer(container: ContainerName): Promise<void> {
    await (await this.storage).destroyContainer(nameOf(container))
  }

  async #listFiles(container: ContainerName, options: ListFilesOptions): Promise<File[]> {
    const { limit, marker, prefix, delimiter, startAfter = marker } = options
    const storage = await this.storage
    const list = { prefix, delimiter, startAfter }
    const name = nameOf(container)
    const files: File[] = []
    try {
      for await (const info of storage.files(name, { ...list, ...pageSize(limit, storage) })) {
        files.push(new File(info, { provider: storage.name }))
        if (files.length === limit) break
      }
    } catch (error) {
      if (this.#isLegacy && isStorageError(error, 'CONTAINER_NOT_FOUND')) return []
      throw error
    }
    return files
  }

  async #getFile(container: ContainerName, file: FileName): Promise<File> {
    const storage = await this.storage
    return new File(await storage.getFile(nameOf(container), nameOf(file)), { provider: storage.name })
  }

  async #removeFile(container: ContainerName, file: FileName): Promise<void> {
    await (await this.storage).removeFile(nameOf(container), nameOf(file))
  }

  async #upload(
    container: string | undefined,
    req: Request,
    res: unknown,
    options: UploadCallOptions,
  ): Promise<UploadResult> {
    const merged = uploadOptions(options, this)
    const rules = this.#isLegacy ? legacyUploadRules(merged) : merged
    try {
      if (!hasBody(req)) throw noFileError()
      const storage = await this.storage
      const { files, fields } = await upload(storage, req, responseTo(req, res), {
        ...rules,
        ...defined({ container }),
      })
      if (Object.keys(files).length === 0) throw noFileError()
      return { files: await withResponses(storage, files), fields: { ...fields } }
    } catch (error) {
      // The caller sends the error response. Once the body is discarded, the client reads it.
      discardRest(req)
      throw this.#isLegacy ? legacyUploadError(error, req) : error
    }
  }

  async #download(container: ContainerName, file: FileName, res: Response | undefined): Promise<void> {
    if (res === undefined) throw new TypeError('download requires the response to the request')
    try {
      await download(await this.storage, nameOf(container), nameOf(file), res, downloadOptions(this.#settings, res))
    } catch (error) {
      if (!res.headersSent) {
        for (const [header, value] of Object.entries(errorResponse(error).headers)) res.setHeader(header, value)
      }
      throw error
    }
  }

  #target(container: ContainerName, file: FileName) {
    return { storage: this.storage, container: nameOf(container), file: nameOf(file) }
  }
}

const nameOf = (named: ContainerName | FileName): string =>
  // Other values reach the storage, which refuses them as invalid names.
  typeof named === 'object' && named !== null ? named.name : named

/** Returns the options; `{}` if the argument is absent or is the callback. */
const optionsIn = <Options extends object>(argument: Options | unknown): Partial<Options> =>
  typeof argument === 'object' && argument !== null ? argument : {}

function pageSize(limit: number | undefined, { capabilities }: Storage): { readonly pageSize?: number } {
  if (limit === undefined) return {}
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new StorageError('INVALID_ARGUMENT', 'limit must be an integer of 1 or more', {
      details: { property: 'limit' },
    })
  }
  return { pageSize: Math.min(limit, capabilities.maxPageSize) }
}

// LoopBack reads the description of a remote method from properties of the function.
for (const [name, remote] of Object.entries(remoteMethods)) {
  Object.assign(StorageService.prototype[name as keyof typeof remoteMethods], remote)
}
