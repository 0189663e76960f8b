/** Deletes files, one or many. */
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
import { type DiskLocation, locationOf, lockOf } from './files/locations.js'
import { etagOf } from './files/versions.js'
import type { Workspace } from './files/workspace.js'
import { aborted, translate } from './mapping/errors.js'

export async function removeFile(
  workspace: Workspace,
  container: string,
  file: string,
  options: RemoveCallOptions,
): Promise<void> {
  const location = locationOf(container, file)
  // No lock is needed if the file or its container does not exist.
  while ((await workspace.lstat(location)) === undefined) {
    if (!(await workspace.mayReappear(location, options.signal))) throw fileNotFound(location.container, location.file)
  }
  const remove = async (lease: Lease) => {
    using directory = await workspace.directories.acquire(location.directory)
    const present = await workspace.lstat(location)
    if (directory === undefined || present === undefined || !present.isFile()) {
      throw fileNotFound(location.container, location.file)
    }
    checkWriteConditions({ etag: etagOf(present) }, options.conditions)
    await lease.discard(directory.at(location.entry))
    if (workspace.options.fsync) await syncDirectory(directory)
    // The file is deleted. The cleaner deletes what remains.
    await workspace.attributes.remove(location, present, lease).catch(ignoreFailure)
    await workspace.prune(location)
  }
  await workspace.locks.withLocks([lockOf(location)], options.signal, remove, { evenIfFull: true })
}

/** Files that are deleted concurrently. */
const parallelism = 8

export async function removeFiles(
  workspace: Workspace,
  container: string,
  files: readonly string[],
  { signal }: CallOptions,
): Promise<RemoveOutcome[]> {
  const held = await workspace.acquireContainer(container)
  held[Symbol.dispose]()
  const outcomes = new Map<string, RemoveOutcome>()
  await inParallel(
    files,
    parallelism,
    async (file, stopped) => {
      outcomes.set(file, await outcomeOf(workspace, locationOf(container, file), stopped))
    },
    signal,
  ).catch((error: unknown) => {
    if (!signal.aborted) throw error
    const removed = [...outcomes.values()].filter(({ error }) => error === undefined).map(({ file }) => file)
    throw new StorageError('ABORTED', 'the deletion was aborted', {
      cause: aborted(signal).cause,
      details: { removed },
    })
  })
  return files.map((file) => outcomes.get(file) ?? { file })
}

async function outcomeOf(workspace: Workspace, location: DiskLocation, signal: AbortSignal): Promise<RemoveOutcome> {
  const { file } = location
  try {
    await removeFile(workspace, location.container, location.file, { conditions: {}, signal })
    return { file }
  } catch (thrown) {
    const error = translate(thrown)
    if (isStorageError(error, 'FILE_NOT_FOUND')) return { file }
    return { file, error: isStorageError(error) ? error : new StorageError('INTERNAL', 'the deletion failed') }
  }
}
