/**
 * The interface that a provider implements: the few calls that its service really has.
 *
 * What core guarantees to every call
 * - Arguments are checked: container names meet `capabilities.containerNames`; file names are
 *   well-formed UTF-8 of 1 to 1,024 bytes; ranges, limits, part numbers, sizes and metadata are
 *   within their rules and the provider's limits. Nothing is asked for that the capabilities rule
 *   out.
 * - `signal` is always given, and already carries the caller's timeout. A call is not made when it
 *   is aborted. Calls that nothing can abort share one, which keeps no listeners.
 * - Options are never shared between calls, and the provider may keep them, but does not change
 *   them.
 * - Calls are made concurrently, also the first ones; none is made after `close`.
 * - Failed calls are repeated by core, by the code of the error (`errorCodes[code].retry`), so a
 *   provider does not repeat any, and switches its SDK's repetitions off.
 *
 * What every call guarantees to core
 * - It rejects with a `StorageError` alone, whose cause is made with `describeCause`. Core adds
 *   operation, provider and names.
 * - It settles soon after `signal` is aborted (`ABORTED` is set by core whatever the call rejects
 *   with), and has by then undone what it had half-done: no visible file, the previous version
 *   intact, no temporary file. Over a network one case remains: a service that already had the
 *   whole request may carry it out.
 * - A file's name that the service can hold only escaped, and is too long for it then, is
 *   `INVALID_NAME` from every call.
 * - A write is atomic: a reader sees the previous version or the new one, whole, with the
 *   attributes that belong to it.
 * - Reads see finished writes, unless the README's heading "Consistency" says otherwise.
 * - A container that does not exist is `CONTAINER_NOT_FOUND` from every call, never an empty list
 *   or a missing file.
 * - Missing permissions are `PERMISSION_DENIED`, never "not found".
 *
 * Constructing a provider does no I/O, and neither do `name`, `capabilities` and `native`.
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

/** What every call is given. */
export interface CallOptions {
  readonly signal: AbortSignal
}

export interface ListCallOptions extends CallOptions {
  /**
   * Entries in the page, folders included: 1 to `capabilities.maxPageSize`. The page may be
   * shorter, with a `next`.
   */
  readonly limit: number
  /**
   * Where the page starts: the `next` of the page before it, unchanged. Anything else:
   * `INVALID_ARGUMENT`.
   */
  readonly next?: string
}

export interface ContainerPage {
  /** In the order of their names' UTF-8 bytes. */
  readonly entries: readonly ContainerInfo[]
  /** Opaque to core; left out on the last page. */
  readonly next?: string
}

export interface ListFilesCallOptions extends ListCallOptions {
  /** Only names that begin with this; may be empty. */
  readonly prefix: string
  /**
   * Names that hold this after the prefix are shown as one folder, up to and including its first
   * occurrence there. Never empty when given.
   */
  readonly delimiter?: string
  /** Only names (and folders) greater than this, by UTF-8 bytes. Given on the first page alone. */
  readonly startAfter?: string
}

export interface FilePage {
  /**
   * In the order of their names' UTF-8 bytes, files and folders mixed. A folder is shown once, even
   * when its files would span pages. Names added or removed between pages make no other name appear
   * twice or be left out.
   */
  readonly entries: readonly (FileEntry | FolderEntry)[]
  /** Opaque to core; left out on the last page. A last page is empty only when it is the first. */
  readonly next?: string
}

export interface ReadCallOptions extends CallOptions {
  readonly conditions: ReadConditions
}

export interface OpenCallOptions extends ReadCallOptions {
  readonly range?: ByteRange
}

/**
 * A stream that can also be read into buffers that the reader has already, for providers whose
 * reads do not break off half-way, as those of a connection do. It is read in one way or the other.
 * That `readInto` stands on the stream itself keeps wrappers honest: one that puts a stream of its
 * own in its place leaves no way around it.
 */
export interface DirectReadable extends Readable {
  /**
   * Reads the next bytes into the buffer from its beginning; how many: 0 only at the end, and fewer
   * than fit only before it. Rejects where the stream would error, with the same `StorageError`.
   * One call at a time. After `destroy`, whoever still reads into a buffer is waited for before
   * `close` is emitted.
   */
  readInto(buffer: Buffer): Promise<number>
}

/** A file open for reading. */
export type OpenFile = ResolvedRange & {
  /** Of the whole file, whatever the range. */
  readonly info: FileInfo
} & (
    | {
        /**
         * Exactly `length` bytes from `offset`, all of the version that `info` describes; when that
         * can't be kept up, the stream fails. It errors with a `StorageError`; after one that can
         * be tried again (`CONNECTION_LOST` and its like) core opens the rest under the same ETag.
         * Destroying it frees the connection or descriptor at once; it is always read to its end or
         * destroyed.
         */
        readonly stream: Readable | DirectReadable
      }
    | {
        /**
         * The same bytes at once, for small files that the provider has in memory anyway. Nothing
         * is left open.
         */
        readonly bytes: Uint8Array
      }
  )

