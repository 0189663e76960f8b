/**
 * Containers and files in the shape that LoopBack applications expect: the properties are fields of
 * the object, and `getMetadata()` returns them too.
 */
import type { ContainerInfo, FileEntry, FileInfo, FolderEntry, WrittenFile } from '@stowage/core'

/** The properties of a container or a file. */
export type Metadata = Readonly<Record<string, unknown>>

abstract class Entity {
  readonly name: string
  readonly #metadata: Metadata
  readonly #raw: object

  constructor(name: string, metadata: Metadata, raw: object) {
    this.name = name
    this.#metadata = metadata
    this.#raw = raw
    Object.assign(this, metadata)
  }

  /** Returns the properties that are sent to clients. */
  getMetadata(): Metadata {
    return this.#metadata
  }

  /**
   * Returns the description by `@stowage/core`, before its properties were translated to the names
   * of the storage component.
   */
  getRawMetadata(): object {
    return this.#raw
  }

  /** Returns the same properties as {@link getMetadata}. */
  toJSON(): Metadata {
    return this.#metadata
  }
}

/**
 * A container: `name`, on the filesystem also `size`, `atime`, `mtime` and `ctime`, and further
 * properties that the service reports.
 */
export class Container extends Entity {
  declare readonly size?: number
  declare readonly atime?: Date
  declare readonly mtime?: Date
  declare readonly ctime?: Date
  declare readonly created?: Date

  constructor(info: ContainerInfo) {
    super(info.name, known({ ...info }), info)
  }
}

/**
 * A file: `container`, `name`, `size`, its times, and further properties that the service reports.
 * In a list with a delimiter also a folder, which has only `container`, `name` and `folder`.
 */
export class File extends Entity {
  declare readonly container: string
  /** Bytes. */
  declare readonly size?: number
  declare readonly mtime?: Date
  /** Only on the filesystem. */
  declare readonly atime?: Date
  /** Only on the filesystem. */
  declare readonly ctime?: Date
  /** The same as `mtime`, under its old name. On all providers except the filesystem. */
  declare readonly lastModified?: Date
  /** The same as `size`, under its old name. Only on OpenStack and Rackspace. */
  declare readonly bytes?: number
  /** Without quotes. */
  declare readonly etag?: string
  declare readonly contentType?: string
  declare readonly metadata?: Readonly<Record<string, string>>
  declare readonly folder?: true
  /** The URL of the file. Only on Amazon, for a file that was just stored. */
  declare readonly location?: string

  constructor(
    info: FileInfo | FileEntry | WrittenFile | FolderEntry,
    { provider, location }: { readonly provider: string; readonly location?: string | undefined },
  ) {
    super(info.name, info.folder ? { ...info } : { ...fileMetadata(info, provider), ...known({ location }) }, info)
  }
}

function fileMetadata(info: FileInfo | FileEntry | WrittenFile, provider: string): Metadata {
  const { container, name, size, atime, mtime, ctime, etag, ...more } = info
  return known({
    container,
    name,
    size,
    atime,
    mtime,
    ctime,
    ...(provider === 'filesystem' ? {} : { lastModified: mtime }),
    ...(provider === 'openstack' || provider === 'rackspace' ? { bytes: size } : {}),
    etag: etag?.replace(/^"(.*)"$/, '$1'),
    ...more,
  })
}

const known = (properties: Record<string, unknown>): Metadata =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined))
