/** `StorageService`, the class that applications use. What its methods do is in `methods/`. */
import type { Readable } from 'node:stream'
import { positive } from '../checks/arguments.js'
import { methodOptions } from '../checks/method-options.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import { checkProvider } from '../checks/provider.js'
import type { Capabilities } from '../contract/capabilities.js'
import type { WriteConditions } from '../contract/conditions.js'
import { isStorageError, StorageError } from '../contract/errors.js'
import type { ContainerInfo, FileEntry, FileInfo, FileLocation, FolderEntry, WrittenFile } from '../contract/files.js'
import type {
  PartUpload,
  PartUploadReference,
  RemoveOutcome,
  SignedPart,
  SignedUrl,
  StorageProvider,
  UnfinishedUpload,
  UploadedPart,
} from '../contract/provider.js'
import type { OriginProblem } from '../direct/origin-check.js'
import { LazyDownload } from '../download/lazy-download.js'
import { compilePolicy, type UploadPolicies } from '../policy/compile.js'
import type { UploadPolicy } from '../policy/policy.js'
import type { ResumableUpload, ResumableUploadState } from '../resumable/resumable-upload.js'
import { UploadStream } from '../upload/upload-stream.js'
import { ServiceContext } from './context.js'
import * as containers from './methods/containers.js'
import * as copier from './methods/copier.js'
import * as direct from './methods/direct-uploads.js'
import * as lister from './methods/lister.js'
import * as reader from './methods/reader.js'
import * as remover from './methods/remover.js'
import * as resumable from './methods/resumable-uploads.js'
import * as uploads from './methods/uploads.js'
import * as writer from './methods/writer.js'
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
  readonly #context: ServiceContext

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
    this.#context = new ServiceContext(provider, {
      retry: new RetryPolicy(retry),
      tuning: { partSize: positive('partSize', partSize), parallelism: positive('parallelism', parallelism) },
      policy: policy === undefined ? undefined : compilePolicy(policy),
    })
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
    return Array.fromAsync(lister.containers(this.#context, 'getContainers', options))
  }

  /**
   * Iterates over all containers, sorted by name. Requests a page when it is needed.
   *
   * @example
   * for await (const { name, created } of storage.containers()) console.log(name, created)
   */
  containers(options: ListOptions = {}): AsyncIterableIterator<ContainerInfo> {
    return lister.containers(this.#context, 'containers', options)
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
    return lister.containerPage(this.#context, options)
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
    return containers.getContainer(this.#context, 'getContainer', container, options)
  }

  /**
   * Returns whether a container exists. Other failures, such as missing permissions, are errors.
   *
   * @example
   * await storage.hasContainer('photos') // true
   */
  async hasContainer(container: string, options: OperationOptions = {}): Promise<boolean> {
    return exists(containers.getContainer(this.#context, 'hasContainer', container, options), 'CONTAINER_NOT_FOUND')
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
    return containers.createContainer(this.#context, options)
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
    return containers.destroyContainer(this.#context, container, options)
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
    return Array.fromAsync(lister.files(this.#context, 'getFiles', container, options))
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
    return lister.files(this.#context, 'files', container, options)
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
    return lister.filePage(this.#context, container, options)
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
    return reader.getFile(this.#context, 'getFile', { container, file }, options)
  }

  /**
   * Returns whether a file exists. Other failures, such as a missing container, are errors.
   *
   * @example
   * await storage.hasFile('photos', 'dog.jpg') // false
   */
  async hasFile(container: string, file: string, options: OperationOptions = {}): Promise<boolean> {
    return exists(reader.getFile(this.#context, 'hasFile', { container, file }, options), 'FILE_NOT_FOUND')
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
    return reader.openFile(this.#context, { container, file }, options)
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
    return writer.putFile(this.#context, { container, file }, body, options)
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
    return new UploadStream((body, signal) => this.putFile(container, file, body, withSignal(options, signal)))
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
    return remover.removeFile(this.#context, { container, file }, options)
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
    return remover.removeFiles(this.#context, container, files, options)
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
    return copier.copyFile(this.#context, source, target, options)
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
    return copier.moveFile(this.#context, source, target, options)
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
    return uploads.startUpload(this.#context, { container, file }, options)
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
    return uploads.uploadPart(this.#context, target, { partNumber, body }, options)
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
    return uploads.parts(this.#context, target, options)
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
    return uploads.completeUpload(this.#context, target, parts, options)
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
    return uploads.abortUpload(this.#context, target, options)
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
    return uploads.uploads(this.#context, container, options)
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
    return resumable.startResumableUpload(this.#context, 'startResumableUpload', { container, file }, options)
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
    return resumable.startPartialUpload(this.#context, container, options)
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
    return resumable.joinPartialUploads(this.#context, uploads, { container, file }, options)
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
    return resumable.getResumableUpload(this.#context, target, options)
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
    return resumable.appendToResumableUpload(this.#context, target, body, options)
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
    return resumable.abortResumableUpload(this.#context, target, options)
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
    return resumable.purgeUploads(this.#context, container, options)
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
    return resumable.startResumableUpload(this.#context, 'createDirectUpload', { container, file }, options)
  }

  /**
   * Returns URLs to which a client sends the parts of a direct upload, each with PUT. Part `n` has
   * the bytes from `(n - 1) * upload.partSize`. Every part but the last has `upload.partSize`
   * bytes.
   *
   * Fails with `NOT_SUPPORTED` if the storage has no `capabilities.directUploads`, and with
   * `INVALID_ARGUMENT` if the policy of the upload reads the content. {@link uploadPart} takes the
   * parts in both cases.
   *
   * @example
   * const { directUploads } = storage.capabilities
   * const upload = await storage.createDirectUpload('photos', 'film.mp4', { size: 4 })
   * const parts = directUploads ? await storage.signDirectParts(upload) : []
   * for (const { url, method, headers } of parts) {
   *   await fetch(url, { method, headers, body: 'meow' })
   * }
   */
  signDirectParts(target: ResumableUpload, options: SignDirectPartsOptions = {}): Promise<SignedPart[]> {
    return direct.signDirectParts(this.#context, target, options)
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
    return direct.completeDirectUpload(this.#context, target, options)
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
    return direct.allowOrigins(this.#context, container, origins, options)
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
   * const problems = directUploads ? await storage.checkOrigin('photos', 'https://a.example') : []
   * for (const { message } of problems) console.log(message)
   */
  checkOrigin(container: string, origin: string, options: OperationOptions = {}): Promise<OriginProblem[]> {
    return direct.checkOrigin(this.#context, container, origin, options)
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
    return direct.signUrl(this.#context, { container, file }, options)
  }

  /**
   * Closes the provider's connections. Can be called more than once. Every later operation fails
   * with `CLOSED`.
   *
   * @example
   * await storage.close()
   */
  close(): Promise<void> {
    return this.#context.operations.close()
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

async function exists(found: Promise<unknown>, missing: 'CONTAINER_NOT_FOUND' | 'FILE_NOT_FOUND'): Promise<boolean> {
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
