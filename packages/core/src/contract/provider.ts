/**
 * The interface that a provider implements: the operations that its service has.
 *
 * What core guarantees for every call
 *
 * - Arguments are valid. Container names meet `capabilities.containerNames`; file names are
 *   well-formed UTF-8 of 1 to 1,024 bytes; ranges, limits, part numbers, sizes and metadata meet
 *   their rules and the provider's limits. Core does not request what the capabilities exclude.
 * - `signal` is always given, and includes the caller's timeout. Core makes no call with an aborted
 *   signal. Calls that cannot be aborted share one signal, which keeps no listeners.
 * - Options are never shared between calls. The provider may keep them, but does not change them.
 * - Calls are concurrent, including the first ones. None follows `close`.
 * - Core retries failed calls by their error's code (`errorCodes[code].retry`). A provider
 *   therefore never retries, and disables its SDK's retries.
 *
 * What a provider guarantees for every call
 *
 * - It rejects only with a `StorageError`, whose cause is made with `describeCause`. Core adds the
 *   operation, the provider and the names.
 * - It settles soon after `signal` is aborted, with any error: core replaces it by `ABORTED` or
 *   `TIMEOUT`. By then it has undone its partial work: no visible file, the previous version
 *   intact, no temporary file. Over a network one case remains: a service that already has the
 *   whole request may execute it.
 * - If the service escapes a file's name and the result is too long, every call fails with
 *   `INVALID_NAME`.
 * - A write is atomic: a reader sees either the previous version or the new one, complete and with
 *   its attributes.
 * - Reads see finished writes, unless the README's heading "Consistency" documents an exception.
 * - For a missing container, every call fails with `CONTAINER_NOT_FOUND`. It returns no empty list
 *   and reports no missing file.
 * - Missing permissions are `PERMISSION_DENIED`, never "not found".
 *
 * The constructor of a provider, `name`, `capabilities` and `native` do no I/O.
 */

import type { Readable } from 'node:stream'
import type { Capabilities } from './capabilities.js'
import type { ReadConditions, WriteConditions } from './conditions.js'
import type { StorageError } from './errors.js'
import type {
  Checksums,
  ContainerInfo,
  FileAttributes,
  FileEntry,
  FileInfo,
  FileLocation,
  FolderEntry,
  WrittenFile,
} from './files.js'
import type { ByteRange, ResolvedRange } from './range.js'

/** Options of every call. */
export interface CallOptions {
  readonly signal: AbortSignal
}

export interface ListCallOptions extends CallOptions {
  /**
   * Maximum number of entries, folders included: 1 to `capabilities.maxPageSize`. A shorter page
   * may have a `next`.
   */
  readonly limit: number
  /**
   * Where the page starts: the `next` of the previous page, unchanged. Otherwise, fails with
   * `INVALID_ARGUMENT`.
   */
  readonly next?: string
}

export interface ContainerPage {
  /** In the order of the names' UTF-8 bytes. */
  readonly entries: readonly ContainerInfo[]
  /** Opaque to core; missing on the last page. */
  readonly next?: string
}

export interface ListFilesCallOptions extends ListCallOptions {
  /** Only names with this prefix; may be empty. */
  readonly prefix: string
  /**
   * Names that contain this after the prefix are listed as one folder, up to and including its
   * first occurrence there. Never empty.
   */
  readonly delimiter?: string
  /** Only names and folders greater than this, by UTF-8 bytes. Given only for the first page. */
  readonly startAfter?: string
}

export interface FilePage {
  /**
   * In the order of the names' UTF-8 bytes, files and folders mixed. A folder is listed once, also
   * if its files span pages. If names are added or deleted between two pages, every other name is
   * listed exactly once.
   */
  readonly entries: readonly (FileEntry | FolderEntry)[]
  /**
   * Opaque to core; missing on the last page. A last page is empty only if it is the first page.
   */
  readonly next?: string
}

