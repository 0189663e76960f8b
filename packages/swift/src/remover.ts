/** Deletes files, and the parts of large files. */
import {
  type CallOptions,
  checkWriteConditions,
  fileNotFound,
  inParallel,
  isStorageError,
  type RemoveCallOptions,
  type RemoveOutcome,
  type StorageError,
} from '@stowage/core/provider'
import type { SwiftClient } from './client/client.js'
import { deleteObjects } from './client/object-deletion.js'
import { notFoundError, requireContainer } from './containers.js'
import { currentFile } from './mapping/conditions.js'
import { lastKeyUnder, objectName, segmentsContainer } from './mapping/names.js'
import { fileKeys } from './segments/layout.js'
import { deleteStaleParts } from './segments/stale-parts.js'

/** Large files whose parts are deleted concurrently. */
const parallelism = 8
/** Milliseconds that the search for large files among the deleted ones may take. */
const timeout = 60_000

export async function removeFile(
  client: SwiftClient,
  container: string,
  file: string,
  { conditions, signal }: RemoveCallOptions,
): Promise<void> {
  const location = { container, file }
  if (conditions.ifMatch !== undefined) {
    const info = await currentFile(client, location, signal)
    if (info === undefined) throw fileNotFound(container, file)
    checkWriteConditions(info, conditions)
  }
  const { status } = await client.request({
    method: 'DELETE',
    container,
    object: objectName(file),
    signal,
    allow: [404],
  })
  if (status === 404) throw await notFoundError(client, location, signal)
  await deleteStaleParts(client, location)
}

export async function removeFiles(
  client: SwiftClient,
  container: string,
  files: readonly string[],
  { signal }: CallOptions,
): Promise<readonly RemoveOutcome[]> {
  const objects = new Map(files.map((file) => [file, objectNameOf(file)]))
  const names = [...objects.values()].filter((name) => typeof name === 'string')
  const deletion = await deleteObjects(client, container, names, signal)
  if (deletion.missing === names.length) await requireContainer(client, container, signal)
  const failures = new Map(deletion.failures)
  const outcomes = files.map((file): RemoveOutcome => {
    const object = objects.get(file)
    const error = typeof object === 'string' ? failures.get(object) : object
    return error === undefined ? { file } : { file, error }
  })
  await deletePartsOf(
    client,
    container,
    outcomes.filter(({ error }) => error === undefined).map(({ file }) => file),
  )
  return outcomes
}

/** Returns the object's name, or the error if the service cannot have such an object. */
function objectNameOf(file: string): string | StorageError {
  try {
    return objectName(file)
  } catch (error) {
    if (isStorageError(error)) return error
    throw error
  }
}

/**
 * Deletes the parts of the large files among deleted ones, which one list shows. The files are
 * already deleted, so this does not fail. Parts that remain are deleted by the next write of the
 * name, or with the container.
 */
async function deletePartsOf(client: SwiftClient, container: string, files: readonly string[]): Promise<void> {
  try {
    const large = await largeAmong(client, container, files)
    await inParallel(large, parallelism, (file) => deleteStaleParts(client, { container, file }))
  } catch {
    // See above.
  }
}

async function largeAmong(client: SwiftClient, container: string, files: readonly string[]): Promise<string[]> {
  const keys = fileKeys(files)
  const large: string[] = []
  const signal = AbortSignal.timeout(timeout)
  let marker: string | undefined
  do {
    const { entries } = await client.list<{ subdir?: string }>({
      container: segmentsContainer(container),
      query: { prefix: 'parts/', delimiter: '/', marker },
      signal,
      allow: [404],
    })
    for (const { subdir } of entries) {
      const file = keys.get(subdir ?? '')
      if (file !== undefined) large.push(file)
    }
    const last = entries.at(-1)?.subdir
    marker = last === undefined ? undefined : lastKeyUnder(last)
  } while (marker !== undefined)
  return large
}
