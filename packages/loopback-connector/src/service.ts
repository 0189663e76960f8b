/**
 * The connector itself: the storage component's methods, with their arguments, callbacks and results.
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

/** A container by its name, or as a method gave it. */
export type ContainerName = string | { readonly name: string }

/** A file by its name, or as a method gave it. */
export type FileName = string | { readonly name: string }

export interface ListFilesOptions {
  /** Only names with this prefix. */
  readonly prefix?: string
  /** Shows names that hold this after the prefix as one folder. */
  readonly delimiter?: string
  /** Only names greater than this, by UTF-8 bytes: the last one of the page before. */
  readonly startAfter?: string
  /** The same, under its old name. */
  readonly marker?: string
  /** At most so many. */
  readonly limit?: number
}

/** What a call of `upload` takes beside the data source's own options. */
export interface UploadCallOptions extends ConnectorUploadOptions {
  readonly container?: string
}

/**
 * Containers and files as LoopBack's storage component has them, for use as a connector or by itself.
 *
 * Every method takes a callback at its end, and returns a promise when it gets none. They fail with a {@link ConnectorError}.
 */
export class StorageService {
  static readonly modelName = 'storage'

  /** Of the data source. */
  readonly provider: ConnectorSettings['provider']
  readonly #settings: ConnectorSettings
  #storage: Promise<Storage> | undefined

  // The upload options of the settings. They may be set later, as boot scripts do: `dataSource.connector.getFilename = …`.
  declare maxFileSize?: ConnectorUploadOptions['maxFileSize']
  declare maxFieldsSize?: ConnectorUploadOptions['maxFieldsSize']
  declare allowedContentTypes?: ConnectorUploadOptions['allowedContentTypes']
  declare getFilename?: ConnectorUploadOptions['getFilename']
  declare nameConflict?: ConnectorUploadOptions['nameConflict']
  declare acl?: ConnectorUploadOptions['acl']

  constructor(settings: ConnectorSettings) {
    this.#settings = settings
    this.provider = settings.provider ?? 'filesystem'
    Object.assign(this, uploadSettings(settings))
  }

  /**
   * The storage behind the data source, for all that LoopBack's methods do not have. Its provider is loaded when it is first asked for;
   * after a failure it is tried again the next time.
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

  /** Frees what the storage holds. The next call opens it again. */
  async close(): Promise<void> {
    const storage = this.#storage
    this.#storage = undefined
    await (await storage)?.close()
  }

  /** Hands an outcome over as the caller wants it, with errors as LoopBack knows them. */
  protected answer<T>(method: string, outcome: Promise<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
    const translated = outcome.catch((thrown: unknown) => {
      const error = connectorError(thrown)
      throw this.#isLegacy ? legacyError(error, method) : error
    })
    return settle(translated, callback)
  }