/**
 * A body as a provider gets it: bytes in memory, or, where `capabilities.streamingPut` is true, an
 * iterable. Once the call has settled, bytes in memory are not the provider's any more: other bytes
 * are written over them. When an iterable throws, nothing may be stored, and the error is passed on
 * unchanged; this is how core stops a body that is too long, too short or has the wrong checksum,
 * and how a pending read ends when the call's signal is aborted. A provider that stops early leaves
 * the loop, which ends the source.
 */
export type ProviderBody = Uint8Array | AsyncIterable<Uint8Array>

/** What a writer says of a file, as a provider gets it. */
export interface WriteCallOptions extends CallOptions {
  /** `contentType` is always there; `metadata` has lower-case keys. */
  readonly attributes: FileAttributes & {
    readonly contentType: string
    readonly metadata: Readonly<Record<string, string>>
  }
  readonly conditions: WriteConditions
  /**
   * Verified by core while the body flows when MD5 or SHA-256; the provider keeps those in
   * `capabilities.checksums`.
   */
  readonly checksums: Checksums
  readonly acl?: string
  /** Only names of `capabilities.nativeOptions`. */
  readonly native: Readonly<Record<string, unknown>>
}

export interface PutCallOptions extends WriteCallOptions {
  /** Bytes, when known. Core has made sure that the body has exactly so many, or that it throws. */
  readonly size?: number
}

export interface CopyCallOptions extends CallOptions {
  /** Replace the source's attributes as a whole; kept when left out. */
  readonly attributes?: WriteCallOptions['attributes']
  /** On the target. */
  readonly conditions: WriteConditions
  /** On the source; `PRECONDITION_FAILED`. */
  readonly ifSourceMatch?: string
  readonly acl?: string
  readonly native: Readonly<Record<string, unknown>>
}

export interface RemoveCallOptions extends CallOptions {
  readonly conditions: Pick<WriteConditions, 'ifMatch'>
}

export interface RemoveOutcome {
  readonly file: string
  /** Left out when the file is gone, also when there was none. */
  readonly error?: StorageError
}

/** Which part upload: enough to look at its parts and to abort it. */
export interface PartUploadReference {
  readonly container: string
  readonly file: string
  /** Opaque. Printable ASCII. */
  readonly id: string
}

/**
 * A part upload. Its state is in the service alone: anybody who holds these four values continues
 * it, in any process. Every part but the last has `partSize` bytes, so parts may be sent in any
 * order, by anyone, several at once. (Core checks that, with one exception of its own: where
 * `streamingPut` is false, a body of unknown length that has used up half of the service's parts
 * goes on in larger ones, one after the other. Such providers join parts by number, whatever their
 * sizes.)
 */
export interface PartUpload extends PartUploadReference {
  /** Bytes. */
  readonly partSize: number
}

export interface StartUploadCallOptions extends Omit<WriteCallOptions, 'conditions'> {
  /** Bytes; within `capabilities.parts`. */
  readonly partSize: number
}

export interface UploadPartCallOptions extends CallOptions {
  /** 1 to `capabilities.parts.maxParts`. */
  readonly partNumber: number
  /** Bytes, when known; never more than `upload.partSize`. */
  readonly size?: number
}

export interface UploadedPart {
  readonly partNumber: number
  /** Bytes. */
  readonly size: number
  /** Opaque: what `completeUpload` must be given for this very content of the part. */
  readonly tag: string
}

export interface PartPage {
  /** In the order of their numbers. */
  readonly entries: readonly UploadedPart[]
  readonly next?: string
}

export interface CompleteUploadCallOptions extends CallOptions {
  /**
   * One or more, in the order of their numbers, which run from 1 without a gap. Parts that were
   * sent and are not here are left out.
   */
  readonly parts: readonly UploadedPart[]
  readonly conditions: WriteConditions
}

/** A part upload that was started and neither completed nor aborted. */
export interface UnfinishedUpload extends PartUploadReference {
  /**
   * Bytes; left out where the service does not keep it (Amazon), and known then to whoever started
   * the upload.
   */
  readonly partSize?: number
  readonly started: Date
}

export interface UploadPage {
  readonly entries: readonly UnfinishedUpload[]
  readonly next?: string
}

export interface SignUrlCallOptions extends CallOptions {
  readonly method: 'GET' | 'PUT'
  /** Seconds; 1 to `capabilities.signedUrls.maxExpiresIn`. */
  readonly expiresIn: number
  /** PUT: the content type that the request must have; `null`: it must have none. Left out: any. */
  readonly contentType?: string | null
  /** PUT: bytes that the request must have. */
  readonly size?: number
  /** GET: headers that the answer shall have. */
  readonly responseHeaders?: Omit<FileAttributes, 'expires' | 'metadata'>
}

export interface SignedUrl {
  readonly url: string
  readonly method: 'GET' | 'PUT'
  /** Headers that the request must have beside the URL. */
  readonly headers: Readonly<Record<string, string>>
  readonly expires: Date
}

