/**
 * What the rooms of this package share: the root's directories, the locks, the attributes, and looking at what is there.
 */
import type { BigIntStats } from 'node:fs'
import { containerNotFound, fileNotFound } from '@stowage/core/provider'
import { CaseFolding } from '../disk/case-folding.js'
import { Directories, type DirectoriesOptions, type Directory } from '../disk/directories.js'
import type { Lease } from '../disk/lease.js'
import { Locks } from '../disk/locks.js'
import { AttributeStore } from './attributes.js'
import { Cleaner } from './cleaner.js'
import { type OnDisk, type Place, readNote } from './places.js'
import { Snapshots } from './snapshots.js'

export interface WorkspaceOptions extends DirectoriesOptions {
  /** Bytes of one read or write of a large file. */
  readonly chunkSize: number
  /** Whether the volume takes names that differ in case alone for the same. Default: found out before the first write. */
  readonly foldsCase?: boolean | undefined
  /** Milliseconds for which a lock is left alone that its holder does not renew. Default: 10,000. */
  readonly lease?: number | undefined
}

export class Workspace {
  readonly options: WorkspaceOptions
  readonly directories: Directories
  readonly attributes: AttributeStore
  readonly locks: Locks
  readonly cleaner: Cleaner
  readonly caseFolding: CaseFolding
  readonly snapshots: Snapshots

  constructor(options: WorkspaceOptions) {
    this.options = options
    this.directories = new Directories(options)
    this.attributes = new AttributeStore(this.directories, options.fsync)
    this.locks = new Locks(this.directories, {
      lease: options.lease,
      recover: (notes, lease) => this.#recover(notes, lease),
    })
    this.cleaner = new Cleaner(this)
    this.caseFolding = new CaseFolding(this.directories, options.foldsCase)
    this.snapshots = new Snapshots(this.directories)
  }

  /** Frees descriptors and timers. */
  close(): void {
    this.cleaner.stop()
    this.directories.close()
    this.snapshots.close()
  }

  /** Holds a container; `CONTAINER_NOT_FOUND`. */
  async holdContainer(container: string): Promise<Directory> {
    const held = await this.directories.hold([container])
    if (held !== undefined) return held
    // A root that is gone is no container that is missing.
    const root = await this.directories.root()
    root[Symbol.dispose]()
    throw containerNotFound(container)
  }

  /** The error for a file that is not there: `FILE_NOT_FOUND`, or `CONTAINER_NOT_FOUND`. */
  async notFound(place: Place): Promise<unknown> {
    const container = await this.holdContainer(place.container)
    container[Symbol.dispose]()
    return fileNotFound(place.container, place.file)
  }

  /** Whatever is at the place, files or not; `undefined` when nothing is. `CONTAINER_NOT_FOUND`. */
  async look(place: Place): Promise<BigIntStats | undefined> {
    using directory = await this.directories.hold(place.directory)
    return this.lookIn(directory, place)
  }

  /** As {@link look}, in the place's directory; `undefined` when that is not there. */
  async lookIn(directory: Directory | undefined, place: Place): Promise<BigIntStats | undefined> {
    if (directory === undefined) {
      const container = await this.holdContainer(place.container)
      container[Symbol.dispose]()
      return undefined
    }
    return this.directories.direct.lstatIfThere(directory.at(place.entry))
  }

  /** Removes directories that the file's removal left empty, up to the container. */
  async prune(place: Pick<Place, 'directory'>): Promise<void> {
    for (let depth = place.directory.length - 1; depth > 0; depth--) {
      if (!(await this.directories.removeEmpty(place.directory.slice(0, depth + 1)))) return
    }
  }

  /**
   * Ends what a holder of locks has begun, and can't go on with: a move whose file has both names loses the old one, and attributes
   * are removed that were kept for versions which never appeared, or are gone.
   */
  async #recover(notes: readonly string[], lease: Lease): Promise<void> {
    const changes = notes.flatMap((note) => readNote(note) ?? [])
    const source = changes.find(({ verb }) => verb === 'leave')?.place
    const target = changes.find(({ verb }) => verb === 'put')?.place
    if (source !== undefined && target !== undefined) await this.#completeMove(source, target, lease)
    for (const { place } of changes) await this.attributes.removeOthers(place, await this.#statsOf(place), lease)
  }

  async #completeMove(source: OnDisk, target: OnDisk, lease: Lease): Promise<void> {
    using directory = await this.directories.hold(source.directory)
    const [before, after] = [await this.#statsOf(source), await this.#statsOf(target)]
    if (directory === undefined || before === undefined || !before.isFile()) return
    if (before.ino !== after?.ino || before.dev !== after.dev) return
    await lease.discard(directory.at(source.entry))
    await this.prune(source)
  }

  async #statsOf(place: OnDisk): Promise<BigIntStats | undefined> {
    using directory = await this.directories.hold(place.directory)
    return directory && this.directories.direct.lstatIfThere(directory.at(place.entry))
  }
}