export interface ReadCallOptions extends CallOptions {
  readonly conditions: ReadConditions
}

export interface OpenCallOptions extends ReadCallOptions {
  readonly range?: ByteRange
}

/**
 * A stream that can also be read into the reader's own buffers, for providers whose reads do not
 * break off, unlike those of a connection. It is read in one of the two ways. `readInto` is a
 * method of the stream, so a wrapper that replaces the stream cannot be bypassed.
 */
export interface DirectReadable extends Readable {
  /**
   * Reads the next bytes into the beginning of the buffer, and returns their number: 0 only at the
   * end, and less than the buffer's length only before it. Rejects with the `StorageError` that the
   * stream would emit. One call at a time. After `destroy`, `close` is emitted when a pending read
   * has ended.
   */
  readInto(buffer: Buffer): Promise<number>
}

/** A file that is open for reading. */
export type OpenFile = ResolvedRange & {
  /** Properties of the whole file, whatever the range. */
  readonly info: FileInfo
} & (
    | {
        /**
         * Exactly `length` bytes from `offset`, all of the version that `info` describes; otherwise
         * the stream fails. It emits a `StorageError`. After one that allows a retry, such as
         * `CONNECTION_LOST`, core opens the rest under the same ETag. Destroying the stream
         * releases the connection or descriptor at once. Core reads it to its end or destroys it.
         */
        readonly stream: Readable | DirectReadable
      }
    | {
        /**
         * The bytes at once, for small files that the provider has in memory. Nothing stays open.
         */
        readonly bytes: Uint8Array
      }
  )

/**
 * A body as a provider receives it: bytes in memory or, if `capabilities.streamingPut` is true, an
 * iterable.
 *
 * After the call has settled, core reuses the memory of the bytes. If an iterable throws, the
 * provider stores nothing and passes the error on unchanged. Core throws for a body that is too
 * long, too short or has the wrong checksum, and for a pending read when the signal is aborted. A
 * provider that stops early leaves the loop, which ends the source.
 */
export type ProviderBody = Uint8Array | AsyncIterable<Uint8Array>

/** Options of a write, as a provider receives them. */
export interface WriteCallOptions extends CallOptions {
  /** `contentType` is always given; the keys of `metadata` are in lower case. */
  readonly attributes: FileAttributes & {
    readonly contentType: string
    readonly metadata: Readonly<Record<string, string>>
  }
  readonly conditions: WriteConditions
  /**
   * Core verifies MD5 and SHA-256 while the body is read. The provider stores those in
   * `capabilities.checksums`. CRC32C is given only if it is listed there; the provider or its
   * service verifies it, and fails with `CHECKSUM_MISMATCH`.
   */
  readonly checksums: Checksums
  readonly acl?: string
  /** Only names in `capabilities.nativeOptions`. */
  readonly native: Readonly<Record<string, unknown>>
}

export interface PutCallOptions extends WriteCallOptions {
  /** Bytes, if known. Core ensures that the body has this size or throws. */
  readonly size?: number
}

export interface CopyCallOptions extends CallOptions {
  /** Replace all attributes of the source. Default: the source's attributes. */
  readonly attributes?: WriteCallOptions['attributes']
  /** Conditions on the target. */
  readonly conditions: WriteConditions
  /** The source's ETag; fails with `PRECONDITION_FAILED` if it differs. */
  readonly ifSourceMatch?: string
  readonly acl?: string
  readonly native: Readonly<Record<string, unknown>>
}

export interface RemoveCallOptions extends CallOptions {
  readonly conditions: Pick<WriteConditions, 'ifMatch'>
}

export interface RemoveOutcome {
  readonly file: string
  /** Missing if the file is deleted or did not exist. */
  readonly error?: StorageError
}

/** Identifies a multipart upload. Enough to list its parts and to abort it. */
export interface PartUploadReference {
  readonly container: string
  readonly file: string
  /** Opaque; printable ASCII. */
  readonly id: string
}

