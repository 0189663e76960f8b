/**
 * Clearing what killed processes have left, and freeing what was thrown away.
 */
import { rm } from 'node:fs/promises'
import { attributesPath } from './attributes.js'
import { isAbsence, throwIfAborted } from './errors.js'
import { isLeftBehind, locksPath, readlinkIfThere } from './locks.js'
import { newToken, ownerState } from './owner.js'
import { containerLock, lockOf, placeOfPath } from './places.js'
import { ignoreFailure, lstatIfThere, readdirIfThere, rename } from './system.js'
import { holdTemporaries, temporaryPath } from './temporary.js'
import { completing, isCompleted, uploadData, uploadsPath } from './uploads.js'
import { versionOf } from './versions.js'
import type { Workspace } from './workspace.js'

/** Milliseconds after which a temporary file of another machine counts as left behind. */
const maxAgeElsewhere = 86_400_000

export class Cleaner {
  readonly #workspace: Workspace
  readonly #stop = new AbortController()
  #started: Promise<void> | undefined

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  /** Begins to clear what dead processes have left, on the side, the first time that it is called. */
  startOnce(): void {
    this.#started ??= this.#clearLeftBehind(this.#stop.signal).catch(ignoreFailure)
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Everything: also what is kept for files that other programs have removed or changed. */
  async clean(signal: AbortSignal): Promise<void> {
    // What the first write began may be in the middle of what this would find.
    if (this.#started !== undefined) await unlessAborted(this.#started, signal)
    throwIfAborted(signal)
    await this.#clearLeftBehind(signal)
    await this.#clearAttributes(signal)
  }

  async #clearLeftBehind(signal: AbortSignal): Promise<void> {
    await this.#clearOwned(signal)
    await this.#clearUploads(signal)
  }

  /** Removes what was moved to `.stowage/tmp`. When the signal is aborted it goes on, unattended. */
  async free(names: readonly string[], signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#remove(names), signal)
  }

  async #remove(names: readonly string[]): Promise<void> {
    using temporaries = await holdTemporaries(this.#workspace.directories)
    // Tried again when something was put there while it was removed, by somebody who did not know yet that it is gone.
    const thoroughly = { recursive: true, force: true, maxRetries: 3 }
    for (const name of names) await rm(temporaries.at(name), thoroughly).catch(ignoreFailure)
  }

  /** Temporary files and locks, whose owners are known by name. */
  async #clearOwned(signal: AbortSignal): Promise<void> {
    const { directories, locks } = this.#workspace
    using temporaries = await directories.hold(temporaryPath)
    for (const name of temporaries === undefined ? [] : await readdirIfThere(temporaries.here)) {
      throwIfAborted(signal)
      if (temporaries === undefined || ownerState(name) === 'alive') continue
      if (ownerState(name) === 'dead' || (await isOld(temporaries.at(name)))) await this.#remove([name])
    }
    using held = await directories.hold(locksPath)
    if (held !== undefined) await locks.clearLeftBehind(held, await readdirIfThere(held.here), signal)
  }

  async #clearAttributes(signal: AbortSignal): Promise<void> {
    const { attributes, directories, locks } = this.#workspace
    for (const container of await this.#containersIn(attributesPath)) {
      if (await this.#clearForMissing(container, attributesPath, signal)) continue
      for await (const { path, version } of attributes.keptVersions(container)) {
        throwIfAborted(signal)
        const place = placeOfPath(path)
        if (place === undefined) continue
        using directory = await directories.hold(place.directory)
        const present = async () => directory && (await lstatIfThere(directory.at(place.entry)))
        const before = await present()
        if (before !== undefined && versionOf(before) === version) continue
        // It may belong to a version that is about to appear: that is known only under the lock.
        await locks.hold([lockOf(place)], signal, async () => attributes.removeOthers(place, await present()))
      }
    }
  }

  async #clearUploads(signal: AbortSignal): Promise<void> {
    const { directories } = this.#workspace
    for (const container of await this.#containersIn(uploadsPath)) {
      if (await this.#clearForMissing(container, uploadsPath, signal)) continue
      using uploads = await directories.hold([...uploadsPath, container])
      if (uploads === undefined) continue
      for (const id of await readdirIfThere(uploads.here)) {
        throwIfAborted(signal)
        if (!isCompleted(await lstatIfThere(uploads.at(`${id}/${uploadData}`)))) continue
        // Completed. Whoever did that removes the rest, unless it was killed before it could.
        const lock = uploads.at(`${id}/${completing.name}`)
        const holder = await readlinkIfThere(lock)
        if (holder !== undefined && (await isLeftBehind(holder, lock))) await this.#throwAway(uploads.at(id))
      }
    }
  }

  async #containersIn(segments: readonly string[]): Promise<string[]> {
    using directory = await this.#workspace.directories.hold(segments)
    return directory === undefined ? [] : readdirIfThere(directory.here)
  }

  /** Removes what is kept for a container that does not exist; whether it does not. */
  async #clearForMissing(container: string, segments: readonly string[], signal: AbortSignal): Promise<boolean> {
    const { directories, locks } = this.#workspace
    return locks.hold([containerLock(container)], signal, async () => {
      using held = await directories.hold([container])
      if (held !== undefined) return false
      using directory = await directories.hold(segments)
      if (directory !== undefined) await this.#throwAway(directory.at(container))
      return true
    })
  }

  /** Away in one step, so that nobody sees it half removed. */
  async #throwAway(path: string): Promise<void> {
    using temporaries = await holdTemporaries(this.#workspace.directories)
    const name = newToken()
    try {
      await rename(path, temporaries.at(name))
    } catch (error) {
      // Somebody else was faster.
      if (isAbsence(error)) return
      throw error
    }
    await this.#remove([name])
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
