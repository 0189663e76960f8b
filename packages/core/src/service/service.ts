/**
 * The one class that applications hold: the contract made whole over any provider.
 */
import type { Readable } from 'node:stream'
import {
  checkConditions,
  checkContainer,
  checkCopy,
  checkFlag,
  checkList,
  checkLocation,
  checkNames,
  checkPartNumber,
  checkParts,
  checkPartUpload,
  checkPrefix,
  checkRemoval,
  checkSignUrl,
  checkSizes,
  checkStart,
  checkUploadReference,
  checkWrite,
  partLimits,
  positive,
} from '../checks/arguments.js'
import { checkDate, readConditions } from '../checks/conditions.js'
import { invalid } from '../checks/invalid.js'
import { methodOptions } from '../checks/method-options.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import { checkProvider, withSignedUrls, withUploads } from '../checks/provider.js'
import type { Capabilities } from '../contract/capabilities.js'
import type { ReadConditions, Version, WriteConditions } from '../contract/conditions.js'
import { isStorageError, StorageError } from '../contract/errors.js'
import type { ContainerInfo, FileEntry, FileInfo, FileLocation, FolderEntry, WrittenFile } from '../contract/files.js'
import type {
  CopyCallOptions,
  ListCallOptions,
  OpenFile,
  PartUpload,
  PartUploadReference,
  RemoveOutcome,
  SignedUrl,
  StorageProvider,
  UnfinishedUpload,
  UploadedPart,
} from '../contract/provider.js'
import { checkRange } from '../contract/range.js'
import { Download, DownloadStream } from '../download/download.js'
import { LazyDownload } from '../download/lazy-download.js'
import type { Source } from '../upload/body.js'
import { completeUpload } from '../upload/completion.js'
import { contentTypeByContent, contentTypeByName, detectionBytes, unknownContentType } from '../upload/content-type.js'
import { checkUploadedPart, checkWritten, totalSize } from '../upload/stored-size.js'
import { UploadStream } from '../upload/upload-stream.js'
import { choosePartSize, type UploadTuning, upload } from '../upload/uploader.js'
import type { OperationScope } from './deadline.js'
import { OperationTimer } from './diagnostics.js'
import { Operations, type Subject } from './operations.js'
import type {
  Body,
  CopyFileOptions,
  CreateContainerOptions,
  GetFileOptions,
  ListFilesOptions,
  ListOptions,
  OpenedFile,
  OpenFileOptions,
  OperationOptions,
  Page,
  PageOptions,
  PurgeUploadsOptions,
  RemoveFileOptions,
  SignUrlOptions,
  StartUploadOptions,
  WriteOptions,
} from './options.js'
import { type RetryOptions, RetryPolicy } from './retry.js'

export interface StorageServiceOptions {
  /** Bytes of a part of a large body. Default: 8 MiB. */
  readonly partSize?: number
  /** Parts of one body that go up at the same time. Default: 4. */
  readonly parallelism?: number
  readonly retry?: RetryOptions
}

const serviceOptionNames = {
  partSize: true,
  parallelism: true,
  retry: true,
} as const satisfies NamesOf<StorageServiceOptions>

const defaultPartSize = 8 * 1024 * 1024
const defaultParallelism = 4
/** Names handed to a provider's batch removal at once. */
const removalBatch = 1000

/**
 * Containers and files on one provider. Safe to share; every method can be called at any time and concurrently.
 *
 * Every promise rejects with a {@link StorageError}, wrong arguments included; nothing is thrown synchronously.
 */
export class StorageService implements AsyncDisposable {
  readonly provider: StorageProvider
  readonly #tuning: UploadTuning
  readonly #operations: Operations