/**
 * A multipart upload. Its state is only in the service: any process with these four values can
 * continue it. Every part but the last has `partSize` bytes, so parts may be sent in any order and
 * concurrently.
 *
 * Core checks the sizes, with one exception: if `streamingPut` is false, a body of unknown length
 * continues in larger parts, one after the other, after half of the service's parts are used. Such
 * providers join parts by number, whatever their sizes.
 */
export interface PartUpload extends PartUploadReference {
  /** Bytes. */
  readonly partSize: number
}

export interface StartUploadCallOptions extends Omit<WriteCallOptions, 'conditions'> {
  /** Bytes, within `capabilities.parts`. */
  readonly partSize: number
  /** Whether clients send the parts, to the URLs of `signPart`. */
  readonly direct?: boolean
}

export interface UploadPartCallOptions extends CallOptions {
  /** 1 to `capabilities.parts.maxParts`. */
  readonly partNumber: number
  /** Bytes, if known; at most `upload.partSize`. */
  readonly size?: number
}

export interface UploadedPart {
  readonly partNumber: number
  /** Bytes. */
  readonly size: number
  /** Opaque: identifies this content of the part for `completeUpload`. */
  readonly tag: string
  /** The ETag with which the service responds to a client that sends the part, if it does. */
  readonly etag?: string
}

export interface PartPage {
  /** In the order of their numbers. */
  readonly entries: readonly UploadedPart[]
  readonly next?: string
}

export interface CompleteUploadCallOptions extends CallOptions {
  /**
   * One part or more, in the order of their numbers, which run from 1 without a gap. Other parts
   * that were sent are not included in the file.
   */
  readonly parts: readonly UploadedPart[]
  readonly conditions: WriteConditions
}

/** A multipart upload that was neither completed nor aborted. */
export interface UnfinishedUpload extends PartUploadReference {
  /**
   * Bytes; missing if the service does not store it (Amazon). The process that started the upload
   * knows it.
   */
  readonly partSize?: number
  readonly started: Date
}

export interface UploadPage {
  readonly entries: readonly UnfinishedUpload[]
  readonly next?: string
}

/** A small file that core keeps in addition to the files of a container. */
export interface HiddenFile {
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly mtime: Date
}

export interface ListHiddenFilesCallOptions extends ListCallOptions {
  /** A group with its slash, or nothing for all groups. */
  readonly prefix: string
}

export interface HiddenFilePage {
  /** In the order of their names. */
  readonly entries: readonly HiddenFile[]
  readonly next?: string
}

export interface SignUrlCallOptions extends CallOptions {
  readonly method: 'GET' | 'PUT'
  /** Seconds; 1 to `capabilities.signedUrls.maxExpiresIn`. */
  readonly expiresIn: number
  /** PUT: the content type that the request must have; `null`: it must have none. Default: any. */
  readonly contentType?: string | null
  /** PUT: the size that the request's body must have, in bytes. */
  readonly size?: number
  /** GET: headers of the response. */
  readonly responseHeaders?: Omit<FileAttributes, 'expires' | 'metadata'>
}

export interface SignedUrl {
  readonly url: string
  readonly method: 'GET' | 'PUT'
  /** Headers that the request must have. */
  readonly headers: Readonly<Record<string, string>>
  readonly expires: Date
}

/** The methods that every provider has. */
export interface RequiredMethods {
  /** Returns a page of the containers. */
  listContainers(options: ListCallOptions): Promise<ContainerPage>
  /**
   * Creates a container. Fails with `CONTAINER_EXISTS`, also if another account owns it. One of
   * several concurrent calls succeeds: in one process always, in several processes if the service
   * itself rejects the creation of an existing container.
   */
  createContainer(container: string, options: CallOptions): Promise<ContainerInfo>
  /** Returns a container. Fails with `CONTAINER_NOT_FOUND`. */
  getContainer(container: string, options: CallOptions): Promise<ContainerInfo>
  /**
   * Deletes a container with its files and unfinished uploads. With `onlyIfEmpty`, fails with
   * `CONTAINER_NOT_EMPTY` and changes nothing if the container holds a file.
   */
  destroyContainer(container: string, options: CallOptions & { readonly onlyIfEmpty: boolean }): Promise<void>

