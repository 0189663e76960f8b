/**
 * Removal of files, with the parts of those that are large.
 */
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
import type { SwiftClient } from './client.js'
import { missing, requireContainer } from './containers.js'
import { beyond, objectName, segmentsOf } from './names.js'
import { deleteObjects } from './object-removal.js'
import { fileKeys } from './segments.js'
import { removeStaleParts } from './stale-parts.js'
import { present } from './writer.js'

/** Large files whose parts are removed at the same time. */
const parallelism = 8
/** Milliseconds that finding large files among those removed may take. */
const patience = 60_000

export async function removeFile(
  client: SwiftClient,
  container: string,
  file: string,
  { conditions, signal }: RemoveCallOptions,
): Promise<void> {
  const location = { container, file }
  if (conditions.ifMatch !== undefined) {
    const info = await present(client, location, signal)
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
  if (status === 404) throw await missing(client, location, signal)
  await removeStaleParts(client, location)
}

export async function removeFiles(
  client: SwiftClient,
  container: string,
  files: readonly string[],
  { signal }: CallOptions,
): Promise<readonly RemoveOutcome[]> {
  const objects = new Map(files.map((file) => [file, objectNameOf(file)]))
  const names = [...objects.values()].filter((name) => typeof name === 'string')
  const removal = await deleteObjects(client, container, names, signal)
  if (removal.missing === names.length) await requireContainer(client, container, signal)
  const failures = new Map(removal.failures)
  const outcomes = files.map((file): RemoveOutcome => {
    const object = objects.get(file)
    const error = typeof object === 'string' ? failures.get(object) : object
    return error === undefined ? { file } : { file, error }
  })
  await removePartsOf(
    client,
    container,
    outcomes.filter(({ error }) => error === undefined).map(({ file }) => file),
  )
  return outcomes
}

/** Or why there can be none. */
function objectNameOf(file: string): string | StorageError {
  try {
    return objectName(file)
  } catch (error) {
    if (isStorageError(error)) return error
    throw error
  }
}

/**
 * One list tells which of the files were large; the others cost nothing more. The files are removed: what fails here leaves parts
 * behind, which the next write of the name or the container's destruction removes.
 */
async function removePartsOf(client: SwiftClient, container: string, files: readonly string[]): Promise<void> {
  try {
    const large = await largeAmong(client, container, files)
    await inParallel(large, parallelism, (file) => removeStaleParts(client, { container, file }))
  } catch {
    // Said above.
  }
}

async function largeAmong(client: SwiftClient, container: string, files: readonly string[]): Promise<string[]> {
  const keys = fileKeys(files)
  const large: string[] = []
  const signal = AbortSignal.timeout(patience)
  let marker: string | undefined
  do {
    const { entries } = await client.list<{ subdir?: string }>({
      container: segmentsOf(container),
      query: { prefix: 'parts/', delimiter: '/', marker },
      signal,
      allow: [404],
    })
    for (const { subdir } of entries) {
      const file = keys.get(subdir ?? '')
      if (file !== undefined) large.push(file)
    }
    const last = entries.at(-1)?.subdir
    marker = last === undefined ? undefined : beyond(last)
  } while (marker !== undefined)
  return large
}