  /** Does no I/O. Throws `INVALID_ARGUMENT` for what is no provider, and for wrong options. */
  constructor(provider: StorageProvider, options: StorageServiceOptions = {}) {
    checkProvider(provider)
    checkOptions('StorageService', options, serviceOptionNames)
    const { partSize = defaultPartSize, parallelism = defaultParallelism, retry } = options
    this.provider = provider
    this.#tuning = { partSize: positive('partSize', partSize), parallelism: positive('parallelism', parallelism) }
    this.#operations = new Operations(provider, new RetryPolicy(retry))
  }

  /** The provider's name, such as `filesystem`. */
  get name(): string {
    return this.provider.name
  }

  /** What this storage can do: frozen, plain data. */
  get capabilities(): Capabilities {
    return this.provider.capabilities
  }

  /** The service's own client, for what the contract does not have. */
  get native(): unknown {
    return this.provider.native
  }

  /** All containers, in the order of their names. */
  async getContainers(options: ListOptions = {}): Promise<ContainerInfo[]> {
    return Array.fromAsync(this.#containers('getContainers', options))
  }

  /** All containers, in the order of their names, asked for page by page as they are taken. */
  containers(options: ListOptions = {}): AsyncIterableIterator<ContainerInfo> {
    return this.#containers('containers', options)
  }

  #containers(method: 'getContainers' | 'containers', options: ListOptions) {
    return this.#operations.iterate(method, {}, options, (call) => this.provider.listContainers(call))
  }

  /** One page of the containers. */
  async containerPage(options: OperationOptions & PageOptions = {}): Promise<Page<ContainerInfo>> {
    const identity = () => ['containers']
    return this.#operations.page('containerPage', {}, options, identity, (call) => this.provider.listContainers(call))
  }

  /** `CONTAINER_NOT_FOUND` when there is none. */
  getContainer(container: string, options: OperationOptions = {}): Promise<ContainerInfo> {
    return this.#getContainer('getContainer', container, options)
  }

