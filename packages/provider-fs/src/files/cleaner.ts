/** Deletes what killed processes left, and discarded trees. */

import { hiddenPath, locksPath, temporaryPath } from '../disk/bookkeeping.js'
import type { Directories } from '../disk/directories.js'
import { type Lease, mayBeReplaced } from '../disk/lease.js'
import type { Locks } from '../disk/locks.js'
import { ownerState } from '../disk/owner.js'
import { ignoreFailure, lstatIfExists, readdirIfExists } from '../disk/system.js'
import { discardTree, type RemainingTree, removeTrees, type Tree } from '../disk/tree-removal.js'
import { unlessUnreadable } from '../disk/unreadable.js'
import { throwIfAborted, treesNotRemoved, warn } from '../mapping/errors.js'
import { completing, isCompleted, uploadData, uploadsPath } from '../uploads/layout.js'
import type { AttributeStore } from './attributes.js'
import { attributesPath } from './attributes.js'
import { containerLock, locationOfPath, lockOf } from './locations.js'
import { versionOf } from './versions.js'

/** Milliseconds after which a temporary file of another machine counts as left behind. */
const maxAgeElsewhere = 86_400_000

/** The parts of the workspace that the cleaner uses. */
export interface CleanedRoot {
  readonly directories: Directories
  readonly locks: Locks
  readonly attributes: AttributeStore
}

export class Cleaner {
  readonly #root: CleanedRoot
  readonly #stop = new AbortController()
  #started: Promise<void> | undefined
  /** Trees that this process could not delete. */
  #remaining: RemainingTree[] = []

  constructor(root: CleanedRoot) {
    this.#root = root
  }

  /** Starts to delete, in the background, what killed processes left, in its first call. */
  startOnce(): void {
    this.#started ??= this.#clearAbandoned(this.#stop.signal).catch(ignoreFailure)
  }

  stop(): void {
    this.#stop.abort()
  }

  /**
   * Deletes everything, also the attributes of files that other programs deleted or changed. Fails
   * at the end if something could not be deleted.
   */
  async clean(signal: AbortSignal): Promise<void> {
    // The clean-up of the first write may be deleting the same entries.
    if (this.#started !== undefined) await unlessAborted(this.#started, signal)
    throwIfAborted(signal)
    await this.#remove(this.#remaining.splice(0))
    await this.#clearAbandoned(signal)
    await this.#clearAttributes(signal)
    if (this.#remaining.length > 0) throw treesNotRemoved(this.#remaining)
  }

  async #clearAbandoned(signal: AbortSignal): Promise<void> {
    await this.#clearOwned(signal)
    await this.#clearUploads(signal)
    for (const container of await this.#containersIn(hiddenPath)) {
      throwIfAborted(signal)
      await this.#clearForMissing(container, hiddenPath, signal)
    }
  }

  /** Deletes discarded trees. Continues in the background if the signal is aborted. */
  async removeTrees(trees: readonly Tree[], signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#remove(trees).catch(ignoreFailure), signal)
  }

  async #remove(trees: readonly Tree[]): Promise<void> {
    if (trees.length === 0) return
    for (const tree of await removeTrees(this.#root.directories, trees)) {
      this.#remaining.push(tree)
      warn(treesNotRemoved([tree]))
    }
  }

  /** Deletes temporary files and locks, whose names contain their owners. */
  async #clearOwned(signal: AbortSignal): Promise<void> {
    const { directories, locks } = this.#root
    using temporaries = await directories.acquire(temporaryPath)
    const abandoned: string[] = []
    for (const name of temporaries === undefined ? [] : await readdirIfExists(temporaries.path)) {
      throwIfAborted(signal)
      // A name with a number fences off a thread, which may have ended long before its process.
      if (temporaries === undefined || (ownerState(name) === 'alive' && !name.includes('.'))) continue
      if (ownerState(name) === 'dead' || (!mayBeReplaced(name) && (await isOld(temporaries.at(name)))))
        abandoned.push(name)
    }
    // First, because this moves files back that a killed process was replacing.
    using held = await directories.acquire(locksPath)
    if (held !== undefined) await locks.breakStale(held, await readdirIfExists(held.path), signal)
    for (const name of abandoned) {
      throwIfAborted(signal)
      await this.#remove([{ entry: name, path: `${temporaryPath.join('/')}/${name}` }])
    }
  }

