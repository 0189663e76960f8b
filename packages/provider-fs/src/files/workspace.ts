/**
 * The context of all calls: the root's directories, the locks, the attributes, and their common
 * operations.
 */
import type { BigIntStats } from 'node:fs'
import { containerNotFound, fileNotFound, type UrlSigner } from '@stowage/core/provider'
import { locksPath } from '../disk/bookkeeping.js'
import { CaseFolding } from '../disk/case-folding.js'
import { Directories, type DirectoriesOptions, type Directory } from '../disk/directories.js'
import { type Lease, restoreReplaced } from '../disk/lease.js'
import { Locks } from '../disk/locks.js'
import { readMark } from '../disk/system.js'
import { platform } from '../platform/platform.js'
import { AttributeStore } from './attributes.js'
import { Cleaner } from './cleaner.js'
import { type DiskLocation, type DiskPath, lockOf, readNote } from './locations.js'
import { Snapshots } from './snapshots.js'

export interface WorkspaceOptions extends DirectoriesOptions {
  /** Bytes of one read or write of a large file. */
  readonly chunkSize: number
  /**
   * Whether the volume treats names that differ only in case as the same. Default: probed before
   * the first write.
   */
  readonly foldsCase?: boolean | undefined
  /** Milliseconds without a renewal after which a lock can be broken. Default: 10,000. */
  readonly lease?: number | undefined
  /** Signs URLs of the router. Default: there are no signed URLs. */
  readonly signer?: UrlSigner | undefined
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
      recover: (notes, token, lease) => this.#recover(notes, token, lease),
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

  /** Acquires a container's directory. Throws `CONTAINER_NOT_FOUND` if it does not exist. */
  async acquireContainer(container: string): Promise<Directory> {
    const held = await this.directories.acquire([container])
    if (held !== undefined) return held
    // A missing root is not reported as a missing container.
    const root = await this.directories.root()
    root[Symbol.dispose]()
    throw containerNotFound(container)
  }

  /** Makes the error for a missing file: `FILE_NOT_FOUND`, or `CONTAINER_NOT_FOUND`. */
  async notFoundError(location: DiskLocation): Promise<unknown> {
    const container = await this.acquireContainer(location.container)
    container[Symbol.dispose]()
    return fileNotFound(location.container, location.file)
  }

  /**
   * Returns the stats of the entry at a location, whatever it is, or `undefined` if there is none.
   * Throws `CONTAINER_NOT_FOUND`.
   */
  async lstat(location: DiskLocation): Promise<BigIntStats | undefined> {
    using directory = await this.directories.acquire(location.directory)
    return this.lstatIn(directory, location)
  }

  /**
   * Same as {@link lstat}, with the directory of the location, or `undefined` if that does not
   * exist.
   */
  async lstatIn(directory: Directory | undefined, location: DiskLocation): Promise<BigIntStats | undefined> {
    if (directory === undefined) {
      const container = await this.acquireContainer(location.container)
      container[Symbol.dispose]()
      return undefined
    }
    return this.directories.direct.lstatIfExists(directory.at(location.entry))
  }

  /**
   * Returns whether a file that was just missing may be there now, and waits for that: on Windows,
   * a file that is being replaced may be missing for a moment. The caller must not hold its lock.
   */
  async mayReappear(location: DiskLocation, signal: AbortSignal): Promise<boolean> {
    if (!platform.openFilesBlock) return false
    const lock = lockOf(location)
    using locks = await this.directories.acquire(locksPath)
    if (locks === undefined || (await readMark(locks.at(lock.name))) === undefined)
      return (await this.lstat(location)) !== undefined
    // If the process that replaces it was killed, this puts the file back.
    await this.locks.withLocks([lock], signal, async () => undefined, { evenIfFull: true })
    return true
  }

  /** Deletes directories that the deletion of the file left empty, up to the container. */
  async prune(location: Pick<DiskLocation, 'directory'>): Promise<void> {
    for (let depth = location.directory.length - 1; depth > 0; depth--) {
      if (!(await this.directories.removeEmpty(location.directory.slice(0, depth + 1)))) return
    }
  }

  /**
   * Completes what a former holder of locks began and cannot continue. If a moved file has both
   * names, the old one is deleted. Attributes are deleted that belong to versions which never
   * appeared or no longer exist.
   */
  async #recover(notes: readonly string[], token: string, lease: Lease): Promise<void> {
    const changes = notes.flatMap((note) => readNote(note) ?? [])
    const source = changes.find(({ verb }) => verb === 'leave')?.location
    const target = changes.find(({ verb }) => verb === 'put')?.location
    if (target !== undefined && platform.openFilesBlock) {
      using directory = await this.directories.make(target.directory, 1)
      if (directory !== undefined) await restoreReplaced(this.directories, token, directory.at(target.entry))
    }
    if (source !== undefined && target !== undefined) await this.#completeMove(source, target, lease)
    for (const { location } of changes)
      await this.attributes.removeOthers(location, await this.#statsOf(location), lease)
  }

  async #completeMove(source: DiskPath, target: DiskPath, lease: Lease): Promise<void> {
    using directory = await this.directories.acquire(source.directory)
    const [before, after] = [await this.#statsOf(source), await this.#statsOf(target)]
    if (directory === undefined || before === undefined || !before.isFile()) return
    if (before.ino !== after?.ino || before.dev !== after.dev) return
    await lease.discard(directory.at(source.entry))
    await this.prune(source)
  }

  async #statsOf(location: DiskPath): Promise<BigIntStats | undefined> {
    using directory = await this.directories.acquire(location.directory)
    return directory && this.directories.direct.lstatIfExists(directory.at(location.entry))
  }
}