  /** Returns a page of the files. */
  listFiles(container: string, options: ListFilesCallOptions): Promise<FilePage>
  /**
   * Returns a file's properties. Fails with `FILE_NOT_FOUND`, `PRECONDITION_FAILED` and
   * `NOT_MODIFIED`.
   */
  getFile(container: string, file: string, options: ReadCallOptions): Promise<FileInfo>
  /**
   * Opens a file. Fails as `getFile` does, and with `RANGE_NOT_SATISFIABLE`, which has
   * `details.size`. Conditions are checked before the range.
   *
   * Core resumes a broken download with a range and `ifMatch`. If the file was replaced, the call
   * fails with `PRECONDITION_FAILED`; if it was deleted, with `FILE_NOT_FOUND` or
   * `PRECONDITION_FAILED`.
   */
  openFile(container: string, file: string, options: OpenCallOptions): Promise<OpenFile>
  /**
   * Stores a file. Fails with `PRECONDITION_FAILED`, `NAME_CONFLICT` and `NO_SPACE`. Every returned
   * property except `replaced` equals that of a later `getFile`.
   */
  putFile(container: string, file: string, body: ProviderBody, options: PutCallOptions): Promise<WrittenFile>
  /** Deletes a file. Fails with `FILE_NOT_FOUND` and `PRECONDITION_FAILED`. */
  removeFile(container: string, file: string, options: RemoveCallOptions): Promise<void>
  /**
   * Deletes any number of files, without repeated names. Returns one outcome per file, in order; a
   * missing file counts as deleted. Rejects only if nothing could be attempted. Core retries names
   * whose error allows it.
   */
  removeFiles(container: string, files: readonly string[], options: CallOptions): Promise<readonly RemoveOutcome[]>
  /**
   * Copies a file of any size on the service, atomically like a write. Fails as `getFile` does for
   * the source, and as `putFile` does for the target. Source and target may be equal, with or
   * without new attributes. The checksums are those of the source in both cases.
   *
   * An error about the source has its container and file, since core adds those of the target to
   * errors without names.
   */
  copyFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile>
  /**
   * Closes connections. Called at most once. Downloads that are open may continue or fail with
   * `CLOSED`; calls that are pending may too. Settles soon, also if the service does not respond.
   */
  close(): Promise<void>
}

/** Moves in one step of the service. */
export interface MovingMethods {
  /**
   * Moves a file. Present only if the service moves in one step that is cheaper than a copy and a
   * deletion. Otherwise core copies the file, then deletes the source. Source and target differ.
   */
  moveFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile>
}

/**
 * Multipart uploads: a provider has all of these methods, or none and `capabilities.parts` is
 * false.
 */
