/**
 * What the rooms of this package share: the root's directories, the locks, the attributes, and looking at what is there.
 */
import type { BigIntStats } from 'node:fs'
import { containerNotFound, fileNotFound } from '@stowage/core'
import { AttributeStore } from './attributes.js'
import { CaseFolding } from './case-folding.js'
import { Cleaner } from './cleaner.js'
import { Directories, type DirectoriesOptions, type Directory } from './directories.js'
import { Locks } from './locks.js'
import { type Place, placeOfPath } from './places.js'

export interface WorkspaceOptions extends DirectoriesOptions {
  /** Bytes of one read or write of a large file. */
  readonly chunkSize: number
  /** Whether the volume takes names that differ in case alone for the same. Default: found out before the first write. */
  readonly foldsCase?: boolean | undefined
}

export class Workspace {
  readonly options: WorkspaceOptions
  readonly directories: Directories
  readonly attributes: AttributeStore
  readonly locks: Locks
  readonly cleaner: Cleaner
  readonly caseFolding: CaseFolding

  constructor(options: WorkspaceOptions) {
    this.options = options
    this.directories = new Directories(options)
    this.attributes = new AttributeStore(this.directories, options.fsync)
    this.locks = new Locks(this.directories, (note) => this.#recover(note))
    this.cleaner = new Cleaner(this)
    this.caseFolding = new CaseFolding(this.directories, options.foldsCase)
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

  /** What a killed process may have left of a write: attributes of versions that never appeared, or are gone. */
  async #recover(note: string): Promise<void> {
    const place = placeOfPath(note)
    if (place === undefined) return
    using directory = await this.directories.hold(place.directory)
    await this.attributes.removeOthers(
      place,
      directory && (await this.directories.direct.lstatIfThere(directory.at(place.entry))),
    )
  }
}
