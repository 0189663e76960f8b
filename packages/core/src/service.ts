/**
 * The one class that applications hold: the contract made whole over any provider.
 */
import type { Readable } from 'node:stream'
import { checkAttributes, checkChecksums, checkServiceOptions, notSupported } from './attributes.js'
import { Source } from './body.js'
import type { Capabilities } from './capabilities.js'
import { checkWriteOptions, matchAny, readConditions } from './condition-options.js'
import type { WriteConditions } from './conditions.js'
import { contentTypeByContent, contentTypeByName, detectionBytes, unknownContentType } from './content-type.js'
import { decodeCursor, encodeCursor, type ListIdentity } from './cursor.js'
import { OperationTimer } from './diagnostics.js'
import { Download } from './download.js'
import { describeCause, isStorageError, StorageError, type StorageErrorContext } from './errors.js'
import type { ContainerInfo, FileEntry, FileInfo, FileLocation, FolderEntry, WrittenFile } from './files.js'
import { LazyDownload } from './lazy-download.js'
import { checkContainerName, checkFileName } from './names.js'
import type {
  Body,
  CopyFileOptions,
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
import type {
  CallOptions,
  PartUpload,
  RemoveOutcome,
  SignedUrl,
  StorageProvider,
  UnfinishedUpload,
  UploadedPart,
  WriteCallOptions,
} from './provider.js'
import { checkRange } from './range.js'
import { type RetryOptions, RetryPolicy } from './retry.js'
import { OperationScope } from './scope.js'
import { UploadStream } from './upload-stream.js'
import { choosePartSize, upload } from './uploader.js'

export interface StorageServiceOptions {
  /** Bytes of a part of a large body. Default: 8 MiB. */
  readonly partSize?: number
  /** Parts of one body that go up at the same time. Default: 4. */
  readonly parallelism?: number
  readonly retry?: RetryOptions
}

const defaultPartSize = 8 * 1024 * 1024
const defaultParallelism = 4
/** Names handed to a provider's batch removal at once. */
const removalBatch = 1000

interface ProviderPage<T> {
  readonly entries: readonly T[]
  readonly next?: string
}

/**
 * Containers and files on one provider. Safe to share; every method can be called at any time and concurrently.
 *
 * Every promise rejects with a {@link StorageError}, wrong arguments included; nothing is thrown synchronously.
 */
export class StorageService implements AsyncDisposable {
  readonly provider: StorageProvider
  readonly #tuning: { readonly partSize: number; readonly parallelism: number }
  readonly #retry: RetryPolicy
  #closing: Promise<void> | undefined

  /** Does no I/O. */
  constructor(provider: StorageProvider, options: StorageServiceOptions = {}) {
    const { partSize = defaultPartSize, parallelism = defaultParallelism, retry } = options
    this.provider = provider
    this.#tuning = { partSize: positive('partSize', partSize), parallelism: positive('parallelism', parallelism) }
    this.#retry = new RetryPolicy(retry)
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
    return Array.fromAsync(this.containers(options))
  }

  /** All containers, in the order of their names, asked for page by page as they are taken. */
  containers(options: ListOptions = {}): AsyncIterableIterator<ContainerInfo> {
    return this.#iterate('containerPage', {}, options, (call) => this.provider.listContainers(call))
  }

  /** One page of the containers. */
  async containerPage(options: OperationOptions & PageOptions = {}): Promise<Page<ContainerInfo>> {
    return this.#page('containerPage', {}, options, ['containers'], (call) => this.provider.listContainers(call))
  }

  /** `CONTAINER_NOT_FOUND` when there is none. */
  async getContainer(container: string, options: OperationOptions = {}): Promise<ContainerInfo> {
    return this.#run('getContainer', { container }, options, async (call) => {
      this.#checkContainer(container)
      return this.#retry.run(call.signal, true, () => this.provider.getContainer(container, call))
    })
  }

  /** Whether there is such a container; a failure to find out is an error, not `false`. */
  async hasContainer(container: string, options: OperationOptions = {}): Promise<boolean> {
    return existence(this.getContainer(container, options), 'CONTAINER_NOT_FOUND')
  }

  /** `CONTAINER_EXISTS` when there is one already. */
  async createContainer(options: OperationOptions & { readonly name: string }): Promise<ContainerInfo> {
    const container = options?.name
    return this.#run('createContainer', { container }, options ?? {}, async (call) => {
      this.#checkContainer(container)
      return this.#retry.run(call.signal, false, () => this.provider.createContainer(container, call))
    })
  }

  /**
   * Destroys a container with its files and unfinished uploads; with `onlyIfEmpty`, `CONTAINER_NOT_EMPTY` when it holds a
   * file. `CONTAINER_NOT_FOUND` when there is none.
   */
  async destroyContainer(
    container: string,
    options: OperationOptions & { readonly onlyIfEmpty?: boolean } = {},
  ): Promise<void> {
    return this.#run('destroyContainer', { container }, options, async (call) => {
      this.#checkContainer(container)
      const onlyIfEmpty = options.onlyIfEmpty ?? false
      return this.#retry.run(call.signal, false, () =>
        this.provider.destroyContainer(container, { ...call, onlyIfEmpty }),
      )
    })
  }

  /** All files (and folders, with a delimiter), in the order of their names' UTF-8 bytes. Mind the memory: {@link files} holds a page at a time. */
  async getFiles(container: string, options: ListFilesOptions = {}): Promise<(FileEntry | FolderEntry)[]> {
    return Array.fromAsync(this.files(container, options))
  }

  /** All files, in the order of their names' UTF-8 bytes, asked for page by page as they are taken. */
  files(container: string, options: ListFilesOptions = {}): AsyncIterableIterator<FileEntry | FolderEntry> {
    return this.#iterate('filePage', { container }, options, (call) =>
      this.provider.listFiles(container, { ...call, ...this.#checkList(container, options, call.next === undefined) }),
    )
  }

  /** One page of the files. */
  async filePage(
    container: string,
    options: Omit<ListFilesOptions, 'pageSize'> & PageOptions = {},
  ): Promise<Page<FileEntry | FolderEntry>> {
    const list = ['files', container, options.prefix ?? '', options.delimiter]
    return this.#page('filePage', { container }, options, list, (call) =>
      this.provider.listFiles(container, { ...call, ...this.#checkList(container, options, call.next === undefined) }),
    )
  }

  /** `FILE_NOT_FOUND`, `CONTAINER_NOT_FOUND`, `PRECONDITION_FAILED`, `NOT_MODIFIED`. */
  async getFile(container: string, file: string, options: GetFileOptions = {}): Promise<FileInfo> {
    return this.#run('getFile', { container, file }, options, async (call) => {
      this.#checkPlace(container, file)
      const conditions = readConditions(options)
      const single = matchAny(conditions) ? {} : conditions.single
      const info = await this.#retry.run(call.signal, true, () =>
        this.provider.getFile(container, file, { ...call, conditions: single }),
      )
      conditions.check?.(info)
      return info
    })
  }

  /** Whether there is such a file; a failure to find out, a missing container included, is an error, not `false`. */
  async hasFile(container: string, file: string, options: OperationOptions = {}): Promise<boolean> {
    return existence(this.getFile(container, file, options), 'FILE_NOT_FOUND')
  }

  /**
   * Opens a file for reading. A connection that breaks while it is read is made good by range, under the same ETag.
   * The errors of {@link getFile}, and `RANGE_NOT_SATISFIABLE`.
   */
  async openFile(container: string, file: string, options: OpenFileOptions = {}): Promise<OpenedFile> {
    const place = { container, file }
    const timer = OperationTimer.start()
    let scope: OperationScope | undefined
    const end = (bytes: number, error: StorageError | undefined) => {
      scope?.dispose()
      timer?.end({ operation: 'openFile', provider: this.name, ...place, bytes, error })
    }
    try {
      scope = this.#open(options)
      const { signal } = scope
      this.#checkPlace(container, file)
      const { range } = options
      if (range !== undefined) checkRange(range)
      const opened = await this.#openVersion(container, file, options, signal)
      scope.clearTimeout()
      return new Download({
        opened,
        retry: this.#retry,
        signal,
        verify: options.verify ?? false,
        reopen: (start, last) =>
          this.provider.openFile(container, file, {
            signal,
            range: { start, end: last },
            conditions: { ifMatch: opened.info.etag },
          }),
        explain: (error) => this.#explain('openFile', place, signal, error),
        onClose: end,
      })
    } catch (error) {
      const failure = this.#explain('openFile', place, scope?.signal, error)
      end(0, failure)
      throw failure
    }
  }

  async #openVersion(container: string, file: string, options: OpenFileOptions, signal: AbortSignal) {
    const { range } = options
    const conditions = readConditions(options)
    if (!matchAny(conditions)) {
      return this.#retry.run(signal, true, () =>
        this.provider.openFile(container, file, { signal, range, conditions: conditions.single }),
      )
    }
    for (let replaced = 0; ; replaced++) {
      const info = await this.#retry.run(signal, true, () =>
        this.provider.getFile(container, file, { signal, conditions: {} }),
      )
      conditions.check(info)
      try {
        return await this.#retry.run(signal, true, () =>
          this.provider.openFile(container, file, { signal, range, conditions: { ifMatch: info.etag } }),
        )
      } catch (error) {
        if (replaced >= 3 || !isStorageError(error, 'PRECONDITION_FAILED')) throw error
      }
    }
  }

  /** {@link openFile} as a stream that opens the file when it is first read; errors arrive as `error`. */
  downloadStream(container: string, file: string, options: OpenFileOptions = {}): Readable {
    return new LazyDownload((signal) =>
      this.openFile(container, file, { ...options, signal: joined(options.signal, signal) }),
    )
  }

  /**
   * Stores a body as a file: whole or not at all, whatever fails, and not visible before it is whole. A body that is a
   * stream is read to its end, or destroyed.
   */
  async putFile(container: string, file: string, body: Body, options: WriteOptions = {}): Promise<WrittenFile> {
    let source: Source | undefined
    return this.#run(
      'putFile',
      { container, file },
      options,
      async (call, scope) => {
        this.#checkPlace(container, file)
        const write = this.#checkWrite(options, call)
        source = new Source(body, { ...sizes(options), checksums: write.checksums }, options.onProgress)
        const stop = () => source?.destroy(scope.signal.reason)
        scope.signal.addEventListener('abort', stop, { once: true })
        const tuning = {
          partSize: positive('partSize', options.partSize ?? this.#tuning.partSize),
          parallelism: positive('parallelism', options.parallelism ?? this.#tuning.parallelism),
        }
        const contentType = write.attributes.contentType ?? (await this.#detectType(file, source, options))
        return upload({
          provider: this.provider,
          retry: this.#retry,
          container,
          file,
          source,
          options: { ...write, attributes: { ...write.attributes, contentType } },
          tuning,
        })
      },
      () => source?.taken ?? 0,
    ).catch((error: unknown) => {
      if (source === undefined) discard(body)
      else source.destroy(error)
      throw error
    })
  }

  async #detectType(file: string, source: Source, options: WriteOptions): Promise<string> {
    if (options.detectContentType === false) return unknownContentType
    return (
      contentTypeByName(file) ?? (await contentTypeByContent(await source.peek(detectionBytes))) ?? unknownContentType
    )
  }

  /** {@link putFile} as a writable stream: the file is stored when `finish` is emitted. */
  uploadStream(container: string, file: string, options: WriteOptions = {}): UploadStream {
    return new UploadStream((body, signal) => {
      return this.putFile(container, file, body, { ...options, signal: joined(options.signal, signal) })
    })
  }

  /** `FILE_NOT_FOUND` when there is none, on every provider. */
  async removeFile(container: string, file: string, options: RemoveFileOptions = {}): Promise<void> {
    return this.#run('removeFile', { container, file }, options, async (call) => {
      this.#checkPlace(container, file)
      const conditions = checkWriteOptions({ ifMatch: options.ifMatch })
      if (conditions.ifMatch !== undefined && this.capabilities.conditions.remove === false) {
        throw notSupported('removal under a condition', 'conditions.remove')
      }
      return this.#retry.run(call.signal, false, () =>
        this.provider.removeFile(container, file, { ...call, conditions }),
      )
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
    const outcomes: RemoveOutcome[] = []
    return this.#run('removeFiles', { container }, options, async (call) => {
      this.#checkContainer(container)
      const names = [...new Set(await Array.fromAsync(files))]
      for (const name of names) checkFileName(name)
      for (let start = 0; start < names.length; start += removalBatch) {
        call.signal.throwIfAborted()
        const batch = names.slice(start, start + removalBatch)
        const done = await this.#retry.run(call.signal, true, () => this.provider.removeFiles(container, batch, call))
        for (const { file, error } of done) {
          outcomes.push(
            error === undefined
              ? { file }
              : { file, error: this.#explain('removeFiles', { container, file }, undefined, error) },
          )
        }
      }
      return outcomes
    }).catch((error: StorageError) => {
      if (error.code !== 'ABORTED' && error.code !== 'TIMEOUT') throw error
      const removed = outcomes.filter((outcome) => outcome.error === undefined).map((outcome) => outcome.file)
      throw new StorageError(error.code, error.message, { ...error, cause: error.cause, details: { removed } })
    })
  }

  /** A copy on the service itself. The errors of {@link getFile} for the source, of {@link putFile} for the target. */
  async copyFile(source: FileLocation, target: FileLocation, options: CopyFileOptions = {}): Promise<WrittenFile> {
    return this.#run('copyFile', place(target), options, async (call) => {
      this.#checkPlace(source?.container, source?.file)
      this.#checkPlace(target?.container, target?.file)
      return this.#copy(source, target, this.#checkCopy(target.file, options, call))
    })
  }

  /**
   * Afterwards the file is at the target and no longer at the source; on failure it is still at the source. Onto itself: nothing moves.
   * One step where the provider has it; else a copy, then the removal of the source.
   */
  async moveFile(source: FileLocation, target: FileLocation, options: CopyFileOptions = {}): Promise<WrittenFile> {
    return this.#run('moveFile', place(target), options, async (call) => {
      this.#checkPlace(source?.container, source?.file)
      this.#checkPlace(target?.container, target?.file)
      const copy = this.#checkCopy(target.file, options, call)
      const { provider } = this
      if (source.container === target.container && source.file === target.file) return this.#copy(source, target, copy)
      if (provider.moveFile !== undefined) {
        return this.#retry.run(call.signal, false, () =>
          (provider as Required<StorageProvider>).moveFile(source, target, copy),
        )
      }
      const { etag } = await this.#retry.run(call.signal, true, () =>
        provider.getFile(source.container, source.file, { ...call, conditions: {} }),
      )
      const moved = await this.#copy(source, target, { ...copy, ifSourceMatch: copy.ifSourceMatch ?? etag })
      const conditions = this.capabilities.conditions.remove === false ? {} : { ifMatch: etag }
      await this.#retry.run(call.signal, true, () =>
        provider.removeFile(source.container, source.file, { ...call, conditions }),
      )
      return moved
    })
  }

  #copy(source: FileLocation, target: FileLocation, copy: Parameters<StorageProvider['copyFile']>[2]) {
    const idempotent = copy.conditions.ifMatch === undefined && copy.conditions.ifNoneMatch === undefined
    return this.#retry.run(copy.signal, idempotent, () => this.provider.copyFile(source, target, copy))
  }

  /** Starts a part upload. Anybody who has what this returns can continue it, in any process. */
  async startUpload(container: string, file: string, options: StartUploadOptions = {}): Promise<PartUpload> {
    return this.#run('startUpload', { container, file }, options, async (call) => {
      this.#checkPlace(container, file)
      const { size } = sizes(options)
      const limits = this.#parts()
      const partSize =
        options.partSize === undefined
          ? choosePartSize(this.#tuning.partSize, size, limits)
          : positive('partSize', options.partSize)
      if (partSize < limits.minPartSize || partSize > limits.maxPartSize) {
        throw invalid(
          'partSize',
          `partSize must be from ${limits.minPartSize} to ${limits.maxPartSize} bytes, not ${partSize}`,
        )
      }
      const { attributes, ...write } = this.#checkWrite(options, call)
      const contentType = attributes.contentType ?? contentTypeByName(file) ?? unknownContentType
      return this.#retry.run(call.signal, false, () =>
        this.provider.startUpload(container, file, {
          signal: call.signal,
          acl: write.acl,
          native: write.native,
          checksums: write.checksums,
          attributes: { ...attributes, contentType },
          partSize,
        }),
      )
    })
  }

  /**
   * Sends one part, by its number from 1. All but the last must have `upload.partSize` bytes; they may come in any order,
   * and the last that was sent under a number counts. `UPLOAD_NOT_FOUND`, `INVALID_PART`.
   */
  async uploadPart(
    target: PartUpload,
    partNumber: number,
    body: Body,
    options: OperationOptions & { readonly size?: number } = {},
  ): Promise<UploadedPart> {
    let source: Source | undefined
    return this.#run(
      'uploadPart',
      place(target),
      options,
      async (call, scope) => {
        this.#checkPartUpload(target)
        const { maxParts } = this.#parts()
        if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > maxParts) {
          throw invalid('partNumber', `a part's number must be from 1 to ${maxParts}, not ${partNumber}`)
        }
        source = new Source(body, { ...sizes(options), maxSize: target.partSize, checksums: {} })
        const stop = () => source?.destroy(scope.signal.reason)
        scope.signal.addEventListener('abort', stop, { once: true })
        const bytes = source.checkBytes() ?? (this.capabilities.streamingPut ? source : await collect(source))
        const replayable = bytes !== source
        return this.#retry.run(call.signal, replayable, () =>
          this.provider.uploadPart(target, bytes, {
            ...call,
            partNumber,
            size: bytes instanceof Uint8Array ? bytes.length : source?.size,
          }),
        )
      },
      () => source?.taken ?? 0,
    ).catch((error: unknown) => {
      if (source === undefined) discard(body)
      else source.destroy(error)
      throw error
    })
  }

  /** The parts that were sent, in the order of their numbers. */
  parts(target: PartUpload, options: ListOptions = {}): AsyncIterableIterator<UploadedPart> {
    return this.#iterate('parts', place(target), options, (call) => {
      this.#checkPartUpload(target)
      return this.provider.listParts(target, call)
    })
  }

  /** The file appears, whole, in place of the one before. `INVALID_PART`, `UPLOAD_NOT_FOUND`, and the errors of {@link putFile}. */
  async completeUpload(
    target: PartUpload,
    parts: readonly UploadedPart[],
    options: OperationOptions & WriteConditions = {},
  ): Promise<WrittenFile> {
    return this.#run('completeUpload', place(target), options, async (call) => {
      this.#checkPartUpload(target)
      const conditions = this.#checkConditions(options)
      checkParts(target, parts)
      return this.#retry.run(call.signal, false, () =>
        this.provider.completeUpload(target, { ...call, parts: [...parts], conditions }),
      )
    })
  }

  /** Throws away what was sent. Harmless when the upload is completed, aborted or unknown. */
  async abortUpload(target: PartUpload, options: OperationOptions = {}): Promise<void> {
    return this.#run('abortUpload', place(target), options, async (call) => {
      this.#checkPartUpload(target)
      return this.#retry.run(call.signal, true, () => this.provider.abortUpload(target, call))
    })
  }

  /** The part uploads of a container that were neither completed nor aborted. */
  uploads(
    container: string,
    options: ListOptions & { readonly prefix?: string } = {},
  ): AsyncIterableIterator<UnfinishedUpload> {
    return this.#iterate('uploads', { container }, options, (call) => {
      this.#checkContainer(container)
      this.#parts()
      return this.provider.listUploads(container, { ...call, prefix: wellFormed('prefix', options.prefix ?? '') })
    })
  }

  /** Aborts unfinished uploads and returns them: what a scheduled job calls, with uploads that nobody continues in mind. */
  async purgeUploads(container: string, options: PurgeUploadsOptions = {}): Promise<UnfinishedUpload[]> {
    const { signal, timeout, prefix, startedBefore } = options
    const purged: UnfinishedUpload[] = []
    const found = await Array.fromAsync(this.uploads(container, { signal, timeout, prefix }))
    for (const unfinished of found) {
      if (startedBefore !== undefined && unfinished.started >= startedBefore) continue
      await this.abortUpload(unfinished, { signal, timeout })
      purged.push(unfinished)
    }
    return purged
  }

  /** A URL that lets whoever has it read or write this one file for a time. `NOT_SUPPORTED` where the service has none. */
  async signUrl(container: string, file: string, options: SignUrlOptions): Promise<SignedUrl> {
    return this.#run('signUrl', { container, file }, options ?? {}, async (call) => {
      const { signedUrls } = this.capabilities
      if (signedUrls === false) throw notSupported('signed URLs', 'signedUrls')
      this.#checkPlace(container, file)
      const { method, expiresIn, contentType, size, responseHeaders } = options
      if (method !== 'GET' && method !== 'PUT')
        throw invalid('method', `method must be GET or PUT, not ${String(method)}`)
      if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > signedUrls.maxExpiresIn) {
        throw invalid('expiresIn', `expiresIn must be from 1 to ${signedUrls.maxExpiresIn} seconds, not ${expiresIn}`)
      }
      if (contentType !== undefined && !signedUrls.contentType)
        throw notSupported('a signed content type', 'signedUrls.contentType')
      if (size !== undefined && !signedUrls.size) throw notSupported('a signed size', 'signedUrls.size')
      if (responseHeaders !== undefined && !signedUrls.responseHeaders) {
        throw notSupported('signed response headers', 'signedUrls.responseHeaders')
      }
      return this.provider.signUrl(container, file, { ...call, method, expiresIn, contentType, size, responseHeaders })
    })
  }

  /** Frees what the provider holds. Can be called again; every other operation is `CLOSED` afterwards. */
  close(): Promise<void> {
    this.#closing ??= this.provider.close().catch((error: unknown) => {
      throw this.#explain('close', {}, undefined, error)
    })
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #open(options: OperationOptions): OperationScope {
    if (this.#closing !== undefined) throw new StorageError('CLOSED', 'the storage was closed')
    return new OperationScope(options)
  }

  async #run<T>(
    operation: string,
    context: Pick<StorageErrorContext, 'container' | 'file'>,
    options: OperationOptions,
    call: (options: CallOptions, scope: OperationScope) => Promise<T>,
    bytes: () => number = () => 0,
  ): Promise<T> {
    const timer = OperationTimer.start()
    let scope: OperationScope | undefined
    let failure: StorageError | undefined
    try {
      scope = this.#open(options)
      return await call({ signal: scope.signal }, scope)
    } catch (error) {
      failure = this.#explain(operation, context, scope?.signal, error)
      throw failure
    } finally {
      scope?.dispose()
      timer?.end({ operation, provider: this.name, ...context, bytes: bytes(), error: failure })
    }
  }

  #explain(
    operation: string,
    context: Pick<StorageErrorContext, 'container' | 'file'>,
    signal: AbortSignal | undefined,
    error: unknown,
  ): StorageError {
    const whole = { operation, provider: this.name, ...context }
    if (signal?.aborted && isStorageError(signal.reason)) return signal.reason.withContext(whole)
    if (isStorageError(error)) return error.withContext(whole)
    return new StorageError('INTERNAL', 'the provider failed in a way that it should not', {
      ...whole,
      cause: describeCause(error),
    })
  }

  async *#iterate<T>(
    operation: string,
    context: Pick<StorageErrorContext, 'container' | 'file'>,
    options: ListOptions,
    list: (call: CallOptions & { readonly limit: number; readonly next?: string }) => Promise<ProviderPage<T>>,
  ): AsyncIterableIterator<T> {
    let next: string | undefined
    do {
      const page: ProviderPage<T> = await this.#run(operation, context, options, async (call) => {
        const limit = this.#limit('pageSize', options.pageSize)
        return this.#retry.run(call.signal, true, async () =>
          list({ ...call, limit, ...(next === undefined ? {} : { next }) }),
        )
      })
      for (const entry of page.entries) {
        if (options.signal?.aborted) await this.#run(operation, context, options, async () => undefined)
        yield entry
      }
      next = page.next
    } while (next !== undefined)
  }

  async #page<T>(
    operation: string,
    context: Pick<StorageErrorContext, 'container' | 'file'>,
    options: OperationOptions & PageOptions,
    identity: ListIdentity,
    list: (call: CallOptions & { readonly limit: number; readonly next?: string }) => Promise<ProviderPage<T>>,
  ): Promise<Page<T>> {
    return this.#run(operation, context, options, async (call) => {
      const limit = this.#limit('limit', options.limit)
      let next = options.cursor === undefined ? undefined : decodeCursor([this.name, ...identity], options.cursor)
      for (;;) {
        const from = next
        const page = await this.#retry.run(call.signal, true, async () =>
          list({ ...call, limit, ...(from === undefined ? {} : { next: from }) }),
        )
        next = page.next
        if (next === undefined) return { entries: page.entries }
        if (page.entries.length > 0)
          return { entries: page.entries, cursor: encodeCursor([this.name, ...identity], next) }
      }
    })
  }

  #limit(property: string, value: number | undefined): number {
    const { maxPageSize } = this.capabilities
    return value === undefined ? maxPageSize : Math.min(positive(property, value), maxPageSize)
  }

  #checkList(container: string, { prefix, delimiter, startAfter }: ListFilesOptions, first: boolean) {
    this.#checkContainer(container)
    if (delimiter === '') throw invalid('delimiter', 'the delimiter must not be empty; leave it out for none')
    return {
      prefix: wellFormed('prefix', prefix ?? ''),
      ...(delimiter === undefined ? {} : { delimiter: wellFormed('delimiter', delimiter) }),
      ...(startAfter === undefined || !first ? {} : { startAfter: wellFormed('startAfter', startAfter) }),
    }
  }

  #checkContainer(container: unknown): asserts container is string {
    checkContainerName(container, this.capabilities.containerNames)
  }

  #checkPlace(container: unknown, file: unknown): void {
    this.#checkContainer(container)
    checkFileName(file)
  }

  #checkConditions(options: WriteConditions): WriteConditions {
    const conditions = checkWriteOptions(options)
    const { create, update } = this.capabilities.conditions
    if (conditions.ifNoneMatch !== undefined && create === false)
      throw notSupported('create-only writes', 'conditions.create')
    if (conditions.ifMatch !== undefined && update === false)
      throw notSupported('writes under an ETag', 'conditions.update')
    return conditions
  }

  #checkWrite(options: WriteOptions | StartUploadOptions, call: CallOptions) {
    const { capabilities } = this
    return {
      signal: call.signal,
      attributes: checkAttributes(options, capabilities),
      conditions: this.#checkConditions(options as WriteConditions),
      checksums: checkChecksums(options.checksums, capabilities),
      ...checkServiceOptions(options, capabilities),
    }
  }

  #checkCopy(targetFile: string, options: CopyFileOptions, call: CallOptions) {
    const { capabilities } = this
    const checked = options.attributes === undefined ? undefined : checkAttributes(options.attributes, capabilities)
    const attributes: WriteCallOptions['attributes'] | undefined =
      checked === undefined
        ? undefined
        : { ...checked, contentType: checked.contentType ?? contentTypeByName(targetFile) ?? unknownContentType }
    return {
      signal: call.signal,
      ...(attributes === undefined ? {} : { attributes }),
      conditions: this.#checkConditions(options),
      ...(options.ifSourceMatch === undefined ? {} : { ifSourceMatch: options.ifSourceMatch }),
      ...checkServiceOptions(options, capabilities),
    }
  }

  #parts() {
    const { parts } = this.capabilities
    if (parts === false) throw notSupported('part uploads', 'parts')
    return parts
  }

  #checkPartUpload(target: PartUpload): void {
    this.#parts()
    this.#checkPlace(target?.container, target?.file)
    if (typeof target.id !== 'string' || !/^[!-~]{1,8192}$/.test(target.id)) {
      throw invalid('upload', "the upload's id is not one that was given out here")
    }
    positive('upload.partSize', target.partSize)
  }
}

