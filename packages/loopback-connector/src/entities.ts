/**
 * Containers and files as LoopBack applications know them: their properties on the object itself, and again as metadata.
 */
import type { ContainerInfo, FileEntry, FileInfo, FolderEntry, WrittenFile } from '@stowage/core'

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

  /** The properties, as they are sent to clients. */
  getMetadata(): Metadata {
    return this.#metadata
  }

  /** What the storage itself says, before it was put into the storage component's words. */
  getRawMetadata(): object {
    return this.#raw
  }

  toJSON(): Metadata {
    return this.#metadata
  }
}

/** A container: `name`, on the filesystem `size`, `atime`, `mtime` and `ctime`, and what more the service says. */
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

/** A file: `container`, `name`, `size`, its times, and what more the service says. In a list with a delimiter also a folder. */
export class File extends Entity {
  declare readonly container: string
  /** Bytes. */
  declare readonly size?: number
  declare readonly mtime?: Date
  /** On the filesystem. */
  declare readonly atime?: Date
  declare readonly ctime?: Date
  /** Elsewhere: the same as `mtime`, under its old name. */
  declare readonly lastModified?: Date
  /** On Swift and Rackspace: the same as `size`, under its old name. */
  declare readonly bytes?: number
  /** Without quotes. */
  declare readonly etag?: string
  declare readonly contentType?: string
  declare readonly metadata?: Readonly<Record<string, string>>
  declare readonly folder?: true

  /** On Amazon, of a file that was just stored: its address. */
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
