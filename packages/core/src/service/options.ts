/**
 * What applications pass to a {@link StorageService}, and get back beyond what providers know.
 */
import type { Readable, Writable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { WriteConditions } from '../contract/conditions.js'
import type { Checksums, FileAttributes, FileInfo } from '../contract/files.js'
import type { ByteRange } from '../contract/range.js'

/** Accepted by every operation. */
export interface OperationOptions {
  /**
   * Aborting it ends the operation with `ABORTED`, whose `cause` is the signal's reason; nothing
   * half-done remains.
   */
  readonly signal?: AbortSignal
  /**
   * Milliseconds from the call, 1 to 2^31 - 1: what takes longer ends with `TIMEOUT`. For
   * `openFile` and `downloadStream`, the time until the file is open; for `uploadStream`, the time
   * until the file is stored. Default: none.
   */
  readonly timeout?: number
}

/** One page of a list. */
export interface Page<T> {
  readonly entries: readonly T[]
  /**
   * Continues the list after this page; left out on the last one. Good for the same container,
   * prefix and delimiter alone.
   */
  readonly cursor?: string
}

export interface PageOptions {
  /**
   * Entries in the page, 1 or more; a page may have fewer. Default and maximum: the provider's
   * `capabilities.maxPageSize`.
   */
  readonly limit?: number
  /**
   * The cursor of the page before; `INVALID_ARGUMENT` when it is not one, or belongs to another
   * list.
   */
  readonly cursor?: string
}

export interface ListOptions extends OperationOptions {
  /**
   * Entries asked of the service in one request; default and maximum: the provider's
   * `capabilities.maxPageSize`.
   */
  readonly pageSize?: number
}

export interface ListFilesOptions extends ListOptions {
  /** Only names that begin with this. */
  readonly prefix?: string
  /**
   * Shows names that hold this after the prefix as one folder, up to and including its first
   * occurrence.
   */
  readonly delimiter?: string
  /** Only names greater than this, by UTF-8 bytes. */
  readonly startAfter?: string
}

/** One ETag, several (any of them meets the condition), or `*` for any existing file. */
export type EntityTags = string | readonly string[]

/** Conditions on a read, with the meaning they have in HTTP (RFC 9110, 13.1). */
export interface ReadFileConditions {
  /** Only if the file has (one of) these ETags, else `PRECONDITION_FAILED`. */
  readonly ifMatch?: EntityTags
  /** Only if the file has none of these ETags, else `NOT_MODIFIED`. */
  readonly ifNoneMatch?: EntityTags
  readonly ifModifiedSince?: Date
  readonly ifUnmodifiedSince?: Date
}

export interface GetFileOptions extends OperationOptions, ReadFileConditions {}

export interface OpenFileOptions extends GetFileOptions {
  readonly range?: ByteRange
  /**
   * Hash the content as it is read and end with `CHECKSUM_MISMATCH` when it is not what the service
   * says it should be. Only for whole files; without effect when the service keeps no MD5 or
   * SHA-256 of the file. Default: false.
   */
  readonly verify?: boolean
}

/** A file open for reading. Read `stream` to its end, use one of the methods, or `close()` it. */
export interface OpenedFile extends AsyncDisposable {
  /** Of the whole file, whatever the range. */
  readonly info: FileInfo
  /** Where the bytes begin in the file, and how many they are. */
  readonly offset: number
  readonly length: number
  readonly stream: Readable
  /**
   * The bytes, when they came with the opening, as those of small files may; then nothing is open,
   * and nothing needs to be read or closed.
   */
  readonly content: Uint8Array | undefined
  bytes(): Promise<Buffer>
  text(): Promise<string>
  /**
   * Writes the bytes to a writable, such as the answer to a request, and ends it. Settles when the
   * writable has finished. When reading fails the writable is destroyed, so that nobody takes what
   * came for the whole; when the writable is closed before its end, reading stops. Rejects with a
   * `StorageError` (`ABORTED` in the latter case). Instead of `stream`.
   */
  sendTo(writable: Writable, options?: SendOptions): Promise<void>
  close(): Promise<void>
}

export interface SendOptions {
  /**
   * Whether the writable is done with a chunk, and keeps no part of it, when it calls back: true of
   * sockets, files and Node's own HTTP answers; not of streams that hand chunks on, as a
   * `PassThrough` does. Large files then take half of the processor time, where the provider can
   * read into buffers that are used again. Default: false.
   */
  readonly reuseBuffers?: boolean
}

/**
 * Every kind of body: bytes, text (as UTF-8), or a stream of either. A stream or an iterator can be
 * stored once; one that was read before, is being read, was destroyed or decodes its bytes is
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

/** How a file is written. */
export interface WriteOptions extends OperationOptions, FileAttributes, WriteConditions {
  /** Bytes: the body must have exactly so many, else `SIZE_MISMATCH` and nothing is stored. */
  readonly size?: number
  /**
   * Bytes: a longer body is refused with `TOO_LARGE` as soon as it is known to be, and nothing is
   * stored.
   */
  readonly maxSize?: number
  /**
   * In lower-case hexadecimal: a body with another checksum is refused with `CHECKSUM_MISMATCH` and
   * nothing is stored.
   */
  readonly checksums?: Checksums
  /**
   * Without `contentType`: find it by name, else by the first bytes, when true;
   * `application/octet-stream` when false. Default: true.
   */
  readonly detectContentType?: boolean
  /** A canned access list of the service; `NOT_SUPPORTED` where `capabilities.acl` is false. */
  readonly acl?: string
  /** The service's own options, named in `capabilities.nativeOptions`. */
  readonly native?: Readonly<Record<string, unknown>>
  /**
   * Bytes of a part, when the body goes up in parts. Grows by itself so that the service's limit of
   * parts is kept.
   */
  readonly partSize?: number
  /**
   * Parts that go up at the same time, 1 or more. Memory is bounded by `partSize × parallelism`.
   */
  readonly parallelism?: number
  /** Called with the bytes handed to the service so far. */
  readonly onProgress?: (bytes: number) => void
}

export interface CopyFileOptions extends OperationOptions, WriteConditions {
  /** Replace the source's attributes as a whole; kept when left out. */
  readonly attributes?: FileAttributes
  /** Copy only this version of the source, else `PRECONDITION_FAILED`. */
  readonly ifSourceMatch?: string
  readonly acl?: string
  readonly native?: Readonly<Record<string, unknown>>
}

export interface CreateContainerOptions extends OperationOptions {
  readonly name: string
  /**
   * When there is such a container already, return it instead of failing with `CONTAINER_EXISTS`.
   * Default: false.
   */
  readonly ifNotExists?: boolean
}

export interface RemoveFileOptions extends OperationOptions {
  /** Remove only this version, else `PRECONDITION_FAILED`. */
  readonly ifMatch?: string
}

export interface StartUploadOptions extends OperationOptions, FileAttributes {
  /** Bytes of every part but the last; default 8 MiB, or what `size` needs. */
  readonly partSize?: number
  /**
   * Bytes of the whole file, when known: the default part size then keeps the service's limit of
   * parts.
   */
  readonly size?: number
  /**
   * Kept with the file where the service does; not verified, since no one process sees all parts.
   */
  readonly checksums?: Checksums
  readonly acl?: string
  readonly native?: Readonly<Record<string, unknown>>
}

export interface PurgeUploadsOptions extends OperationOptions {
  /** Only uploads started before this. Default: all. */
  readonly startedBefore?: Date
  readonly prefix?: string
}

export interface SignUrlOptions extends OperationOptions {
  readonly method: 'GET' | 'PUT'
  /** Seconds, from 1. */
  readonly expiresIn: number
  readonly contentType?: string | null
  readonly size?: number
  readonly responseHeaders?: Omit<FileAttributes, 'expires' | 'metadata'>
}
