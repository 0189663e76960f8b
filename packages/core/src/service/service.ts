/** `StorageService`, the class that applications use: the whole contract over any provider. */
import type { Readable } from 'node:stream'
import {
  checkBodyChecksum,
  checkBytes,
  checkClaims,
  checkConditions,
  checkContainer,
  checkCopy,
  checkDirectParts,
  checkFlag,
  checkList,
  checkLocation,
  checkNames,
  checkOrigins,
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
import { notSupported } from '../checks/attributes.js'
import { checkDate, readConditions } from '../checks/conditions.js'
import { invalid } from '../checks/invalid.js'
import { methodOptions } from '../checks/method-options.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import {
  checkProvider,
  withDirectUploads,
  withOrigins,
  withResumableUploads,
  withSignedUrls,
  withUploads,
} from '../checks/provider.js'
import { pickHeaderAttributes } from '../contract/attributes.js'
import type { Capabilities } from '../contract/capabilities.js'
import type { ReadConditions, Version, WriteConditions } from '../contract/conditions.js'
import { isStorageError, StorageError } from '../contract/errors.js'
import type {
  ContainerInfo,
  FileAttributes,
  FileEntry,
  FileInfo,
  FileLocation,
  FolderEntry,
  WrittenFile,
} from '../contract/files.js'
import type {
  CopyCallOptions,
  ListCallOptions,
  OpenFile,
  PartUpload,
  PartUploadReference,
  RemoveOutcome,
  SignedPart,
  SignedUrl,
  StorageProvider,
  UnfinishedUpload,
  UploadedPart,
} from '../contract/provider.js'
import { checkRange } from '../contract/range.js'
import { directPartSize } from '../direct/direct-completion.js'
import { type OriginProblem, originProblems } from '../direct/origin-check.js'
import { Download, DownloadStream } from '../download/download.js'
import { LazyDownload } from '../download/lazy-download.js'
import { defined } from '../kit/defined.js'
import { checkAnnounced, headBytes, headLength, tooLargeRefusal } from '../policy/checkpoints.js'
import { type CompiledPolicy, compilePolicy, joined, type UploadPolicies } from '../policy/compile.js'
import { needsWhole } from '../policy/inspection.js'
import { writeUnderPolicy } from '../policy/policed-write.js'
import type { AnnouncedFile, UploadPolicy } from '../policy/policy.js'
import { Reservation } from '../policy/reservation.js'
import { UploadGuard } from '../policy/upload-guard.js'
import type { PutTarget } from '../policy/write-job.js'
import { tooLarge } from '../resumable/appending.js'
import {
  checkResumableUpload,
  newKey,
  type ResumableUpload,
  type ResumableUploadState,
  resumablePartSize,
} from '../resumable/resumable-upload.js'
import { ResumableUploads } from '../resumable/resumable-uploads.js'
import type { BodyRules, CheckedBody } from '../upload/body.js'
import { completeUpload } from '../upload/completion.js'
import { contentTypeByContent, contentTypeByName, detectionBytes, unknownContentType } from '../upload/content-type.js'
import { checkUploadedPart, checkWritten, totalSize } from '../upload/stored-size.js'
import { UploadStream } from '../upload/upload-stream.js'
import { choosePartSize, type UploadTuning, upload } from '../upload/uploader.js'
import type { OperationScope } from './deadline.js'
import { OperationTimer } from './diagnostics.js'
import { Operations, type Subject } from './operations.js'
import type {
  AppendOptions,
  Body,
  CompleteDirectUploadOptions,
  CopyFileOptions,
  CreateContainerOptions,
  DirectUploadOptions,
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
  ResumableUploadOptions,
  SignDirectPartsOptions,
  SignUrlOptions,
  StartPartialUploadOptions,
  StartResumableUploadOptions,
  StartUploadOptions,
  WriteOptions,
} from './options.js'
import { type RetryOptions, RetryPolicy } from './retry.js'

/** Options of a {@link StorageService}. */
export interface StorageServiceOptions {
  /** Size of one part of a multipart upload, in bytes. Default: 8 MiB. */
  readonly partSize?: number
  /** Parts of one body that are uploaded at the same time. Default: 4. */
  readonly parallelism?: number
  /** How failed requests are retried. */
  readonly retry?: RetryOptions
  /**
   * Rules for all files that are uploaded: by `putFile`, `uploadStream` and resumable uploads. A
   * policy among the options of a call holds in addition. Copies, moves, and the calls of multipart
   * uploads are not checked.
   */
  readonly policy?: UploadPolicy
}

const serviceOptionNames = {
  partSize: true,
  parallelism: true,
  retry: true,
  policy: true,
} as const satisfies NamesOf<StorageServiceOptions>

const defaultPartSize = 8 * 1024 * 1024
const defaultParallelism = 4
/** Bytes of a body that is verified before it is stored. */
const maxVerifiedBody = 64 * 1024 * 1024
/** Names passed to one `removeFiles` call of the provider. */
const removalBatch = 1000

/**
 * Containers and files on one provider. One instance can be shared; its methods can be called
 * concurrently.
 *
 * Every promise rejects with a {@link StorageError}, also for invalid arguments. No method throws
 * synchronously.
 *
 * @example
 * const files = await createStorage({ provider: 'memory' })
 * await files.createContainer({ name: 'photos' })
 * await files.putFile('photos', 'hello.txt', 'Hello')
 * await using opened = await files.openFile('photos', 'hello.txt')
 * await opened.text() // 'Hello'
 */
export class StorageService implements AsyncDisposable {
  readonly provider: StorageProvider
  readonly #tuning: UploadTuning
  readonly #operations: Operations
  readonly #policy: CompiledPolicy | undefined
  #resumable: ResumableUploads | undefined