  async #clearAttributes(signal: AbortSignal): Promise<void> {
    const { attributes, directories, locks } = this.#root
    for (const container of await this.#containersIn(attributesPath)) {
      if (await this.#clearForMissing(container, attributesPath, signal)) continue
      for await (const { path, version } of attributes.storedVersions(container)) {
        throwIfAborted(signal)
        const location = locationOfPath(path)
        if (location === undefined) continue
        const stat = async () => {
          using directory = await directories.acquire(location.directory)
          return { present: directory && (await lstatIfExists(directory.at(location.entry))) }
        }
        const seen = await unlessUnreadable(location.directory, stat)
        if (seen === undefined) continue
        if (seen.present !== undefined && versionOf(seen.present) === version) continue
        // It may belong to a version that is about to appear, which can be checked only under the
        // lock.
        const removeOthers = async (lease: Lease) => {
          const { present } = await stat()
          await attributes.removeOthers(location, present, lease)
        }
        await locks.withLocks([lockOf(location)], signal, removeOthers, { evenIfFull: true })
      }
    }
  }

  async #clearUploads(signal: AbortSignal): Promise<void> {
    const { directories, locks } = this.#root
    for (const container of await this.#containersIn(uploadsPath)) {
      if (await this.#clearForMissing(container, uploadsPath, signal)) continue
      using uploads = await directories.acquire([...uploadsPath, container])
      if (uploads === undefined) continue
      for (const id of await readdirIfExists(uploads.path)) {
        throwIfAborted(signal)
        if (!isCompleted(await lstatIfExists(uploads.at(`${id}/${uploadData}`)))) continue
        // The upload was completed, or is about to be. The process that completes it deletes the
        // rest, unless it is killed before.
        using upload = await directories.acquire([...uploadsPath, container, id])
        if (upload === undefined) continue
        const broken = await locks.breakStale(upload, [completing.name], signal)
        // A second name of the data that existed only for the completion was deleted with the lock.
        if (broken.length > 0 && isCompleted(await lstatIfExists(upload.at(uploadData)))) {
          await this.#discardTree([...uploadsPath, container, id])
        }
      }
    }
  }

  async #containersIn(segments: readonly string[]): Promise<string[]> {
    using directory = await this.#root.directories.acquire(segments)
    return directory === undefined ? [] : readdirIfExists(directory.path)
  }

  /** Deletes the data of a container that does not exist. Returns whether it does not exist. */
  async #clearForMissing(container: string, segments: readonly string[], signal: AbortSignal): Promise<boolean> {
    const { directories, locks } = this.#root
    const clear = async (lease: Lease) => {
      using held = await directories.acquire([container])
      if (held !== undefined) return false
      await this.#discardTree([...segments, container], lease)
      return true
    }
    return locks.withLocks([containerLock(container)], signal, clear, { evenIfFull: true })
  }

  async #discardTree(segments: readonly string[], lease?: Lease): Promise<void> {
    const tree = await discardTree(this.#root.directories, segments, lease)
    if (tree !== undefined) await this.#remove([tree])
  }
}

/** Waits for work until it is done or the signal is aborted. The work continues. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>()
  const stopWaiting = () => resolve()
  signal.addEventListener('abort', stopWaiting)
  try {
    await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stopWaiting)
  }
}

async function isOld(path: string): Promise<boolean> {
  const stats = await lstatIfExists(path)
  return stats !== undefined && Date.now() - Number(stats.mtimeMs) > maxAgeElsewhere
}