export interface UploadMethods {
  /** Starts a multipart upload. */
  startUpload(container: string, file: string, options: StartUploadCallOptions): Promise<PartUpload>
  /**
   * Stores a part, which replaces an earlier one of the same number. Fails with `UPLOAD_NOT_FOUND`.
   */
  uploadPart(upload: PartUpload, body: ProviderBody, options: UploadPartCallOptions): Promise<UploadedPart>
  /** Returns a page of the parts. Fails with `UPLOAD_NOT_FOUND`. */
  listParts(upload: PartUploadReference, options: ListCallOptions): Promise<PartPage>
  /**
   * Makes the complete file visible, with the attributes and checksums given at the start, also if
   * another process completes the upload.
   *
   * Fails as `putFile` does, and with `INVALID_PART` if a part is missing or its tag is wrong.
   * Services that cannot leave out parts fail with it too, if not all parts are listed. Fails with
   * `UPLOAD_NOT_FOUND`, also if the upload is completed. After any other error the upload can still
   * be completed or aborted.
   */
  completeUpload(upload: PartUpload, options: CompleteUploadCallOptions): Promise<WrittenFile>
  /**
   * Deletes the parts, also those that clients sent to the URLs of `signPart` after the upload had
   * ended. Succeeds if the upload is unknown, completed or aborted; a completed file stays. In a
   * missing container, it succeeds or fails with `CONTAINER_NOT_FOUND`.
   */
  abortUpload(upload: PartUploadReference, options: CallOptions): Promise<void>
  /**
   * Returns a page of the unfinished uploads whose names have the prefix, in any order, each
   * exactly once.
   */
  listUploads(container: string, options: ListCallOptions & { readonly prefix: string }): Promise<UploadPage>
}

/**
 * Hidden files, in which core keeps what is not a file yet: the last bytes of resumable uploads. A
 * provider has all of these methods, or none and no resumable uploads.
 *
 * No list of files, folders or uploads contains them, and no name of a file reaches them. They do
 * not keep a container from counting as empty, and are deleted with it. Names are a group and a
 * name in it, such as `3f2a/part`: each 1 to 64 of the characters `a-z`, `0-9` and `-`, with one
 * slash between them. They have up to `capabilities.maxPutSize` bytes, and no attributes.
 *
 * Every call fails with `CONTAINER_NOT_FOUND` if the container does not exist.
 */
export interface HiddenFileMethods {
  /** Stores a hidden file, which replaces one of the same name. Atomic, as `putFile` is. */
  putHiddenFile(container: string, name: string, bytes: Uint8Array, options: CallOptions): Promise<void>
  /** Returns the bytes of a hidden file. Fails with `FILE_NOT_FOUND`. */
  readHiddenFile(container: string, name: string, options: CallOptions): Promise<Uint8Array>
  /** Returns a page of the hidden files whose names have the prefix. */
  listHiddenFiles(container: string, options: ListHiddenFilesCallOptions): Promise<HiddenFilePage>
  /** Deletes hidden files. A missing one counts as deleted. */
  removeHiddenFiles(container: string, names: readonly string[], options: CallOptions): Promise<void>
}

/** Signed URLs. */
export interface SigningMethods {
  /**
   * Signs a URL. Absent, with `capabilities.signedUrls` false, if the service has no signed URLs.
   * Fails with `INVALID_NAME` for a stored file whose name the service's URLs cannot express.
   */
  signUrl(container: string, file: string, options: SignUrlCallOptions): Promise<SignedUrl>
}

/** A request with a signed URL of the router. */
export interface UrlRequest {
  /** `GET` also for a HEAD request. */
  readonly method: string
  /** The parameters of the URL. */
  readonly query: URLSearchParams
}

/**
 * Whether a request with a signed URL of the router is allowed, and with what.
 *
 * - `valid`: the request is allowed if it meets the constraints, which are those of `signUrl`.
 * - `invalid`: no secret has signed this URL.
 * - `method`: the URL is signed for another method.
 * - `expired`: the URL is signed for this method, but no longer valid.
 */
export type VerifiedUrl =
  | ({ readonly verdict: 'valid'; readonly part?: RouterPart } & Pick<
      SignUrlCallOptions,
      'contentType' | 'size' | 'responseHeaders'
    >)
  | { readonly verdict: 'invalid' | 'expired' }
  | { readonly verdict: 'method'; readonly allowed: 'GET' | 'PUT' }

/** The part that a URL of `signPart` stores. */
export interface RouterPart extends Pick<PartUpload, 'id' | 'partSize'> {
  readonly partNumber: number
}

/**
 * Signed URLs that lead to the application's router, for services without HTTP. A provider has this
 * method if it declares `capabilities.signedUrls.throughRouter`. `UrlSigner` of the kit does the
 * work.
 */