  #getContainer(method: 'getContainer' | 'hasContainer', container: string, options: OperationOptions) {
    return this.#operations.repeat(method, { container }, options, (signal) => {
      checkContainer(container, this.capabilities)
      return this.provider.getContainer(container, { signal })
    })
  }

  /** Whether there is such a container; a failure to find out is an error, not `false`. */
  async hasContainer(container: string, options: OperationOptions = {}): Promise<boolean> {
    return existence(this.#getContainer('hasContainer', container, options), 'CONTAINER_NOT_FOUND')
  }

  /** `CONTAINER_EXISTS` when there is one already, unless `ifNotExists` is true: then it is returned. */
  createContainer(options: CreateContainerOptions): Promise<ContainerInfo> {
    const container = options?.name
    return this.#operations.run('createContainer', { container }, options, async (signal) => {
      checkContainer(container, this.capabilities)
      const { retry } = this.#operations
      const ifNotExists = checkFlag('ifNotExists', options.ifNotExists)
      try {
        return await retry.run(signal, ifNotExists, () => this.provider.createContainer(container, { signal }))
      } catch (error) {
        if (!ifNotExists || !isStorageError(error, 'CONTAINER_EXISTS')) throw error
        return await retry.run(signal, true, () => this.provider.getContainer(container, { signal }))
      }
    })
  }

  /**
   * Destroys a container with its files and unfinished uploads; with `onlyIfEmpty`, `CONTAINER_NOT_EMPTY` when it holds a
   * file. `CONTAINER_NOT_FOUND` when there is none.
   */
  destroyContainer(
    container: string,
    options: OperationOptions & { readonly onlyIfEmpty?: boolean } = {},
  ): Promise<void> {
    return this.#operations.once('destroyContainer', { container }, options, (signal) => {
      checkContainer(container, this.capabilities)
      const onlyIfEmpty = checkFlag('onlyIfEmpty', options.onlyIfEmpty)
      return this.provider.destroyContainer(container, { signal, onlyIfEmpty })
    })
  }

  /** All files (and folders, with a delimiter), in the order of their names' UTF-8 bytes. Mind the memory: {@link files} holds a page at a time. */
  async getFiles(container: string, options: ListFilesOptions = {}): Promise<(FileEntry | FolderEntry)[]> {
    return Array.fromAsync(this.#files('getFiles', container, options))
  }

  /** All files, in the order of their names' UTF-8 bytes, asked for page by page as they are taken. */
  files(container: string, options: ListFilesOptions = {}): AsyncIterableIterator<FileEntry | FolderEntry> {
    return this.#files('files', container, options)
  }

  #files(method: 'getFiles' | 'files', container: string, options: ListFilesOptions) {
    return this.#operations.iterate(method, { container }, options, (call) =>
      this.provider.listFiles(container, { ...call, ...this.#checkList(container, options, call) }),
    )
  }

  /** One page of the files. */
  async filePage(
    container: string,
    options: Omit<ListFilesOptions, 'pageSize'> & PageOptions = {},
  ): Promise<Page<FileEntry | FolderEntry>> {
    const identity = () => ['files', container, options.prefix ?? '', options.delimiter]
    return this.#operations.page('filePage', { container }, options, identity, (call) =>
      this.provider.listFiles(container, { ...call, ...this.#checkList(container, options, call) }),
    )
  }

  /** `FILE_NOT_FOUND`, `CONTAINER_NOT_FOUND`, `PRECONDITION_FAILED`, `NOT_MODIFIED`. */
  getFile(container: string, file: string, options: GetFileOptions = {}): Promise<FileInfo> {
    return this.#getFile('getFile', { container, file }, options)
  }

  #getFile(method: 'getFile' | 'hasFile', place: FileLocation, options: GetFileOptions): Promise<FileInfo> {
    const { container, file } = place
    return this.#operations.repeat(method, place, options, (signal) => {
      checkLocation(place, this.capabilities)
      const { single, check } = readConditions(options)
      const found = this.provider.getFile(container, file, { signal, conditions: single ?? {} })
      if (check === undefined) return found
      return found.then((info) => {
        check(info)
        return info
      })
    })
  }

  /** Whether there is such a file; a failure to find out, a missing container included, is an error, not `false`. */
  async hasFile(container: string, file: string, options: OperationOptions = {}): Promise<boolean> {
    return existence(this.#getFile('hasFile', { container, file }, options), 'FILE_NOT_FOUND')
  }

  /**
   * Opens a file for reading. A connection that breaks while it is read is made good by range, under the same ETag.
   * The errors of {@link getFile}, and `RANGE_NOT_SATISFIABLE`.
   */
  async openFile(container: string, file: string, options: OpenFileOptions = {}): Promise<OpenedFile> {
    const place = { container, file }
    const { retry } = this.#operations
    const timer = OperationTimer.start()
    let scope: OperationScope | undefined
    const end = (bytes: number, error: StorageError | undefined) => {
      scope?.dispose()
      timer?.end({ operation: 'openFile', provider: this.name, ...place, bytes, error })
    }
    try {
      scope = this.#operations.open('openFile', options)
      const { signal } = scope
      checkLocation(place, this.capabilities)
      const { range } = options
      if (range !== undefined) checkRange(range)
      const verify = checkFlag('verify', options.verify)
      const { single, check } = readConditions(options)
      const open = (conditions: ReadConditions) =>
        retry.run(signal, true, () => this.provider.openFile(container, file, { signal, range, conditions }))
      const opened = await (check === undefined ? open(single) : this.#openChecked(place, check, signal, open))
      scope.clearTimeout()
      if ('bytes' in opened && !verify) {
        end(opened.length, undefined)
        return new Download(opened)
      }
      const stream = new DownloadStream({
        opened,
        retry,
        signal,
        verify,
        reopen: (start, last) =>
          this.provider.openFile(container, file, {
            signal,
            range: { start, end: last },
            conditions: { ifMatch: opened.info.etag },
          }),
        explain: (error) => this.#operations.explain('openFile', place, signal, error),
        onClose: end,
      })
      return new Download(opened, stream)
    } catch (error) {
      const failure = this.#operations.explain('openFile', place, scope?.signal, error)
      end(0, failure)
      throw failure
    }
  }

  /** Opens the version that meets conditions which the provider cannot check. */
  async #openChecked(
    { container, file }: FileLocation,
    check: (version: Version) => void,
    signal: AbortSignal,
    open: (conditions: ReadConditions) => Promise<OpenFile>,
  ): Promise<OpenFile> {
    for (let replaced = 0; ; replaced++) {
      const info = await this.#operations.retry.run(signal, true, () =>
        this.provider.getFile(container, file, { signal, conditions: {} }),
      )
      check(info)
      try {
        return await open({ ifMatch: info.etag })
      } catch (error) {
        if (replaced >= 3 || !isStorageError(error, 'PRECONDITION_FAILED')) throw error
      }
    }
  }

  /** {@link openFile} as a stream that opens the file when it is first read; errors arrive as `error`. */
  downloadStream(container: string, file: string, options: OpenFileOptions = {}): Readable {
    return new LazyDownload((signal) => this.openFile(container, file, withSignal(options, signal)))
  }

  /**
   * Stores a body as a file: whole or not at all, whatever fails, and not visible before it is whole. A body that is a
   * stream is read to its end, or destroyed.
   */
  putFile(container: string, file: string, body: Body, options: WriteOptions = {}): Promise<WrittenFile> {
    const place = { container, file }
    const { provider } = this
    const { capabilities } = provider
    const check = () => {
      checkLocation(place, capabilities)
      const write = checkWrite(options, capabilities)
      const { size, maxSize = capabilities.maxFileSize } = checkSizes(options)
      const rules = { size, maxSize: Math.min(maxSize, capabilities.maxFileSize), checksums: write.checksums }
      const { onProgress } = options
      if (onProgress !== undefined && typeof onProgress !== 'function') {
        throw invalid('onProgress', 'onProgress must be a function')
      }
      const detects = checkFlag('detectContentType', options.detectContentType, true)
      const contentType = write.attributes.contentType ?? (detects ? contentTypeByName(file) : unknownContentType)
      return { write, rules, contentType, tuning: this.#tuningFor(options), onProgress }
    }
    return this.#operations.send('putFile', place, options, body, check, (source, checked, signal) => {
      const { write, contentType, tuning } = checked
      const { retry } = this.#operations
      const put = (contentType: string) => {
        const attributes = { ...write.attributes, contentType }
        return upload({ provider, retry, container, file, source, options: { ...write, signal, attributes }, tuning })
      }
      return contentType === undefined ? typeOfContent(source).then(put) : put(contentType)
    })
  }

  #tuningFor({ partSize, parallelism }: Pick<WriteOptions, 'partSize' | 'parallelism'>): UploadTuning {
    if (partSize === undefined && parallelism === undefined) return this.#tuning
    return {
      partSize: positive('partSize', partSize ?? this.#tuning.partSize),
      parallelism: positive('parallelism', parallelism ?? this.#tuning.parallelism),
    }
  }

  /** {@link putFile} as a writable stream: the file is stored when `finish` is emitted. */
  uploadStream(container: string, file: string, options: WriteOptions = {}): UploadStream {
    return new UploadStream((body, signal) => {
      return this.putFile(container, file, body, withSignal(options, signal))
    })
  }

  /** `FILE_NOT_FOUND` when there is none, on every provider. */
  removeFile(container: string, file: string, options: RemoveFileOptions = {}): Promise<void> {
    const place = { container, file }
    return this.#operations.once('removeFile', place, options, (signal) => {
      checkLocation(place, this.capabilities)
      const conditions = checkRemoval(options.ifMatch, this.capabilities)
      return this.provider.removeFile(container, file, { signal, conditions })
    })
  }

  /**
   * Removes many files. One outcome for each name, in order, without its repetitions; a file that does not exist counts as
   * removed. Wrong names reject before anything is removed. When aborted, `details.removed` of the error has what was done.
   */
  async removeFiles(
    container: string,
    files: Iterable<string> | AsyncIterable<string>,
    options: OperationOptions = {},
  ): Promise<RemoveOutcome[]> {
    const outcomes = new Map<string, RemoveOutcome>()
    return this.#operations
      .run('removeFiles', { container }, options, async (signal) => {
        checkContainer(container, this.capabilities)
        const names = await checkNames(files)
        for (let start = 0; start < names.length; start += removalBatch) {
          signal.throwIfAborted()
          await this.#removeBatch(container, names.slice(start, start + removalBatch), signal, outcomes)
        }
        return [...outcomes.values()]
      })
      .catch((error: StorageError) => {
        if (error.code !== 'ABORTED' && error.code !== 'TIMEOUT') throw error
        const removed = [...outcomes.values()].flatMap(({ file, error: failure }) =>
          failure === undefined ? [file] : [],
        )
        throw new StorageError(error.code, error.message, { ...error, cause: error.cause, details: { removed } })
      })
  }

  /** Names whose removal can be tried again are asked for again, without those that are done. */
  async #removeBatch(
    container: string,
    files: readonly string[],
    signal: AbortSignal,
    outcomes: Map<string, RemoveOutcome>,
  ): Promise<void> {
    let left = files
    const remove = async () => {
      const done = await this.provider.removeFiles(container, left, { signal })
      for (const { file, error } of done) {
        outcomes.set(
          file,
          error === undefined
            ? { file }
            : { file, error: this.#operations.explain('removeFiles', { container, file }, undefined, error) },
        )
      }
      const failed = done.filter(({ error }) => this.#operations.retry.allows(error, true))
      left = failed.map(({ file }) => file)
      if (failed[0] !== undefined) throw failed[0].error
    }
    try {
      await this.#operations.retry.run(signal, true, remove)
    } catch (error) {
      if (signal.aborted || left.some((file) => !outcomes.has(file))) throw error
    }
  }

  /** A copy on the service itself. The errors of {@link getFile} for the source, of {@link putFile} for the target. */
  copyFile(source: FileLocation, target: FileLocation, options: CopyFileOptions = {}): Promise<WrittenFile> {
    return this.#operations.run('copyFile', subjectOf(target), options, (signal) => {
      return this.#copy(source, target, { signal, ...checkCopy(source, target, options, this.capabilities) })
    })
  }

  /**
   * Afterwards the file is at the target and no longer at the source; on failure it is still at the source. Onto itself: nothing moves.
   * One step where the provider has it; else a copy, then the removal of the source.
   */
  moveFile(source: FileLocation, target: FileLocation, options: CopyFileOptions = {}): Promise<WrittenFile> {
    return this.#operations.run('moveFile', subjectOf(target), options, async (signal) => {
      const copy = { signal, ...checkCopy(source, target, options, this.capabilities) }
      const { provider } = this
      const { retry } = this.#operations
      if (source.container === target.container && source.file === target.file) return this.#copy(source, target, copy)
      if (provider.moveFile !== undefined) {
        return retry.run(signal, false, () => (provider as Required<StorageProvider>).moveFile(source, target, copy))
      }
      const { etag, size } = await retry.run(signal, true, () =>
        provider.getFile(source.container, source.file, { signal, conditions: {} }),
      )
      const copied = await this.#copy(source, target, { ...copy, ifSourceMatch: copy.ifSourceMatch ?? etag })
      const moved = await checkWritten(provider, retry, copied, size)
      const conditions = this.capabilities.conditions.remove === false ? {} : { ifMatch: etag }
      await retry.run(signal, true, () => provider.removeFile(source.container, source.file, { signal, conditions }))
      return moved
    })
  }

  #copy(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile> {
    const conditional = options.conditions.ifMatch !== undefined || options.conditions.ifNoneMatch !== undefined
    const copy = () => this.provider.copyFile(source, target, options)
    return this.#operations.retry.run(options.signal, !conditional, copy)
  }

  /** Starts a part upload. Anybody who has what this returns can continue it, in any process. */
  startUpload(container: string, file: string, options: StartUploadOptions = {}): Promise<PartUpload> {
    const place = { container, file }
    // Started twice, the first is one that nobody continues, as it would be if its answer had been lost for good.
    return this.#operations.repeat('startUpload', place, options, (signal) => {
      const limits = partLimits(this.capabilities)
      checkLocation(place, this.capabilities)
      const { size } = checkSizes(options)
      const partSize = positive('partSize', options.partSize ?? choosePartSize(this.#tuning.partSize, size, limits))
      if (partSize < limits.minPartSize || partSize > limits.maxPartSize) {
        throw invalid(
          'partSize',
          `partSize must be from ${limits.minPartSize} to ${limits.maxPartSize} bytes, not ${partSize}`,
        )
      }
      const start = checkStart(file, options, this.capabilities)
      return withUploads(this.provider).startUpload(container, file, { signal, ...start, partSize })
    })
  }

  /**
   * Sends one part, by its number from 1. All but the last must have `upload.partSize` bytes; they may come in any order,
   * and the last that was sent under a number counts. `UPLOAD_NOT_FOUND`, `INVALID_PART`.
   */
  uploadPart(
    target: PartUpload,
    partNumber: number,
    body: Body,
    options: OperationOptions & { readonly size?: number } = {},
  ): Promise<UploadedPart> {
    const check = () => {
      checkPartUpload(target, this.capabilities)
      checkPartNumber(partNumber, partLimits(this.capabilities))
      return { rules: { ...checkSizes(options), maxSize: target.partSize, checksums: {} } }
    }
    return this.#operations.send('uploadPart', subjectOf(target), options, body, check, async (source, _, signal) => {
      const bytes = source.checkBytes() ?? (this.capabilities.streamingPut ? undefined : await source.collect())
      const size = bytes?.length ?? source.size
      const send = () => withUploads(this.provider).uploadPart(target, bytes ?? source, { signal, partNumber, size })
      const part = await this.#operations.retry.runTransfer(signal, bytes !== undefined, send)
      return checkUploadedPart(part, source.sent)
    })
  }

  /** The parts that were sent, in the order of their numbers. */
  parts(target: PartUploadReference, options: ListOptions = {}): AsyncIterableIterator<UploadedPart> {
    return this.#operations.iterate('parts', subjectOf(target), options, (call) => {
      checkUploadReference(target, this.capabilities)
      return withUploads(this.provider).listParts(target, call)
    })
  }

  /** The file appears, whole, in place of the one before. `INVALID_PART`, `UPLOAD_NOT_FOUND`, and the errors of {@link putFile}. */
  completeUpload(
    target: PartUpload,
    parts: readonly UploadedPart[],
    options: OperationOptions & WriteConditions = {},
  ): Promise<WrittenFile> {
    return this.#operations.run('completeUpload', subjectOf(target), options, async (signal) => {
      checkPartUpload(target, this.capabilities)
      const conditions = checkConditions(options, this.capabilities)
      checkParts(target, parts)
      const { retry } = this.#operations
      const written = await completeUpload(withUploads(this.provider), retry, target, {
        signal,
        parts: [...parts],
        conditions,
      })
      return checkWritten(this.provider, retry, written, totalSize(parts))
    })
  }

  /** Throws away what was sent. Harmless when the upload is completed, aborted or unknown. */
  abortUpload(target: PartUploadReference, options: OperationOptions = {}): Promise<void> {
    return this.#operations.repeat('abortUpload', subjectOf(target), options, (signal) => {
      checkUploadReference(target, this.capabilities)
      return withUploads(this.provider).abortUpload(target, { signal })
    })
  }

  /** The part uploads of a container that were neither completed nor aborted. */
  uploads(
    container: string,
    options: ListOptions & { readonly prefix?: string } = {},
  ): AsyncIterableIterator<UnfinishedUpload> {
    return this.#operations.iterate('uploads', { container }, options, (call) => {
      checkContainer(container, this.capabilities)
      partLimits(this.capabilities)
      return withUploads(this.provider).listUploads(container, { ...call, prefix: checkPrefix(options.prefix) })
    })
  }

  /** Aborts unfinished uploads and returns them: what a scheduled job calls, with uploads that nobody continues in mind. */
  purgeUploads(container: string, options: PurgeUploadsOptions = {}): Promise<UnfinishedUpload[]> {
    return this.#operations.run('purgeUploads', { container }, options, async (signal) => {
      const { prefix } = options
      const startedBefore = checkDate('startedBefore', options.startedBefore)
      const purged: UnfinishedUpload[] = []
      for (const unfinished of await Array.fromAsync(this.uploads(container, { signal, prefix }))) {
        if (startedBefore !== undefined && unfinished.started >= startedBefore) continue
        await this.abortUpload(unfinished, { signal })
        purged.push(unfinished)
      }
      return purged
    })
  }

  /** A URL that lets whoever has it read or write this one file for a time. `NOT_SUPPORTED` where the service has none. */
  signUrl(container: string, file: string, options: SignUrlOptions): Promise<SignedUrl> {
    const place = { container, file }
    return this.#operations.run('signUrl', place, options, (signal) => {
      checkLocation(place, this.capabilities)
      const sign = checkSignUrl(options, this.capabilities)
      return withSignedUrls(this.provider).signUrl(container, file, { signal, ...sign })
    })
  }

  /** Frees what the provider holds. Can be called again; every other operation is `CLOSED` afterwards. */
  close(): Promise<void> {
    return this.#operations.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #checkList(container: string, options: ListFilesOptions, { next }: ListCallOptions) {
    checkContainer(container, this.capabilities)
    return checkList(options, next === undefined)
  }
}

