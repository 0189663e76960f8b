/**
 * What is known of containers and files.
 */

import type { HeaderAttributes } from './attributes.js'

/**
 * A container. Providers may know more than this; what they know more is documented in their
 * README.
 */
export interface ContainerInfo {
  readonly name: string
  /** When it was created, where the service says so. */
  readonly created?: Date
  /** On the filesystem, the directory's own size in bytes and times, as `stat` gives them. */
  readonly size?: number
  readonly atime?: Date
  readonly mtime?: Date
  readonly ctime?: Date
}

/** A file as a list shows it. */
export interface FileEntry {
  readonly container: string
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** When the content was last written. Never goes back from one version to the next. */
  readonly mtime: Date
  /**
   * On the filesystem, the times of last access and of the last change of the inode, as `stat`
   * gives them.
   */
  readonly atime?: Date
  readonly ctime?: Date
  /** In quoted form (`"…"`), strong (RFC 9110, 8.8.3): it changes whenever the content changes. */
  readonly etag?: string
  readonly folder?: undefined
}

/**
 * In a list with a delimiter: all files whose names share a prefix up to the delimiter. Nothing
 * that is stored.
 */
export interface FolderEntry {
  readonly container: string
  /** The shared prefix, with the delimiter at its end. */
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

/** What a writer says of a file, and a reader gets back. */
export interface FileAttributes extends HeaderAttributes {
  /** A media type (RFC 9110, 8.3.1), parameters included. */
  readonly contentType?: string
  /** Pairs of the user's own. Keys are compared without case and given back in lower case. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** All that is known of a file. */
export interface FileInfo extends FileEntry, FileAttributes {
  readonly etag: string
  readonly contentType: string
  /** Empty when there is none. */
  readonly metadata: Readonly<Record<string, string>>
  /** When the file was created, where the service says so; never after `mtime`. */
  readonly created?: Date
  /** The checksums that the service keeps of the content; empty when there is none. */
  readonly checksums: Checksums
}

/**
 * What is known of a file just written. `mtime` is left out where the service says it only when
 * asked again.
 */
export type WrittenFile = Omit<FileInfo, 'mtime'> & {
  readonly mtime?: Date
  /**
   * Whether there was a file of this name before; left out where nobody knows
   * (`capabilities.tellsReplaced`).
   */
  readonly replaced?: boolean
}

/** A file's place. */
export interface FileLocation {
  readonly container: string
  readonly file: string
}