export interface RouterUrlMethods {
  /** Verifies a URL of `signUrl` or `signPart`, with the names in its path. Does no I/O. */
  verifyUrl(container: string, file: string, request: UrlRequest): Promise<VerifiedUrl>
}

/** A URL to which a client sends one part. */
export interface SignedPart extends SignedUrl {
  readonly partNumber: number
  /** Bytes of the part, if known. */
  readonly size?: number
}

export interface SignPartCallOptions extends CallOptions {
  /** 1 to `capabilities.parts.maxParts`. */
  readonly partNumber: number
  /**
   * Bytes that the part must have, if known. Enforced by the service if
   * `capabilities.directUploads.size` is true; otherwise `listParts` shows what was sent.
   */
  readonly size?: number
  /** Seconds; 1 to `capabilities.directUploads.maxExpiresIn`. */
  readonly expiresIn: number
}

/**
 * Direct uploads: clients send the parts of a multipart upload to the service. A provider has this
 * method and `capabilities.directUploads`, or neither.
 */
export interface DirectUploadMethods {
  /**
   * Signs a URL that stores one part of an upload, which was started with `direct`. What is sent to
   * it is in no file before `completeUpload`. Afterwards it changes no file, although the URL may
   * be valid for longer: `completeUpload` takes over what it has checked, or fails.
   */
  signPart(upload: PartUpload, options: SignPartCallOptions): Promise<SignedUrl>
}

/**
 * CORS of a container. A provider has this method if the service keeps CORS rules for containers.
 */
export interface OriginMethods {
  /**
   * Allows pages of these origins, and of no others, to read and write with signed URLs, and to
   * read the ETag of responses. Replaces all CORS rules of the container.
   *
   * @param origins Such as `https://example.com`, or `*` alone. Empty: no origin.
   */
  allowOrigins(container: string, origins: readonly string[], options: CallOptions): Promise<void>
}

export interface StorageProvider
  extends RequiredMethods,
    Partial<MovingMethods>,
    Partial<UploadMethods>,
    Partial<HiddenFileMethods>,
    Partial<SigningMethods>,
    Partial<RouterUrlMethods>,
    Partial<DirectUploadMethods>,
    Partial<OriginMethods> {
  /**
   * The name in a data source's `provider`, such as `filesystem`. Used in errors and diagnostics.
   */
  readonly name: string
  readonly capabilities: Capabilities
  /**
   * The service's own client, for features outside of the contract. Documented in the README under
   * "Native access".
   */
  readonly native: unknown
}

/** The methods of {@link StorageProvider}. Used to check that a wrapper forwards each of them. */
export const providerMethods = [
  'listContainers',
  'createContainer',
  'getContainer',
  'destroyContainer',
  'listFiles',
  'getFile',
  'openFile',
  'putFile',
  'removeFile',
  'removeFiles',
  'copyFile',
  'moveFile',
  'startUpload',
  'uploadPart',
  'listParts',
  'completeUpload',
  'abortUpload',
  'listUploads',
  'putHiddenFile',
  'readHiddenFile',
  'listHiddenFiles',
  'removeHiddenFiles',
  'signUrl',
  'verifyUrl',
  'signPart',
  'allowOrigins',
  'close',
] as const satisfies readonly (keyof StorageProvider)[]

/** The names of {@link UploadMethods}. */
export const uploadMethods = [
  'startUpload',
  'uploadPart',
  'listParts',
  'completeUpload',
  'abortUpload',
  'listUploads',
] as const satisfies readonly (keyof StorageProvider)[]

/** The names of {@link HiddenFileMethods}. */
export const hiddenFileMethods = [
  'putHiddenFile',
  'readHiddenFile',
  'listHiddenFiles',
  'removeHiddenFiles',
] as const satisfies readonly (keyof StorageProvider)[]