/** The options with one more signal. Wrong ones are left to the operation, which refuses them. */
function withSignal<Options extends OperationOptions>(options: Options, added: AbortSignal): Options {
  if (typeof options !== 'object' || options === null) return options
  const { signal = added } = options
  if (!(signal instanceof AbortSignal)) return options
  const joined: Record<string, unknown> = Object.create(null)
  // Inherited ones too, which a spread would leave out.
  for (const name in options) joined[name] = options[name]
  joined['signal'] = signal === added ? added : AbortSignal.any([signal, added])
  return joined as Options
}

const subjectOf = (location: FileLocation | undefined): Subject => ({
  container: location?.container,
  file: location?.file,
})

const typeOfContent = async (source: Source): Promise<string> =>
  (await contentTypeByContent(await source.peek(detectionBytes))) ?? unknownContentType

async function existence(found: Promise<unknown>, missing: 'CONTAINER_NOT_FOUND' | 'FILE_NOT_FOUND'): Promise<boolean> {
  try {
    await found
    return true
  } catch (error) {
    if (isStorageError(error, missing)) return false
    throw error
  }
}

type Last<Parameters extends readonly unknown[]> =
  Required<Parameters> extends readonly [...unknown[], infer Options] ? Options : undefined

/** What a method takes as its last parameter. */
type OptionsOf<Method extends keyof StorageService> = StorageService[Method] extends (
  ...parameters: infer Parameters
) => unknown
  ? Last<Parameters>
  : undefined

/** The methods that take options. */
type MethodWithOptions = {
  [Name in keyof StorageService]: OptionsOf<Name> extends OperationOptions ? Name : never
}[keyof StorageService]

// Compiled only: the table has the options of every method, and no others.
methodOptions satisfies { readonly [Name in MethodWithOptions]: NamesOf<OptionsOf<Name>> }
