/** The properties of containers and files. */

import type { HeaderAttributes } from './attributes.js'

/** A container. Providers may add properties, which their README documents. */
export interface ContainerInfo {
  readonly name: string
  /** When the container was created, if the service reports it. */
  readonly created?: Date
  /** On the filesystem, the directory's own size in bytes and its times, as `stat` reports them. */
  readonly size?: number
  readonly atime?: Date
  readonly mtime?: Date
  readonly ctime?: Date
}

/** A file in a list. */
export interface FileEntry {
  readonly container: string
  readonly name: string
  /** Size in bytes. */
  readonly size: number
  /** When the content was last written. Never decreases from one version to the next. */
  readonly mtime: Date
  /**
   * On the filesystem, the times of the last access and of the last inode change, as `stat` reports
   * them.
   */
  readonly atime?: Date
  readonly ctime?: Date
  /** With its quotes (`"…"`), strong (RFC 9110, 8.8.3): it changes whenever the content changes. */
  readonly etag?: string
  readonly folder?: undefined
}

/**
 * In a list with a delimiter: all files whose names share a prefix up to the delimiter. Folders are
 * not stored.
 */
export interface FolderEntry {
  readonly container: string
  /** The shared prefix, including the delimiter. */
  readonly name: string
  readonly folder: true
}

/** Checksums in lower-case hexadecimal. */
export interface Checksums {
  readonly md5?: string
  readonly sha256?: string
  readonly crc32c?: string
}

export type ChecksumAlgorithm = keyof Checksums

/** The attributes that a writer sets and a reader gets back. */
export interface FileAttributes extends HeaderAttributes {
  /** A media type with its parameters (RFC 9110, 8.3.1). */
  readonly contentType?: string
  /** The user's own keys and values. Keys are case-insensitive, and returned in lower case. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** All properties of a file. */
export interface FileInfo extends FileEntry, FileAttributes {
  readonly etag: string
  readonly contentType: string
  /** Empty if the file has no metadata. */
  readonly metadata: Readonly<Record<string, string>>
  /**
   * When the file was created, if the service reports it; never after `mtime`. Whether it survives
   * an overwrite depends on the provider.
   */
  readonly created?: Date
  /** The checksums that the service stores; empty if there are none. */
  readonly checksums: Checksums
}

/**
 * A file that was just written. `mtime` is missing if the service reports it only in a separate
 * request.
 */
export type WrittenFile = Omit<FileInfo, 'mtime'> & {
  readonly mtime?: Date
  /**
   * Whether the write replaced a file of this name; missing if unknown
   * (`capabilities.tellsReplaced`).
   */
  readonly replaced?: boolean
}

/** The location of a file. */
export interface FileLocation {
  readonly container: string
  readonly file: string
}
