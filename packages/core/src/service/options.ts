/** The options and results of {@link StorageService}, beyond those of providers. */
import type { Readable, Writable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { WriteConditions } from '../contract/conditions.js'
import type { Checksums, FileAttributes, FileInfo } from '../contract/files.js'
import type { ByteRange } from '../contract/range.js'
import type { UploadPolicies } from '../policy/compile.js'

/** Options of every operation. */
export interface OperationOptions {
  /**
   * Aborting it ends the operation with `ABORTED`, whose `cause` is the signal's reason. No partial
   * result remains.
   */
  readonly signal?: AbortSignal
  /**
   * Milliseconds from the call, 1 to 2^31 - 1. A longer operation fails with `TIMEOUT`. For
   * `openFile` and `downloadStream`, the time until the file is open; for `uploadStream`, until the
   * file is stored. Default: none.
   */
  readonly timeout?: number
}

/** One page of a list. */
export interface Page<T> {
  readonly entries: readonly T[]
  /**
   * Continues the list after this page; missing on the last page. Valid only for the same
   * container, prefix and delimiter.
   */
  readonly cursor?: string
}

export interface PageOptions {
  /**
   * Maximum number of entries, 1 or more; a page may have fewer. Default and maximum: the
   * provider's `capabilities.maxPageSize`.
   */
  readonly limit?: number
  /**
   * The cursor of the previous page. Fails with `INVALID_ARGUMENT` if it is invalid or belongs to
   * another list.
   */
  readonly cursor?: string
}

export interface ListOptions extends OperationOptions {
  /**
   * Entries per request to the service. Default and maximum: the provider's
   * `capabilities.maxPageSize`.
   */
  readonly pageSize?: number
}

export interface ListFilesOptions extends ListOptions {
  /** Only names with this prefix. */
  readonly prefix?: string
  /**
   * Lists names that contain this after the prefix as one folder, up to and including its first
   * occurrence.
   */
  readonly delimiter?: string
  /** Only names greater than this, by UTF-8 bytes. */
  readonly startAfter?: string
}

/** One ETag, several (one match meets the condition), or `*` for any existing file. */
export type EntityTags = string | readonly string[]

/** Conditions of a read, with the meaning that they have in HTTP (RFC 9110, 13.1). */
export interface ReadFileConditions {
  /** Fails with `PRECONDITION_FAILED` unless the file has one of these ETags. */
  readonly ifMatch?: EntityTags
  /** Fails with `NOT_MODIFIED` if the file has one of these ETags. */
  readonly ifNoneMatch?: EntityTags
  /** Fails with `NOT_MODIFIED` unless the file changed after this time. */
  readonly ifModifiedSince?: Date
  /** Fails with `PRECONDITION_FAILED` if the file changed after this time. */
  readonly ifUnmodifiedSince?: Date
}

export interface GetFileOptions extends OperationOptions, ReadFileConditions {}

export interface OpenFileOptions extends GetFileOptions {
  readonly range?: ByteRange
  /**
   * Hashes the content while it is read, and fails with `CHECKSUM_MISMATCH` if it differs from the
   * service's checksum. Only for whole files; has no effect if the service stores no MD5 or
   * SHA-256. Default: false.
   */
  readonly verify?: boolean
}

/**
 * A file that is open for reading. Read `stream` to its end, call one of the methods, or call
 * `close()`.
 */
export interface OpenedFile extends AsyncDisposable {
  /** Properties of the whole file, whatever the range. */
  readonly info: FileInfo
  /** Where the bytes begin in the file, and their number. */
  readonly offset: number
  readonly length: number
  readonly stream: Readable
  /**
   * The bytes, if they arrived with the opening, which may happen for small files. Then nothing
   * stays open, and nothing needs to be read or closed.
   */
  readonly content: Uint8Array | undefined
  bytes(): Promise<Buffer>
  text(): Promise<string>
  /**
   * Writes the bytes to a writable, such as an HTTP response, and ends it. Use it instead of
   * `stream`. Resolves when the writable has finished. If reading fails, the writable is destroyed
   * so that a truncated response cannot pass for a complete one. If the writable closes early,
   * reading stops and the call fails with `ABORTED`.
   */
  sendTo(writable: Writable, options?: SendOptions): Promise<void>
  close(): Promise<void>
}

export interface SendOptions {
  /**
   * Whether the writable no longer uses a chunk after its callback. True for sockets, files and
   * Node's own HTTP responses; false for streams that pass chunks on, such as a `PassThrough`.
   * Large files then take half of the processor time, if the provider can read into reused buffers.
   *
   * A function is called only if buffers can be reused. It returns the writable to use instead, or
   * `undefined` if no writable allows it. Default: false.
   */
  readonly reuseBuffers?: boolean | (() => Writable | undefined)
}

/**
 * A body: bytes, text (as UTF-8), or a stream of either. A stream or an iterator can be stored
 * once. One that was read before, is being read, was destroyed or decodes its bytes fails with
 * `INVALID_ARGUMENT`.
 */
export type Body =
  | Uint8Array
  | ArrayBuffer
  | string
  | Blob
  | Readable
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array>

/** Options of a write. */
export interface WriteOptions extends OperationOptions, FileAttributes, WriteConditions {
  /**
   * Bytes: the body must have this size. Otherwise the call fails with `SIZE_MISMATCH` and stores
   * nothing.
   */
  readonly size?: number
  /**
   * Bytes: fails with `TOO_LARGE` as soon as the body is known to be longer, and stores nothing.
   */
  readonly maxSize?: number
  /**
   * In lower-case hexadecimal. Fails with `CHECKSUM_MISMATCH` if the body has another checksum, and
   * stores nothing.
   */
  readonly checksums?: Checksums
  /**
   * Without `contentType`: true detects it by the name, or else by the first bytes; false stores
   * `application/octet-stream`. Default: true.
   */
  readonly detectContentType?: boolean
  /**
   * A canned access list of the service. Fails with `NOT_SUPPORTED` if `capabilities.acl` is false.
   */
  readonly acl?: string
  /** The service's own options, named in `capabilities.nativeOptions`. */
  readonly native?: Readonly<Record<string, unknown>>
  /**
   * Size of one part of a multipart upload, in bytes. Grows if the service's limit of parts
   * requires it.
   */
  readonly partSize?: number
  /**
   * Parts that are uploaded at the same time, 1 or more. Memory is bounded by `partSize ×
   * parallelism`.
   */
  readonly parallelism?: number
  /** Called with the number of bytes passed to the service so far. */
  readonly onProgress?: (bytes: number) => void
  /**
   * Rules that the file has to meet, in addition to those of the service. Nothing of a file that
   * breaks one is visible. Of several policies, all have to be met.
   */
  readonly policy?: UploadPolicies
}

export interface CopyFileOptions extends OperationOptions, WriteConditions {
  /** Replace all attributes of the source. Default: the source's attributes. */
  readonly attributes?: FileAttributes
  /**
   * Copies only this version of the source. Fails with `PRECONDITION_FAILED` if the ETag differs.
   */
  readonly ifSourceMatch?: string
  readonly acl?: string
  readonly native?: Readonly<Record<string, unknown>>
}

export interface CreateContainerOptions extends OperationOptions {
  readonly name: string
  /** Returns an existing container instead of failing with `CONTAINER_EXISTS`. Default: false. */
  readonly ifNotExists?: boolean
}

export interface RemoveFileOptions extends OperationOptions {
  /** Deletes only this version. Fails with `PRECONDITION_FAILED` if the ETag differs. */
  readonly ifMatch?: string
}

export interface StartUploadOptions extends OperationOptions, FileAttributes {
  /** Size of every part but the last, in bytes. Default: 8 MiB, or more if `size` requires it. */
  readonly partSize?: number
  /**
   * Size of the whole file in bytes, if known. The default part size then meets the service's limit
   * of parts.
   */
  readonly size?: number
  /**
   * Stored with the file if the service supports it. Not verified, because no single process sees
   * all parts.
   */
  readonly checksums?: Checksums
  readonly acl?: string
  readonly native?: Readonly<Record<string, unknown>>
}

export interface StartResumableUploadOptions extends Omit<StartUploadOptions, 'checksums'>, WriteConditions {
  /** The maximum size of the whole file, in bytes. Default: `size`, or what the parts allow. */
  readonly maxSize?: number
  /**
   * Rules that the file has to meet, in addition to those of the service. Later calls for the
   * upload need it too. If a rule needs the whole file (`scan`, `content: 'detected'`, `image` of
   * an image), all bytes are hidden until the upload is complete, and are then read and written
   * once more.
   */
  readonly policy?: UploadPolicies
  /**
   * When the quota of the policy no longer counts an upload that is not complete. Default: in a
   * day.
   */
  readonly reservedUntil?: Date
}

/** Without a size, the client has to list the parts at the end. */
export interface DirectUploadOptions extends StartResumableUploadOptions {}

export interface SignDirectPartsOptions extends OperationOptions {
  /** The number of the first part. Default: 1. */
  readonly from?: number
  /** The number of the last part. Default: that of the file's last part, or `from`. */
  readonly to?: number
  /** Lifetime in seconds, 1 to `capabilities.directUploads.maxExpiresIn`. Default: 3,600. */
  readonly expiresIn?: number
}

/** A part that a client says it has sent. */
export interface DirectPartClaim {
  readonly partNumber: number
  /** The ETag of the response, if the client has it. */
  readonly etag?: string
}

export interface CompleteDirectUploadOptions extends OperationOptions {
  /**
   * All parts, in the order of their numbers. The upload fails if the storage has others. Required
   * if the upload has no size.
   */
  readonly parts?: readonly DirectPartClaim[]
  /** The policy with which the upload was created. Only without one, `policy` may be omitted. */
  readonly policy?: UploadPolicies
}

export interface StartPartialUploadOptions extends OperationOptions {
  /** Bytes, if known. */
  readonly size?: number
  /** The maximum size, in bytes. Default: the largest file of the storage. */
  readonly maxSize?: number
  /** The maximum size of a piece in which the bytes are stored. Default: that of parts. */
  readonly partSize?: number
}

export interface ResumableUploadOptions extends OperationOptions {
  /**
   * Whether a body that this process is appending is stopped first, because its caller has lost it.
   * What arrived of it is stored. Default: no.
   */
  readonly takeOver?: boolean
  /**
   * Whether an upload whose bytes are all stored is completed, if the process that stored them has
   * not done it. Default: yes.
   */
  readonly complete?: boolean
  /** The policy with which the upload was started. Only without one, `policy` may be omitted. */
  readonly policy?: UploadPolicies
}

export interface AppendOptions extends OperationOptions {
  /** The position of the body's first byte: the upload's offset. */
  readonly offset: number
  /** Bytes of this body, if known. */
  readonly bodySize?: number
  /** Bytes of the whole file, if they were not known before. */
  readonly size?: number
  /**
   * Whether the file ends with this body. If `false`, the upload stays open even if all bytes of
   * its size are stored. Default: the file ends when it has its size.
   */
  readonly complete?: boolean
  /**
   * Called when all bytes of the file have arrived, before it appears. If it throws, they stay
   * stored, and the promise rejects with that error.
   */
  readonly beforeComplete?: () => void | Promise<void>
  /** Called with the offset when bytes were stored while the body still arrives. */
  readonly onStored?: (offset: number) => void
  /**
   * The checksum of this body. If it differs, nothing of the body is stored. The body is kept in
   * memory, so it has at most 64 MiB. A function is called after the body's end, for a checksum
   * that arrives after the body.
   */
  readonly checksum?: BodyChecksum | (() => BodyChecksum)
  /** The policy with which the upload was started. Only without one, `policy` may be omitted. */
  readonly policy?: UploadPolicies
}

/** A checksum of one body of a resumable upload. */
export interface BodyChecksum {
  readonly algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512'
  /** Hexadecimal digits in lower case. */
  readonly value: string
}

export interface PurgeUploadsOptions extends OperationOptions {
  /** Only uploads that were started before this time. Default: all. */
  readonly startedBefore?: Date
  readonly prefix?: string
}

export interface SignUrlOptions extends OperationOptions {
  readonly method: 'GET' | 'PUT'
  /** Lifetime in seconds, 1 to `capabilities.signedUrls.maxExpiresIn`. */
  readonly expiresIn: number
  /** PUT: the content type that the request must have; `null`: it must have none. Default: any. */
  readonly contentType?: string | null
  /** PUT: the size that the request's body must have, in bytes. */
  readonly size?: number
  /** GET: headers of the response. */
  readonly responseHeaders?: Omit<FileAttributes, 'expires' | 'metadata'>
}