  get #isLegacy(): boolean {
    return this.#settings.legacyStatusCodes === true
  }

  getContainers(): Promise<Container[]>
  getContainers(callback: Callback<Container[]>): void
  getContainers(callback?: Callback<Container[]>): Promise<Container[]> | undefined {
    return this.answer('getContainers', this.#listContainers(), callback)
  }

  /** `ENOENT` (404) when there is none. */
  getContainer(container: ContainerName): Promise<Container>
  getContainer(container: ContainerName, callback: Callback<Container>): void
  getContainer(container: ContainerName, callback?: Callback<Container>): Promise<Container> | undefined {
    return this.answer('getContainer', this.#getContainer(container), callback)
  }

  /** `EEXIST` when there is one already. */
  createContainer(options: ContainerName): Promise<Container>
  createContainer(options: ContainerName, callback: Callback<Container>): void
  createContainer(options: ContainerName, callback?: Callback<Container>): Promise<Container> | undefined {
    return this.answer('createContainer', this.#createContainer(options), callback)
  }

  /** With all files in it. `ENOENT` when there is none. */
  destroyContainer(container: ContainerName): Promise<void>
  destroyContainer(container: ContainerName, callback: Callback<void>): void
  destroyContainer(container: ContainerName, callback?: Callback<void>): Promise<void> | undefined {
    return this.answer('destroyContainer', this.#destroyContainer(container), callback)
  }

  getFiles(container: ContainerName, callback: Callback<File[]>): void
  getFiles(container: ContainerName, options?: ListFilesOptions | boolean | null): Promise<File[]>
  getFiles(container: ContainerName, options: ListFilesOptions | boolean | null, callback: Callback<File[]>): void
  getFiles(
    container: ContainerName,
    options?: ListFilesOptions | boolean | null | Callback<File[]>,
    callback?: Callback<File[]>,
  ): Promise<File[]> | undefined {
    const list = typeof options === 'object' && options !== null ? options : {}
    return this.answer('getFiles', this.#listFiles(container, list), callbackOf(callback, options))
  }

  /** `ENOENT` (404) when there is none. */
  getFile(container: ContainerName, file: FileName): Promise<File>
  getFile(container: ContainerName, file: FileName, callback: Callback<File>): void
  getFile(container: ContainerName, file: FileName, callback?: Callback<File>): Promise<File> | undefined {
    return this.answer('getFile', this.#getFile(container, file), callback)
  }

  /** `ENOENT` when there is none. */
  removeFile(container: ContainerName, file: FileName): Promise<void>
  removeFile(container: ContainerName, file: FileName, callback: Callback<void>): void
  removeFile(container: ContainerName, file: FileName, callback?: Callback<void>): Promise<void> | undefined {
    return this.answer('removeFile', this.#removeFile(container, file), callback)
  }

  /** Emits `success` and `finish`, or `error`: see {@link uploadStream} in `streams.ts`. */
  uploadStream(container: ContainerName, file: FileName, options?: UploadStreamOptions): UploadStream {
    return uploadStream(this.#place(container, file), optionsIn(options))
  }

  /** Opens the file when it is first read. */
  downloadStream(container: ContainerName, file: FileName, options?: DownloadStreamOptions): Readable {
    return downloadStream(this.#place(container, file), optionsIn(options))
  }

  /**
   * Stores the files of a form: all of them, or none. The container is the first argument, else `options.container`, else
   * `req.params.container`. Options of the call go before those of the data source.
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
  upload(...given: readonly unknown[]): Promise<UploadResult> | undefined {
    const [container, req, res, ...rest] = isRequest(given[0]) ? [undefined, ...given] : given
    const options: UploadCallOptions = optionsIn(rest[0])
    const named = container === undefined ? options.container : nameOf(container as ContainerName)
    return this.answer('upload', this.#upload(named, req as Request, res, options), callbackOf(...rest))
  }

  /**
   * Answers a request with a file: its range, its conditions, its headers. Called back when the answer was handed over whole.
   * `req` may be left out.
   */
  download(container: ContainerName, file: FileName, res: Response, callback: Callback<void>): void
  download(container: ContainerName, file: FileName, req: Request, res: Response): Promise<void>
  download(container: ContainerName, file: FileName, req: Request, res: Response, callback: Callback<void>): void
  download(container: ContainerName, file: FileName, res: Response): Promise<void>
  download(container: ContainerName, file: FileName, ...rest: readonly unknown[]): Promise<void> | undefined {
    return this.answer('download', this.#download(container, file, rest.find(isResponse)), callbackOf(...rest))
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
    const given = uploadOptions(options, this)
    const rules = this.#isLegacy ? legacyUploadRules(given) : given
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
      // Somebody else answers, so that the client must not be left sending.
      discardRest(req)
      throw this.#isLegacy ? legacyUploadError(error, req) : error
    }
  }

  async #download(container: ContainerName, file: FileName, res: Response | undefined): Promise<void> {
    if (res === undefined) throw new TypeError('download needs the response that the file is to be sent in')
    try {
      await download(await this.storage, nameOf(container), nameOf(file), res, downloadOptions(this.#settings, res))
    } catch (error) {
      if (!res.headersSent) {
        for (const [header, value] of Object.entries(errorResponse(error).headers)) res.setHeader(header, value)
      }
      throw error
    }
  }

  #place(container: ContainerName, file: FileName) {
    return { storage: this.storage, container: nameOf(container), file: nameOf(file) }
  }
}

const nameOf = (named: ContainerName | FileName): string =>
  // Whatever else was given is refused with the rule for names.
  typeof named === 'object' && named !== null ? named.name : named

/** Options, where options were given and not a callback in their place. */
const optionsIn = <Options extends object>(given: Options | unknown): Partial<Options> =>
  typeof given === 'object' && given !== null ? given : {}

function pageSize(limit: number | undefined, { capabilities }: Storage): { readonly pageSize?: number } {
  if (limit === undefined) return {}
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new StorageError('INVALID_ARGUMENT', 'limit must be an integer of 1 or more', {
      details: { property: 'limit' },
    })
  }
  return { pageSize: Math.min(limit, capabilities.maxPageSize) }
}

/** What LoopBack makes remote methods from. */
for (const [name, remote] of Object.entries(remoteMethods)) {
  Object.assign(StorageService.prototype[name as keyof typeof remoteMethods], remote)
}