  /**
   * Creates a service without any I/O.
   *
   * @throws `INVALID_ARGUMENT` if `provider` is not a provider, or for an unknown or invalid
   * option.
   */
  constructor(provider: StorageProvider, options: StorageServiceOptions = {}) {
    checkProvider(provider)
    checkOptions('StorageService', options, serviceOptionNames)
    const { partSize = defaultPartSize, parallelism = defaultParallelism, retry, policy } = options
    this.provider = provider
    this.#tuning = { partSize: positive('partSize', partSize), parallelism: positive('parallelism', parallelism) }
    this.#operations = new Operations(provider, new RetryPolicy(retry))
    this.#policy = policy === undefined ? undefined : compilePolicy(policy)
  }

  /** Returns the provider's name, such as `filesystem`. */
  get name(): string {
    return this.provider.name
  }

  /** Returns what this storage supports, as frozen plain data. */
  get capabilities(): Capabilities {
    return this.provider.capabilities
  }

  /** Returns the service's own client, for features outside of the contract. */
  get native(): unknown {
    return this.provider.native
  }

  /**
   * Returns all containers, sorted by name.
   *
   * @example
   * const [first] = await storage.getContainers()
   * first?.name // 'backup'
   */
  async getContainers(options: ListOptions = {}): Promise<ContainerInfo[]> {
    return Array.fromAsync(this.#containers('getContainers', options))
  }

  /**
   * Iterates over all containers, sorted by name. Requests a page when it is needed.
   *
   * @example
   * for await (const { name, created } of storage.containers()) console.log(name, created)
   */
  containers(options: ListOptions = {}): AsyncIterableIterator<ContainerInfo> {
    return this.#containers('containers', options)
  }

  #containers(method: 'getContainers' | 'containers', options: ListOptions) {
    return this.#operations.iterate(method, {}, options, (call) => this.provider.listContainers(call))
  }

  /**
   * Returns one page of the containers.
   *
   * Fails with `INVALID_ARGUMENT` if the cursor does not belong to this list.
   *
   * @example
   * const { entries, cursor } = await storage.containerPage({ limit: 1 })
   * const next = await storage.containerPage({ limit: 1, cursor })
   * next.entries.map(({ name }) => name) // ['photos']
   * entries.length // 1
   */
  async containerPage(options: OperationOptions & PageOptions = {}): Promise<Page<ContainerInfo>> {
    const identity = () => ['containers']
    return this.#operations.page('containerPage', {}, options, identity, (call) => this.provider.listContainers(call))
  }

  /**
   * Returns a container.
   *
   * Fails with `CONTAINER_NOT_FOUND`.
   *
   * @example
   * const { name } = await storage.getContainer('photos')
   * name // 'photos'
   */
  getContainer(container: string, options: OperationOptions = {}): Promise<ContainerInfo> {
    return this.#getContainer('getContainer', container, options)
  }