const invalid = (property: string, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })

const joined = (first: AbortSignal | undefined, second: AbortSignal): AbortSignal =>
  first === undefined ? second : AbortSignal.any([first, second])

const place = (location: FileLocation | undefined) => ({ container: location?.container, file: location?.file })

function positive(property: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  throw invalid(property, `${property} must be a whole number from 1, not ${String(value)}`)
}

function wellFormed(property: string, value: unknown): string {
  if (typeof value === 'string' && value.isWellFormed()) return value
  throw invalid(property, `the ${property} must be a string of well-formed Unicode`)
}

function sizes(options: { readonly size?: number; readonly maxSize?: number }): { size?: number; maxSize?: number } {
  const checked: { size?: number; maxSize?: number } = {}
  for (const name of ['size', 'maxSize'] as const) {
    const value = options[name]
    if (value === undefined) continue
    if (!Number.isSafeInteger(value) || value < 0) {
      throw invalid(name, `${name} must be a whole number of bytes from 0, not ${String(value)}`)
    }
    checked[name] = value
  }
  return checked
}

function checkParts(target: PartUpload, parts: readonly UploadedPart[]): void {
  const wrong = (message: string) => new StorageError('INVALID_PART', message)
  if (!Array.isArray(parts) || parts.length === 0) throw wrong('an upload is completed with one part or more')
  for (const [index, part] of parts.entries()) {
    const { partNumber, size, tag } = part ?? {}
    if (partNumber !== index + 1)
      throw wrong(`the parts must be given in order, without gaps: part ${index + 1} is missing`)
    if (typeof tag !== 'string' || tag === '') throw wrong(`part ${partNumber} has no tag`)
    if (index < parts.length - 1 ? size !== target.partSize : size > target.partSize) {
      throw wrong(`part ${partNumber} has ${size} bytes, and the upload's parts have ${target.partSize}`)
    }
  }
}

async function collect(source: Source): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function existence(found: Promise<unknown>, missing: 'CONTAINER_NOT_FOUND' | 'FILE_NOT_FOUND'): Promise<boolean> {
  try {
    await found
    return true
  } catch (error) {
    if (isStorageError(error, missing)) return false
    throw error
  }
}

/** A body that was refused before anything was read of it. */
function discard(body: unknown): void {
  if (typeof body === 'object' && body !== null && 'destroy' in body && typeof body.destroy === 'function') {
    if ('on' in body && typeof body.on === 'function') body.on('error', () => undefined)
    body.destroy()
  }
}
