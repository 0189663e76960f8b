/**
 * Clearing what killed processes have left, and freeing what was thrown away.
 */

import { locksPath, temporaryPath } from '../disk/bookkeeping.js'
import type { Directories } from '../disk/directories.js'
import type { Lease } from '../disk/lease.js'
import type { Locks } from '../disk/locks.js'
import { ownerState } from '../disk/owner.js'
import { ignoreFailure, lstatIfThere, readdirIfThere } from '../disk/system.js'
import { type LeftTree, removeTrees, type Tree, throwAway } from '../disk/tree-removal.js'
import { unlessUnreadable } from '../disk/unreadable.js'
import { throwIfAborted, treesLeft, warn } from '../errors.js'
import { completing, isCompleted, uploadData, uploadsPath } from '../uploads/layout.js'
import type { AttributeStore } from './attributes.js'
import { attributesPath } from './attributes.js'
import { containerLock, lockOf, placeOfPath } from './places.js'
import { versionOf } from './versions.js'

/** Milliseconds after which a temporary file of another machine counts as left behind. */
const maxAgeElsewhere = 86_400_000

/** What the cleaner needs of the root. */
export interface CleanedRoot {
  readonly directories: Directories
  readonly locks: Locks
  readonly attributes: AttributeStore
}

export class Cleaner {
  readonly #root: CleanedRoot
  readonly #stop = new AbortController()
  #started: Promise<void> | undefined
  /** What this process could not remove. */
  #left: LeftTree[] = []

  constructor(root: CleanedRoot) {
    this.#root = root
  }

  /** Begins to clear what dead processes have left, on the side, the first time that it is called. */
  startOnce(): void {
    this.#started ??= this.#clearLeftBehind(this.#stop.signal).catch(ignoreFailure)
  }

  stop(): void {
    this.#stop.abort()
  }

  /**
   * Everything: also what is kept for files that other programs have removed or changed. Fails in
   * the end when something could not be removed.
   */
  async clean(signal: AbortSignal): Promise<void> {
    // What the first write began may be in the middle of what this would find.
    if (this.#started !== undefined) await unlessAborted(this.#started, signal)
    throwIfAborted(signal)
    await this.#remove(this.#left.splice(0))
    await this.#clearLeftBehind(signal)
    await this.#clearAttributes(signal)
    if (this.#left.length > 0) throw treesLeft(this.#left)
  }

  async #clearLeftBehind(signal: AbortSignal): Promise<void> {
    await this.#clearOwned(signal)
    await this.#clearUploads(signal)
  }

  /** Removes what was moved to `.stowage/tmp`. When the signal is aborted it goes on, unattended. */
  async free(trees: readonly Tree[], signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#remove(trees).catch(ignoreFailure), signal)
  }

  async #remove(trees: readonly Tree[]): Promise<void> {
    if (trees.length === 0) return
    for (const tree of await removeTrees(this.#root.directories, trees)) {
      this.#left.push(tree)
      warn(treesLeft([tree]))
    }
  }

  /** Temporary files and locks, whose owners are known by name. */
  async #clearOwned(signal: AbortSignal): Promise<void> {
    const { directories, locks } = this.#root
    using temporaries = await directories.hold(temporaryPath)
    for (const name of temporaries === undefined ? [] : await readdirIfThere(temporaries.here)) {
      throwIfAborted(signal)
      // A name with a number is what keeps a thread from going on, which may have ended long before its process.
      if (temporaries === undefined || (ownerState(name) === 'alive' && !name.includes('.'))) continue
      if (ownerState(name) === 'dead' || (await isOld(temporaries.at(name))))
        await this.#remove([{ entry: name, path: `${temporaryPath.join('/')}/${name}` }])
    }
    using held = await directories.hold(locksPath)
    if (held !== undefined) await locks.breakStale(held, await readdirIfThere(held.here), signal)
  }

  async #clearAttributes(signal: AbortSignal): Promise<void> {
    const { attributes, directories, locks } = this.#root
    for (const container of await this.#containersIn(attributesPath)) {
      if (await this.#clearForMissing(container, attributesPath, signal)) continue
      for await (const { path, version } of attributes.keptVersions(container)) {
        throwIfAborted(signal)
        const place = placeOfPath(path)
        if (place === undefined) continue
        const look = async () => {
          using directory = await directories.hold(place.directory)
          return { present: directory && (await lstatIfThere(directory.at(place.entry))) }
        }
        const seen = await unlessUnreadable(place.directory, look)
        if (seen === undefined) continue
        if (seen.present !== undefined && versionOf(seen.present) === version) continue
        // It may belong to a version that is about to appear: that is known only under the lock.
        const removeOthers = async (lease: Lease) => {
          const { present } = await look()
          await attributes.removeOthers(place, present, lease)
        }
        await locks.hold([lockOf(place)], signal, removeOthers, { evenWhenFull: true })
      }
    }
  }

  async #clearUploads(signal: AbortSignal): Promise<void> {
    const { directories, locks } = this.#root
    for (const container of await this.#containersIn(uploadsPath)) {
      if (await this.#clearForMissing(container, uploadsPath, signal)) continue
      using uploads = await directories.hold([...uploadsPath, container])
      if (uploads === undefined) continue
      for (const id of await readdirIfThere(uploads.here)) {
        throwIfAborted(signal)
        if (!isCompleted(await lstatIfThere(uploads.at(`${id}/${uploadData}`)))) continue
        // Completed, or about to be. The process that does that removes the rest, unless it was killed before it could.
        using upload = await directories.hold([...uploadsPath, container, id])
        if (upload === undefined) continue
        const broken = await locks.breakStale(upload, [completing.name], signal)
        // A name that the data had only for the completion went with the lock.
        if (broken.length > 0 && isCompleted(await lstatIfThere(upload.at(uploadData)))) {
          await this.#throwAway([...uploadsPath, container, id])
        }
      }
    }
  }

  async #containersIn(segments: readonly string[]): Promise<string[]> {
    using directory = await this.#root.directories.hold(segments)
    return directory === undefined ? [] : readdirIfThere(directory.here)
  }

  /** Removes what is kept for a container that does not exist; whether it does not. */
  async #clearForMissing(container: string, segments: readonly string[], signal: AbortSignal): Promise<boolean> {
    const { directories, locks } = this.#root
    const clear = async (lease: Lease) => {
      using held = await directories.hold([container])
      if (held !== undefined) return false
      await this.#throwAway([...segments, container], lease)
      return true
    }
    return locks.hold([containerLock(container)], signal, clear, { evenWhenFull: true })
  }

  async #throwAway(segments: readonly string[], lease?: Lease): Promise<void> {
    const tree = await throwAway(this.#root.directories, segments, lease)
    if (tree !== undefined) await this.#remove([tree])
  }
}

/** Waits for work that goes on by itself, until it is done or the signal is aborted. */
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
  const stats = await lstatIfThere(path)
  return stats !== undefined && Date.now() - Number(stats.mtimeMs) > maxAgeElsewhere
}