  #getContainer(method: 'getContainer' | 'hasContainer', container: string, options: OperationOptions) {
    return this.#operations.repeat(method, { container }, options, (signal) => {
      checkContainer(container, this.capabilities)
      return this.provider.getContainer(container, { signal })
    })
  }

  /**
   * Returns whether a container exists. Other failures, such as missing permissions, are errors.
   *
   * @example
   * await storage.hasContainer('photos') // true
   */
  async hasContainer(container: string, options: OperationOptions = {}): Promise<boolean> {
    return existence(this.#getContainer('hasContainer', container, options), 'CONTAINER_NOT_FOUND')
  }

  /**
   * Creates a container and returns it.
   *
   * Fails with `CONTAINER_EXISTS` if it exists. With `ifNotExists`, returns the existing container
   * instead.
   *
   * @example
   * await storage.createContainer({ name: 'music', ifNotExists: true })
   */
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
   * Deletes a container with its files and unfinished uploads.
   *
   * Fails with `CONTAINER_NOT_FOUND`, and with `CONTAINER_NOT_EMPTY` if `onlyIfEmpty` is true and
   * the container holds a file.
   *
   * @example
   * await storage.destroyContainer('photos', { onlyIfEmpty: false })
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

  /**
   * Returns all files, and with a delimiter all folders, in the order of their names' UTF-8 bytes.
   * Keeps all of them in memory; {@link files} keeps one page.
   *
   * @example
   * const images = await storage.getFiles('photos', { prefix: 'cats/' })
   * images.map(({ name }) => name) // ['cats/tom.jpg']
   */
  async getFiles(container: string, options: ListFilesOptions = {}): Promise<(FileEntry | FolderEntry)[]> {
    return Array.fromAsync(this.#files('getFiles', container, options))
  }

  /**
   * Iterates over all files, and with a delimiter over all folders, in the order of their names'
   * UTF-8 bytes. Requests a page when it is needed.
   *
   * @example
   * for await (const entry of storage.files('photos', { delimiter: '/' })) {
   *   console.log(entry.name, entry.folder ? 'folder' : entry.size)
   * }
   */
  files(container: string, options: ListFilesOptions = {}): AsyncIterableIterator<FileEntry | FolderEntry> {
    return this.#files('files', container, options)
  }

  #files(method: 'getFiles' | 'files', container: string, options: ListFilesOptions) {
    return this.#operations.iterate(method, { container }, options, (call) =>
      this.provider.listFiles(container, { ...call, ...this.#checkList(container, options, call) }),
    )
  }

  /**
   * Returns one page of the files.
   *
   * Fails with `INVALID_ARGUMENT` if the cursor does not belong to this list.
   *
   * @example
   * const { entries, cursor } = await storage.filePage('photos', { limit: 1, prefix: 'cat' })
   * const rest = await storage.filePage('photos', { cursor, prefix: 'cat' })
   * rest.entries.map(({ name }) => name) // ['cats/tom.jpg']
   * entries.length // 1
   */
  async filePage(
    container: string,
    options: Omit<ListFilesOptions, 'pageSize'> & PageOptions = {},
  ): Promise<Page<FileEntry | FolderEntry>> {
    const identity = () => ['files', container, options.prefix ?? '', options.delimiter]
    return this.#operations.page('filePage', { container }, options, identity, (call) =>
      this.provider.listFiles(container, { ...call, ...this.#checkList(container, options, call) }),
    )
  }

  /**
   * Returns the attributes of a file.
   *
   * Fails with `FILE_NOT_FOUND`, `CONTAINER_NOT_FOUND`, `PRECONDITION_FAILED` and `NOT_MODIFIED`.
   *
   * @example
   * const { size, contentType } = await storage.getFile('photos', 'cat.jpg')
   * size // 4
   * contentType // 'image/jpeg'
   */
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

  /**
   * Returns whether a file exists. Other failures, such as a missing container, are errors.
   *
   * @example
   * await storage.hasFile('photos', 'dog.jpg') // false
   */
  async hasFile(container: string, file: string, options: OperationOptions = {}): Promise<boolean> {
    return existence(this.#getFile('hasFile', { container, file }, options), 'FILE_NOT_FOUND')
  }

  /**
   * Opens a file for reading. If the connection breaks during reading, the rest is requested by
   * range, under the same ETag.
   *
   * Fails as {@link getFile} does, and with `RANGE_NOT_SATISFIABLE`.
   *
   * @example
   * const range = { start: 1, end: 2 }
   * await using opened = await storage.openFile('photos', 'cat.jpg', { range })
   * await opened.text() // 'eo'
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

  /** Opens the version that meets conditions that the provider cannot check. */
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

  /**
   * Returns a readable stream that opens the file when it is first read. Errors arrive as `error`.
   *
   * @example
   * await pipeline(storage.downloadStream('photos', 'cat.jpg'), createWriteStream('cat.jpg'))
   */
  downloadStream(container: string, file: string, options: OpenFileOptions = {}): Readable {
    return new LazyDownload((signal) => this.openFile(container, file, withSignal(options, signal)))
  }

  /**
   * Stores a body as a file. The file becomes visible when it is complete; if anything fails, the
   * previous version stays. A body that is a stream is read to its end or destroyed.
   *
   * Fails with `CONTAINER_NOT_FOUND`, `PRECONDITION_FAILED`, `TOO_LARGE`, `SIZE_MISMATCH`,
   * `CHECKSUM_MISMATCH`, `SOURCE_FAILED`, `NAME_CONFLICT` and `NO_SPACE`; under a policy also with
   * `INVALID_NAME`, `TYPE_NOT_ALLOWED`, `CONTENT_REFUSED`, `QUOTA_EXCEEDED`, and `UNAVAILABLE` if
   * the file cannot be scanned.
   *
   * @example
   * const options = { cacheControl: 'max-age=60' }
   * const { etag } = await storage.putFile('photos', 'cat.jpg', 'purr', options)
   * await storage.putFile('photos', 'cat.jpg', 'meow', { ifMatch: etag })
   */
  putFile(container: string, file: string, body: Body, options: WriteOptions = {}): Promise<WrittenFile> {
    return this.#putFile({ container, file }, body, options)
  }

  #putFile(
    place: FileLocation,
    body: Body,
    options: WriteOptions,
    reservation?: { readonly id: string; readonly expires?: Date },
  ): Promise<WrittenFile> {
    const { container, file } = place
    const { provider } = this
    const { capabilities } = provider
    const check = () => {
      checkLocation(place, capabilities)
      const policy = this.#policyFor(options)
      const write = checkWrite(options, capabilities)
      const { size, maxSize = capabilities.maxFileSize } = checkSizes(options)
      const rules = bodyRules(policy, place, { size, maxSize, checksums: write.checksums }, capabilities)
      const { onProgress } = options
      if (onProgress !== undefined && typeof onProgress !== 'function') {
        throw invalid('onProgress', 'onProgress must be a function')
      }
      const detects = checkFlag('detectContentType', options.detectContentType, true)
      const contentType = write.attributes.contentType ?? (detects ? contentTypeByName(file) : unknownContentType)
      return { write, rules, policy, contentType, tuning: this.#tuningFor(options), onProgress }
    }
    return this.#operations.send('putFile', place, options, body, check, (source, checked, signal) => {
      const { write, policy, contentType, tuning } = checked
      const { retry } = this.#operations
      const put = (contentType: string) => {
        const attributes = { ...write.attributes, contentType }
        return upload({ provider, retry, container, file, source, options: { ...write, signal, attributes }, tuning })
      }
      const putDetected = (contentType: string | undefined) =>
        contentType === undefined ? typeOfContent(source).then(put) : put(contentType)
      if (policy === undefined) return putDetected(contentType)
      const putTo = ({ contentType: found = contentType, held }: PutTarget) => {
        if (held === undefined) return putDetected(found)
        const { checksums } = write
        const attributes = { contentType: unknownContentType, metadata: {} }
        const options = { signal, checksums, attributes, conditions: {}, native: {} }
        return upload({ provider, retry, ...held, source, options, tuning })
      }
      const announced = announcedFile(place, { contentType: write.attributes.contentType, size: source.size })
      const job = { provider, retry, policy, file: announced, source, options: { ...write, signal }, put: putTo }
      return writeUnderPolicy(reservation === undefined ? job : { ...job, reservation })
    })
  }

  /** Returns the rules that hold for a call: those of the service, and those of its options. */
  #policyFor({ policy }: { readonly policy?: UploadPolicies }): CompiledPolicy | undefined {
    if (policy === undefined) return this.#policy
    const own = compilePolicy(policy)
    return this.#policy === undefined ? own : joined(this.#policy, own)
  }

  #tuningFor({ partSize, parallelism }: Pick<WriteOptions, 'partSize' | 'parallelism'>): UploadTuning {
    if (partSize === undefined && parallelism === undefined) return this.#tuning
    return {
      partSize: positive('partSize', partSize ?? this.#tuning.partSize),
      parallelism: positive('parallelism', parallelism ?? this.#tuning.parallelism),
    }
  }

  /**
   * Returns a writable stream that stores its content as a file. The file is stored when `finish`
   * is emitted. Fails as {@link putFile} does.
   *
   * @example
   * const stream = storage.uploadStream('photos', 'cat.jpg')
   * stream.end('purr')
   * const { size } = await stream.file
   * size // 4
   */
  uploadStream(container: string, file: string, options: WriteOptions = {}): UploadStream {
    return new UploadStream((body, signal) => {
      return this.putFile(container, file, body, withSignal(options, signal))
    })
  }

  /**
   * Deletes a file.
   *
   * Fails with `FILE_NOT_FOUND` on every provider, and with `PRECONDITION_FAILED`.
   *
   * @example
   * await storage.removeFile('photos', 'cat.jpg')
   */
  removeFile(container: string, file: string, options: RemoveFileOptions = {}): Promise<void> {
    const place = { container, file }
    return this.#operations.once('removeFile', place, options, (signal) => {
      checkLocation(place, this.capabilities)
      const conditions = checkRemoval(options.ifMatch, this.capabilities)
      return this.provider.removeFile(container, file, { signal, conditions })
    })
  }

  /**
   * Deletes many files. Returns one outcome for each distinct name, in order. A file that does not
   * exist counts as deleted.
   *
   * Fails with `INVALID_NAME` before anything is deleted. With `ABORTED` and `TIMEOUT`,
   * `details.removed` of the error lists the deleted files.
   *
   * @example
   * const outcomes = await storage.removeFiles('photos', ['cat.jpg', 'cats/tom.jpg'])
   * outcomes.filter(({ error }) => error !== undefined) // []
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

  /**
   * Deletes one batch. Names with an error that allows a retry are sent again, without the others.
   */
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

  /**
   * Copies a file on the service.
   *
   * Fails as {@link getFile} does for the source, and as {@link putFile} does for the target.
   *
   * @example
   * const source = { container: 'photos', file: 'cat.jpg' }
   * const copy = await storage.copyFile(source, { container: 'backup', file: 'cat.jpg' })
   * copy.name // 'cat.jpg'
   */
  copyFile(source: FileLocation, target: FileLocation, options: CopyFileOptions = {}): Promise<WrittenFile> {
    return this.#operations.run('copyFile', subjectOf(target), options, (signal) => {
      return this.#copy(source, target, { signal, ...checkCopy(source, target, options, this.capabilities) })
    })
  }

  /**
   * Moves a file. If it fails, the file is still at the source. Moving a file onto itself only
   * replaces its attributes, if `attributes` is given. If the provider cannot move in one step, the
   * file is copied and then deleted at the source.
   *
   * Fails as {@link copyFile} does.
   *
   * @example
   * const source = { container: 'photos', file: 'cat.jpg' }
   * await storage.moveFile(source, { container: 'photos', file: 'cats/felix.jpg' })
   * await storage.hasFile('photos', 'cat.jpg') // false
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

  /**
   * Starts a multipart upload. Any process can continue it with the returned values.
   *
   * Fails with `NOT_SUPPORTED` if the service has no multipart uploads.
   *
   * @example
   * const upload = await storage.startUpload('photos', 'all.zip')
   * const part = await storage.uploadPart(upload, 1, 'the last part may be shorter')
   * await storage.completeUpload(upload, [part])
   */
  startUpload(container: string, file: string, options: StartUploadOptions = {}): Promise<PartUpload> {
    const place = { container, file }
    // If the response is lost, a retry starts a second upload. The first one stays unfinished.
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
   * Uploads one part of a multipart upload. Every part but the last has `upload.partSize` bytes.
   * Parts can be sent in any order; a part that is sent again replaces the earlier one.
   *
   * Fails with `UPLOAD_NOT_FOUND`, `INVALID_PART`, `TOO_LARGE` and `SIZE_MISMATCH`.
   *
   * @param partNumber 1 to `capabilities.parts.maxParts`.
   *
   * @example
   * const upload = await storage.startUpload('photos', 'all.zip')
   * const { size } = await storage.uploadPart(upload, 1, 'only part')
   * size // 9
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
      const hidden = hiddenUpload(target)
      if (hidden !== undefined) {
        const content = source.checkBytes() ?? (await source.collect())
        return this.#resumableUploads().putPart(hidden, partNumber, content, signal)
      }
      const bytes = source.checkBytes() ?? (this.capabilities.streamingPut ? undefined : await source.collect())
      const size = bytes?.length ?? source.size
      const send = () => withUploads(this.provider).uploadPart(target, bytes ?? source, { signal, partNumber, size })
      const part = await this.#operations.retry.runTransfer(signal, bytes !== undefined, send)
      return checkUploadedPart(part, source.sent)
    })
  }

  /**
   * Iterates over the parts that were uploaded, in the order of their numbers.
   *
   * Fails with `UPLOAD_NOT_FOUND`.
   *
   * @example
   * const upload = await storage.startUpload('photos', 'all.zip')
   * await storage.uploadPart(upload, 1, 'only part')
   * const parts = await Array.fromAsync(storage.parts(upload))
   * parts.map(({ partNumber, size }) => [partNumber, size]) // [[1, 9]]
   */
  parts(target: PartUploadReference, options: ListOptions = {}): AsyncIterableIterator<UploadedPart> {
    return this.#operations.iterate('parts', subjectOf(target), options, (call) => {
      checkUploadReference(target, this.capabilities)
      const hidden = hiddenUpload(target)
      if (hidden !== undefined) {
        return this.#resumableUploads()
          .parts(hidden, call.signal)
          .then((entries) => ({ entries }))
      }
      return withUploads(this.provider).listParts(target, call)
    })
  }

  /**
   * Completes a multipart upload: the file appears, complete, and replaces the previous version.
   *
   * Fails with `INVALID_PART`, `UPLOAD_NOT_FOUND`, and as {@link putFile} does.
   *
   * @param parts All parts, in the order of their numbers, as {@link uploadPart} and {@link parts}
   * return them.
   *
   * @example
   * const upload = await storage.startUpload('photos', 'all.zip')
   * await storage.uploadPart(upload, 1, 'only part')
   * const parts = await Array.fromAsync(storage.parts(upload))
   * await storage.completeUpload(upload, parts, { ifNoneMatch: '*' })
   */
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

  /**
   * Aborts a multipart upload and deletes its parts. Succeeds if the upload is completed, aborted
   * or unknown; a completed file stays.
   *
   * @example
   * const upload = await storage.startUpload('photos', 'all.zip')
   * await storage.abortUpload(upload)
   */
  abortUpload(target: PartUploadReference, options: OperationOptions = {}): Promise<void> {
    return this.#operations.repeat('abortUpload', subjectOf(target), options, (signal) => {
      checkUploadReference(target, this.capabilities)
      return withUploads(this.provider).abortUpload(target, { signal })
    })
  }

  /**
   * Iterates over the multipart uploads of a container that were neither completed nor aborted.
   *
   * @example
   * await storage.startUpload('photos', 'all.zip')
   * const unfinished = await Array.fromAsync(storage.uploads('photos', { prefix: 'all' }))
   * unfinished.map(({ file }) => file) // ['all.zip']
   */
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

  /**
   * Starts an upload that can be continued at any byte after an interruption, in any process. Keep
   * the returned data: it is all that continuing needs.
   *
   * Conditions are checked when the upload is completed. The content type is that of the name, or
   * `application/octet-stream`.
   *
   * Fails with `NOT_SUPPORTED` if the provider has no resumable uploads, and with `TOO_LARGE`.
   *
   * @example
   * const upload = await storage.startResumableUpload('photos', 'film.mp4', { size: 8 })
   * await storage.appendToResumableUpload(upload, 'meow', { offset: 0 })
   * const { offset } = await storage.getResumableUpload(upload)
   * offset // 4
   * const { file } = await storage.appendToResumableUpload(upload, 'purr', { offset })
   * file?.size // 8
   */
  startResumableUpload(
    container: string,
    file: string,
    options: StartResumableUploadOptions = {},
  ): Promise<ResumableUpload> {
    return this.#startResumable('startResumableUpload', { container, file }, options)
  }

  #startResumable(
    method: 'startResumableUpload' | 'createDirectUpload',
    place: FileLocation,
    options: StartResumableUploadOptions,
  ): Promise<ResumableUpload> {
    const { container, file } = place
    const direct = method === 'createDirectUpload'
    const key = newKey()
    return this.#operations.repeat(method, place, options, async (signal) => {
      this.#resumableUploads()
      const limits = partLimits(this.capabilities)
      checkLocation(place, this.capabilities)
      const policy = this.#policyFor(options)
      const expires = checkDate('reservedUntil', options.reservedUntil)
      const { size, maxSize = size } = checkSizes(options)
      const asked = positive('partSize', options.partSize ?? this.#tuning.partSize)
      // The head of a file is in its first part.
      const wanted = policy === undefined ? asked : Math.max(asked, headBytes)
      const largest = Math.min(
        this.capabilities.maxFileSize,
        limits.maxPartSize * limits.maxParts,
        policy?.maxSize ?? Number.POSITIVE_INFINITY,
      )
      const limit = Math.min(maxSize ?? Math.max(wanted, limits.minPartSize) * limits.maxParts, largest)
      const start = checkStart(file, options, this.capabilities)
      const conditions = checkConditions(options, this.capabilities)
      const type = policy === undefined ? undefined : await checkAnnounced(policy, announcedFile(place, options))
      if (size !== undefined && size > limit) {
        throw tooLarge(limit)
      }
      const partSize = resumablePartSize(wanted, size ?? limit, limits)
      const common = { key, maxSize: limit, conditions, ...defined({ size }) }
      if (policy === undefined) {
        const call = { signal, ...start, partSize, direct }
        return { ...(await withUploads(this.provider).startUpload(container, file, call)), ...common }
      }
      // What a client sends to the service cannot be read before it is complete.
      const hides = needsWhole(policy, type) || (direct && headLength(policy) > 0)
      const { contentType, acl, native } = options
      const policed = { ...common, policed: true, ...defined({ contentType }) } as const
      const reservation = new Reservation(policy, announcedFile(place, options), signal, {
        id: key,
        ...defined({ expires }),
      })
      if (size !== undefined) await reservation.reserve(size)
      try {
        if (hides) {
          const write = { ...pickAttributes(options), ...defined({ acl, native }) }
          const hidden: ResumableUpload = { container, file, id: key, partSize, ...policed, partial: true, write }
          await this.#resumableUploads().startPartial(hidden, signal)
          return hidden
        }
        const attributes = { ...start.attributes, contentType: type ?? start.attributes.contentType }
        const call = { signal, ...start, attributes, partSize, direct }
        return { ...(await withUploads(this.provider).startUpload(container, file, call)), ...policed }
      } catch (error) {
        await reservation.release(this.name)
        throw error
      }
    })
  }

  /**
   * Starts a partial upload: a resumable upload whose bytes become a file only together with those
   * of others, by {@link joinPartialUploads}. Several can be sent at the same time.
   *
   * Fails with `NOT_SUPPORTED` and `TOO_LARGE`.
   *
   * @example
   * const half = await storage.startPartialUpload('photos', { size: 4 })
   * await storage.appendToResumableUpload(half, 'meow', { offset: 0 })
   * await storage.joinPartialUploads([half, half], 'photos', 'film.mp4')
   */
  startPartialUpload(container: string, options: StartPartialUploadOptions = {}): Promise<ResumableUpload> {
    return this.#operations.run('startPartialUpload', { container }, options, async (signal) => {
      const uploads = this.#resumableUploads()
      const limits = partLimits(this.capabilities)
      checkContainer(container, this.capabilities)
      const { size, maxSize = size ?? this.capabilities.maxFileSize } = checkSizes(options)
      if (size !== undefined && size > maxSize) throw tooLarge(maxSize)
      const partSize = resumablePartSize(positive('partSize', options.partSize ?? this.#tuning.partSize), 0, limits)
      const key = newKey()
      const upload = { container, file: key, id: key, partSize, key, ...defined({ size }), maxSize, conditions: {} }
      const partial: ResumableUpload = { ...upload, partial: true }
      await uploads.startPartial(partial, signal)
      return partial
    })
  }

  /**
   * Stores the bytes of complete partial uploads, one after the other, as a file. The uploads stay
   * until they are aborted or purged.
   *
   * Fails with `UPLOAD_NOT_FOUND`, with `INVALID_ARGUMENT` if one is not complete, and as
   * {@link putFile} does.
   *
   * @param uploads The same one may occur more than once.
   *
   * @example
   * const half = await storage.startPartialUpload('photos', { size: 4 })
   * await storage.appendToResumableUpload(half, 'meow', { offset: 0 })
   * const { size } = await storage.joinPartialUploads([half, half], 'photos', 'film.mp4')
   * size // 8
   */
  async joinPartialUploads(
    uploads: readonly ResumableUpload[],
    container: string,
    file: string,
    options: WriteOptions = {},
  ): Promise<WrittenFile> {
    const place = { container, file }
    const parts = await this.#operations.run('joinPartialUploads', place, options, async (signal) => {
      if (!Array.isArray(uploads)) throw invalid('uploads', 'uploads must be a list of partial uploads')
      for (const upload of uploads) {
        this.#checkResumable(upload)
        if (!upload.partial || upload.write !== undefined) {
          throw invalid('uploads', 'uploads must be partial uploads')
        }
      }
      return this.#resumableUploads().join(uploads, signal)
    })
    return this.putFile(container, file, parts, options)
  }

  /**
   * Returns how far a resumable upload is: the number of bytes that are stored, and the file if the
   * upload is complete.
   *
   * Fails with `UPLOAD_NOT_FOUND` if the upload was aborted or purged.
   *
   * @example
   * const upload = await storage.startResumableUpload('photos', 'film.mp4')
   * const { offset } = await storage.getResumableUpload(upload)
   * offset // 0
   */
  getResumableUpload(target: ResumableUpload, options: ResumableUploadOptions = {}): Promise<ResumableUploadState> {
    return this.#operations.run('getResumableUpload', subjectOf(target), options, async (signal) => {
      this.#checkResumable(target)
      const uploads = this.#resumableUploads()
      const complete = checkFlag('complete', options.complete, true)
      const guard = complete ? await this.#guardOf(target, options, signal) : undefined
      if (checkFlag('takeOver', options.takeOver)) await uploads.takeOver(target)
      return uploads.state(target, complete, signal, guard)
    })
  }

  /**
   * Stores the bytes that follow, and completes the upload with the last of them. If the body fails
   * or `signal` is aborted, everything that arrived is stored before the promise rejects, which may
   * take up to 30 s.
   *
   * A newer call for the same upload ends an older one of this process with `ABORTED`.
   *
   * Fails with `OFFSET_MISMATCH`, whose `details.offset` is the position at which the upload
   * continues, with `UPLOAD_NOT_FOUND`, `CHECKSUM_MISMATCH` and `TOO_LARGE`, and when it completes
   * the upload as {@link putFile} does.
   *
   * @example
   * const upload = await storage.startResumableUpload('photos', 'film.mp4')
   * await storage.appendToResumableUpload(upload, 'meow', { offset: 0 })
   * const last = { offset: 4, complete: true }
   * const { file } = await storage.appendToResumableUpload(upload, 'purr', last)
   * file?.size // 8
   */
  appendToResumableUpload(target: ResumableUpload, body: Body, options: AppendOptions): Promise<ResumableUploadState> {
    const check = () => {
      this.#checkResumable(target)
      const uploads = this.#resumableUploads()
      const offset = checkBytes('offset', options.offset)
      const size = options.size === undefined ? undefined : checkBytes('size', options.size)
      const bodySize = options.bodySize === undefined ? undefined : checkBytes('bodySize', options.bodySize)
      const complete = options.complete === undefined ? undefined : checkFlag('complete', options.complete)
      const { beforeComplete, onStored } = options
      for (const [name, value] of Object.entries({ beforeComplete, onStored })) {
        if (value !== undefined && typeof value !== 'function') throw invalid(name, `${name} must be a function`)
      }
      const given = options.checksum
      const checksum =
        given === undefined || typeof given === 'function'
          ? given && (() => checkBodyChecksum(given()))
          : checkBodyChecksum(given)
      const maxSize = checksum === undefined ? undefined : maxVerifiedBody
      const rules = { checksums: {}, ...defined({ size: bodySize, maxSize }) }
      const append = { offset, ...defined({ size, complete, beforeComplete, onStored, checksum }) }
      return { rules, uploads, append }
    }
    const subject = subjectOf(target)
    return this.#operations.send(
      'appendToResumableUpload',
      subject,
      options,
      body,
      check,
      async (source, checked, signal) => {
        const guard = await this.#guardOf(target, options, signal)
        return checked.uploads.append(target, source, { ...checked.append, signal, ...defined({ guard }) })
      },
    )
  }

  /** Returns the policy of an upload; `undefined` if it has none. */
  async #guardOf(
    upload: ResumableUpload,
    options: { readonly policy?: UploadPolicies },
    signal: AbortSignal,
  ): Promise<UploadGuard | undefined> {
    const policy = this.#policyFor(options)
    if (upload.policed !== true || policy === undefined) {
      if (upload.policed !== true) return undefined
      throw invalid('policy', 'policy must be given: the upload was started with a policy')
    }
    const { container, file, key, write, conditions } = upload
    const announced = announcedFile(upload, upload)
    const isHidden = write !== undefined
    const store = (content: AsyncIterable<Uint8Array>, size: number) =>
      this.#putFile(
        { container, file },
        content,
        { ...write, ...conditions, size, signal, ...defined({ policy: options.policy }) },
        { id: key },
      )
    return new UploadGuard({
      policy,
      file: announced,
      reservation: new Reservation(policy, announced, signal, { id: key }),
      provider: this.name,
      type: await checkAnnounced(policy, announced),
      isHidden,
      store,
    })
  }

  /**
   * Deletes a resumable upload and what is stored of it. Succeeds if it is complete or unknown; a
   * completed file stays.
   *
   * @example
   * const upload = await storage.startResumableUpload('photos', 'film.mp4')
   * await storage.abortResumableUpload(upload)
   */
  abortResumableUpload(
    target: ResumableUpload,
    options: OperationOptions & { readonly policy?: UploadPolicies } = {},
  ): Promise<void> {
    return this.#operations.run('abortResumableUpload', subjectOf(target), options, async (signal) => {
      this.#checkResumable(target)
      await this.#resumableUploads().abort(target, signal)
      const policy = this.#policyFor(options)
      if (target.policed !== true || policy === undefined) return
      const reservation = new Reservation(policy, announcedFile(target, target), signal, { id: target.key })
      await reservation.release(this.name)
    })
  }

  #checkResumable(upload: ResumableUpload): void {
    checkPartUpload(upload, this.capabilities)
    checkResumableUpload(upload)
  }

  #resumableUploads(): ResumableUploads {
    this.#resumable ??= new ResumableUploads(withResumableUploads(this.provider), this.#operations.retry)
    return this.#resumable
  }

  /**
   * Aborts stale uploads and returns them, and deletes what is left of resumable uploads: the
   * bytes of stale ones, and the records of completed ones. Intended for a scheduled job.
   *
   * @example
   * const yesterday = new Date(Date.now() - 24 * 60 * 60 * 1000)
   * await storage.purgeUploads('photos', { startedBefore: yesterday }) // []
   */
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
      // Hidden files do not have the name of the file.
      if (this.capabilities.resumableUploads === true && (prefix ?? '') === '') {
        await this.#resumableUploads().purge(container, startedBefore, signal)
      }
      return purged
    })
  }

  /**
   * Starts an upload whose parts a client sends to the storage itself, to the URLs of
   * {@link signDirectParts}. Nothing is visible before {@link completeDirectUpload}, which checks
   * the parts. Keep the returned data, encrypted if the client holds it.
   *
   * It is a resumable upload: {@link abortResumableUpload} deletes it, and {@link purgeUploads}
   * finds it. Without `capabilities.directUploads`, a server has to receive the
   * parts and pass them to {@link uploadPart}, as the router does.
   *
   * Fails with `NOT_SUPPORTED` if the provider has no resumable uploads, and with `TOO_LARGE`.
   *
   * @example
   * const upload = await storage.createDirectUpload('photos', 'film.mp4', { size: 4 })
   * await storage.uploadPart(upload, 1, 'meow')
   * const { size } = await storage.completeDirectUpload(upload)
   * size // 4
   */
  createDirectUpload(container: string, file: string, options: DirectUploadOptions = {}): Promise<ResumableUpload> {
    return this.#startResumable('createDirectUpload', { container, file }, options)
  }

  /**
   * Returns URLs to which a client sends the parts of a direct upload, each with PUT. Part `n` has
   * the bytes from `(n - 1) * upload.partSize`. Every part but the last has `upload.partSize`
   * bytes.
   *
   * Fails with `NOT_SUPPORTED` if the storage has no `capabilities.directUploads`.
   *
   * @example
   * const { directUploads } = storage.capabilities
   * const upload = await storage.createDirectUpload('photos', 'film.mp4', { size: 4 })
   * const parts = directUploads ? await storage.signDirectParts(upload) : []
   * for (const { url, method, headers } of parts) await fetch(url, { method, headers, body: 'meow' })
   */
  signDirectParts(target: ResumableUpload, options: SignDirectPartsOptions = {}): Promise<SignedPart[]> {
    return this.#operations.run('signDirectParts', subjectOf(target), options, async (signal) => {
      this.#checkResumable(target)
      const provider = withDirectUploads(this.provider)
      const { size, partSize } = target
      const { from, to, expiresIn } = checkDirectParts(target, options, this.capabilities)
      const numbers = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
      return Promise.all(
        numbers.map(async (partNumber) => {
          const part = defined({
            partNumber,
            size: size === undefined ? undefined : directPartSize({ size, partSize }, partNumber),
          })
          return { ...part, ...(await provider.signPart(target, { ...part, expiresIn, signal })) }
        }),
      )
    })
  }

  /**
   * Makes the file of a direct upload visible, if its parts are what the upload was created for:
   * all there, each with its size. Repeated, it returns the same file.
   *
   * Fails with `INVALID_PART` and `TOO_LARGE`, after which parts can be sent again, with
   * `UPLOAD_NOT_FOUND`, and as {@link putFile} does.
   *
   * @example
   * const upload = await storage.createDirectUpload('photos', 'film.mp4', { size: 4 })
   * await storage.uploadPart(upload, 1, 'meow')
   * const parts = [{ partNumber: 1 }]
   * const { name } = await storage.completeDirectUpload(upload, { parts })
   * name // 'film.mp4'
   */
  completeDirectUpload(target: ResumableUpload, options: CompleteDirectUploadOptions = {}): Promise<WrittenFile> {
    return this.#operations.run('completeDirectUpload', subjectOf(target), options, async (signal) => {
      this.#checkResumable(target)
      const claims = checkClaims(options.parts, target)
      const joinsByNumber = !this.capabilities.streamingPut
      const guard = await this.#guardOf(target, options, signal)
      return this.#resumableUploads().completeDirect(target, { claims, joinsByNumber, signal, guard })
    })
  }

  /**
   * Allows pages of these origins, and of no others, to use signed URLs of the container, and to
   * read the ETag of responses. Replaces the container's CORS rules. It may take a while until a
   * service applies them.
   *
   * Fails with `NOT_SUPPORTED` if the service keeps no CORS rules for containers.
   *
   * @param origins Such as `https://example.com`, or `*` alone. Empty: no origin.
   *
   * @example
   * const { cors = false } = storage.capabilities
   * if (cors) await storage.allowOrigins('photos', ['https://example.com'])
   */
  allowOrigins(container: string, origins: readonly string[], options: OperationOptions = {}): Promise<void> {
    return this.#operations.repeat('allowOrigins', { container }, options, async (signal) => {
      checkContainer(container, this.capabilities)
      const checked = checkOrigins(origins)
      return withOrigins(this.provider).allowOrigins(container, checked, { signal })
    })
  }

  /**
   * Sends what a browser sends for a part of a direct upload, and returns what would keep a page of
   * this origin from it: an empty list if nothing does. Each problem names the header. Nothing of
   * it stays in the container.
   *
   * Fails with `NOT_SUPPORTED` if the storage has no `capabilities.directUploads`.
   *
   * @example
   * const { directUploads } = storage.capabilities
   * const problems = directUploads ? await storage.checkOrigin('photos', 'https://example.com') : []
   * for (const { message } of problems) console.log(message)
   */
  checkOrigin(container: string, origin: string, options: OperationOptions = {}): Promise<OriginProblem[]> {
    return this.#operations.run('checkOrigin', { container }, options, async (signal) => {
      const { directUploads } = this.capabilities
      if (directUploads === undefined) throw notSupported('direct uploads', 'directUploads')
      const [checked = ''] = checkOrigins([origin])
      const body = Buffer.from('stowage')
      const file = `stowage-check-${newKey()}`
      const upload = await this.createDirectUpload(container, file, { size: body.length, signal })
      try {
        const [part] = await this.signDirectParts(upload, { signal })
        return await originProblems(part as SignedPart, checked, { body, needsETag: directUploads.etag, signal })
      } finally {
        await this.abortResumableUpload(upload, { signal })
      }
    })
  }

  /**
   * Returns a URL that allows its holder to read or write this file for a limited time.
   *
   * Fails with `NOT_SUPPORTED` if the service has no signed URLs, or lacks one of the options.
   *
   * @example
   * const { url } = await storage.signUrl('photos', 'cat.jpg', { method: 'GET', expiresIn: 3600 })
   * console.log(`valid for one hour: ${url}`)
   */
  signUrl(container: string, file: string, options: SignUrlOptions): Promise<SignedUrl> {
    const place = { container, file }
    return this.#operations.run('signUrl', place, options, (signal) => {
      checkLocation(place, this.capabilities)
      const sign = checkSignUrl(options, this.capabilities)
      return withSignedUrls(this.provider).signUrl(container, file, { signal, ...sign })
    })
  }

  /**
   * Closes the provider's connections. Can be called more than once. Every later operation fails
   * with `CLOSED`.
   *
   * @example
   * await storage.close()
   */
  close(): Promise<void> {
    return this.#operations.close()
  }

  /**
   * Calls {@link close}.
   *
   * @example
   * await using files = await createStorage({ provider: 'memory' })
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #checkList(container: string, options: ListFilesOptions, { next }: ListCallOptions) {
    checkContainer(container, this.capabilities)
    return checkList(options, next === undefined)
  }
}

/**
 * Returns the options with one more signal. Invalid options are returned as they are, for the
 * operation to reject.
 */