/** The methods that every provider has. */
export interface RequiredMethods {
  listContainers(options: ListCallOptions): Promise<ContainerPage>
  /** `CONTAINER_EXISTS` when it does, whoever owns it. Of several at once, one wins. */
  createContainer(container: string, options: CallOptions): Promise<ContainerInfo>
  /** `CONTAINER_NOT_FOUND`. */
  getContainer(container: string, options: CallOptions): Promise<ContainerInfo>
  /**
   * With its files and unfinished uploads; with `onlyIfEmpty`, `CONTAINER_NOT_EMPTY` when it holds
   * a file, and all is left as it was.
   */
  destroyContainer(container: string, options: CallOptions & { readonly onlyIfEmpty: boolean }): Promise<void>

  listFiles(container: string, options: ListFilesCallOptions): Promise<FilePage>
  /** `FILE_NOT_FOUND`, `PRECONDITION_FAILED`, `NOT_MODIFIED`. */
  getFile(container: string, file: string, options: ReadCallOptions): Promise<FileInfo>
  /**
   * As `getFile`, and `RANGE_NOT_SATISFIABLE` with `details.size`. Conditions come before the
   * range.
   */
  openFile(container: string, file: string, options: OpenCallOptions): Promise<OpenFile>
  /**
   * `PRECONDITION_FAILED`, `NAME_CONFLICT`, `NO_SPACE`. What is returned equals a later `getFile`
   * in every property it has, but for `replaced`.
   */
  putFile(container: string, file: string, body: ProviderBody, options: PutCallOptions): Promise<WrittenFile>
  /** `FILE_NOT_FOUND`, `PRECONDITION_FAILED`. */
  removeFile(container: string, file: string, options: RemoveCallOptions): Promise<void>
  /**
   * Any number of files, no name twice. One outcome for each file in their order; a file that does
   * not exist counts as removed. Rejects only when nothing could be tried at all. Names whose error
   * can be tried again are asked for again.
   */
  removeFiles(container: string, files: readonly string[], options: CallOptions): Promise<readonly RemoveOutcome[]>
  /**
   * A copy on the service, of any size, atomic like a write. The errors of `getFile` for the source
   * and `putFile` for the target. Source and target may be the same, with new attributes or none.
   */
  copyFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile>
  /** Frees connections. Called at most once. */
  close(): Promise<void>
}

/** Moves as one step of the service. */
export interface MovingMethods {
  /**
   * Only where the service has it as one step, cheaper than copy and removal: afterwards the source
   * is gone and the target is there. Without it core copies, then removes the source. Source and
   * target differ.
   */
  moveFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile>
}

/** Multipart uploads: all of these methods, or none and `capabilities.parts` is false. */
export interface UploadMethods {
  startUpload(container: string, file: string, options: StartUploadCallOptions): Promise<PartUpload>
  /** Sent again, the last one counts. `UPLOAD_NOT_FOUND`. */
  uploadPart(upload: PartUpload, body: ProviderBody, options: UploadPartCallOptions): Promise<UploadedPart>
  /** `UPLOAD_NOT_FOUND`. */
  listParts(upload: PartUploadReference, options: ListCallOptions): Promise<PartPage>
  /**
   * The file appears, whole. `INVALID_PART` when a part is missing or its tag is wrong, and from
   * services that cannot leave out parts that were sent; `UPLOAD_NOT_FOUND`, also when it was
   * completed; the errors of `putFile`. After an error other than `UPLOAD_NOT_FOUND` the upload can
   * still be completed or aborted. Attributes and checksums are those given at the start, also when
   * another process completes.
   */
  completeUpload(upload: PartUpload, options: CompleteUploadCallOptions): Promise<WrittenFile>
  /**
   * What was sent is thrown away. Not an error when the upload is unknown, completed or already
   * aborted; a completed file stays.
   */
  abortUpload(upload: PartUploadReference, options: CallOptions): Promise<void>
  /** Unfinished uploads of names that begin with the prefix. */
  listUploads(container: string, options: ListCallOptions & { readonly prefix: string }): Promise<UploadPage>
}

/** Signed URLs. */
export interface SigningMethods {
  /**
   * Left out, and `capabilities.signedUrls` false, when the service has none. `INVALID_NAME` for a
   * file whose name the service's URLs cannot express, though it holds the file.
   */
  signUrl(container: string, file: string, options: SignUrlCallOptions): Promise<SignedUrl>
}

export interface StorageProvider
  extends RequiredMethods,
    Partial<MovingMethods>,
    Partial<UploadMethods>,
    Partial<SigningMethods> {
  /** As in a data source's `provider`, such as `filesystem`; in errors and diagnostics. */
  readonly name: string
  readonly capabilities: Capabilities
  /**
   * The service's own client, for what the contract does not have. Documented in the README under
   * "Native access".
   */
  readonly native: unknown
}

/**
 * The methods of {@link StorageProvider}, so that a wrapper can be checked for forwarding each of
 * them.
 */
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
  'signUrl',
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
