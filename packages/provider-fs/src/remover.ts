/**
 * Removal of files, one and many.
 */
import {
  type CallOptions,
  checkWriteConditions,
  fileNotFound,
  inParallel,
  isStorageError,
  type RemoveCallOptions,
  type RemoveOutcome,
  StorageError,
} from '@stowage/core/provider'
import { syncDirectory } from './disk/directories.js'
import type { Lease } from './disk/lease.js'
import { ignoreFailure } from './disk/system.js'
import { aborted, translate } from './errors.js'
import { lockOf, type Place, placeOf } from './files/places.js'
import { etagOf } from './files/versions.js'
import type { Workspace } from './files/workspace.js'

export async function removeFile(
  workspace: Workspace,
  container: string,
  file: string,
  options: RemoveCallOptions,
): Promise<void> {
  const place = placeOf(container, file)
  // A file that is not there, or whose container is not, needs no lock.
  if ((await workspace.look(place)) === undefined) throw fileNotFound(place.container, place.file)
  const remove = async (lease: Lease) => {
    using directory = await workspace.directories.hold(place.directory)
    const present = await workspace.look(place)
    if (directory === undefined || present === undefined || !present.isFile()) {
      throw fileNotFound(place.container, place.file)
    }
    checkWriteConditions({ etag: etagOf(present) }, options.conditions)
    await lease.discard(directory.at(place.entry))
    if (workspace.options.fsync) await syncDirectory(directory)
    // The file is gone: what is left behind now, the cleaner finds.
    await workspace.attributes.remove(place, present, lease).catch(ignoreFailure)
    await workspace.prune(place)
  }
  await workspace.locks.hold([lockOf(place)], options.signal, remove, { evenWhenFull: true })
}

/** Files removed at the same time. */
const parallelism = 8

export async function removeFiles(
  workspace: Workspace,
  container: string,
  files: readonly string[],
  { signal }: CallOptions,
): Promise<RemoveOutcome[]> {
  const held = await workspace.holdContainer(container)
  held[Symbol.dispose]()
  const outcomes = new Map<string, RemoveOutcome>()
  await inParallel(
    files,
    parallelism,
    async (file, stopped) => {
      outcomes.set(file, await outcomeOf(workspace, placeOf(container, file), stopped))
    },
    signal,
  ).catch((error: unknown) => {
    if (!signal.aborted) throw error
    const removed = [...outcomes.values()].filter(({ error }) => error === undefined).map(({ file }) => file)
    throw new StorageError('ABORTED', 'the removal was aborted', { cause: aborted(signal).cause, details: { removed } })
  })
  return files.map((file) => outcomes.get(file) ?? { file })
}

async function outcomeOf(workspace: Workspace, place: Place, signal: AbortSignal): Promise<RemoveOutcome> {
  const { file } = place
  try {
    await removeFile(workspace, place.container, place.file, { conditions: {}, signal })
    return { file }
  } catch (thrown) {
    const error = translate(thrown)
    if (isStorageError(error, 'FILE_NOT_FOUND')) return { file }
    return { file, error: isStorageError(error) ? error : new StorageError('INTERNAL', 'the removal failed') }
  }
}