function withSignal<Options extends OperationOptions>(options: Options, added: AbortSignal): Options {
  if (typeof options !== 'object' || options === null) return options
  const { signal = added } = options
  if (!(signal instanceof AbortSignal)) return options
  const joined: Record<string, unknown> = Object.create(null)
  // Includes inherited properties, which a spread would omit.
  for (const name in options) joined[name] = options[name]
  joined['signal'] = signal === added ? added : AbortSignal.any([signal, added])
  return joined as Options
}

const subjectOf = (location: FileLocation | undefined): Subject => ({
  container: location?.container,
  file: location?.file,
})

const announcedFile = (
  { container, file }: FileLocation,
  { contentType, size }: { readonly contentType?: string | undefined; readonly size?: number | undefined },
): AnnouncedFile => ({ container, name: file, ...defined({ contentType, size }) })

/** Returns the rules of a body: the smallest limit of its size holds. */
function bodyRules(
  policy: CompiledPolicy | undefined,
  place: FileLocation,
  rules: BodyRules & { readonly maxSize: number },
  { maxFileSize }: Capabilities,
): BodyRules {
  const maxSize = Math.min(rules.maxSize, maxFileSize)
  const limit = policy?.maxSize
  if (limit === undefined || limit > maxSize) return { ...rules, maxSize }
  return { ...rules, maxSize: limit, tooLarge: () => tooLargeRefusal(announcedFile(place, rules), limit) }
}

/** The attributes among the options of a call. */
const pickAttributes = (options: FileAttributes): FileAttributes =>
  defined({ contentType: options.contentType, metadata: options.metadata, ...pickHeaderAttributes(options) })

/** The upload, if its bytes are hidden until it is complete. */
const hiddenUpload = (upload: PartUploadReference): ResumableUpload | undefined =>
  'write' in upload && upload.write !== undefined ? (upload as ResumableUpload) : undefined

const typeOfContent = async (source: CheckedBody): Promise<string> =>
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

/** The type of a method's last parameter. */
type OptionsOf<Method extends keyof StorageService> = StorageService[Method] extends (
  ...parameters: infer Parameters
) => unknown
  ? Last<Parameters>
  : undefined

/** The methods that take options. */
type MethodWithOptions = {
  [Name in keyof StorageService]: OptionsOf<Name> extends OperationOptions ? Name : never
}[keyof StorageService]

// A check by the compiler: the table has the options of every method, and no others.
methodOptions satisfies { readonly [Name in MethodWithOptions]: NamesOf<OptionsOf<Name>> }
