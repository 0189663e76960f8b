/**
 * Removal of files, with the parts of those that are large.
 */
import { type FileLocation, fileNotFound, type RemoveCallOptions, type RemoveOutcome } from '@stowage/core'
import type { SwiftClient } from './client.js'
import { missing, requireContainer } from './containers.js'
import { objectName, segmentsOf } from './names.js'
import { deleteObjects } from './remover.js'
import { fileKeys, removeStaleParts } from './segments.js'
import { checkPresent, present } from './writer.js'

/** Large files whose parts are removed at the same time. */
const parallelism = 8
/** Milliseconds that finding large files among those removed may take. */
const patience = 60_000

export async function removeFile(
  client: SwiftClient,
  location: FileLocation,
  { conditions, signal }: RemoveCallOptions,
): Promise<void> {
  const { container, file } = location
  if (conditions.ifMatch !== undefined) {
    if ((await present(client, location, signal)) === undefined) throw fileNotFound(container, file)
    await checkPresent(client, location, conditions, signal)
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
  signal: AbortSignal,
): Promise<readonly RemoveOutcome[]> {
  const byObject = new Map(files.map((file) => [objectName(file), file]))
  const removal = await deleteObjects(client, container, [...byObject.keys()], signal)
  if (removal.missing === files.length) await requireContainer(client, container, signal)
  const failures = new Map(removal.failures)
  const gone = files.filter((file) => !failures.has(objectName(file)))
  await removePartsOf(client, container, gone)
  return files.map((file) => {
    const error = failures.get(objectName(file))
    return error === undefined ? { file } : { file, error }
  })
}

/** One list tells which of the files were large; the others cost nothing more. */
async function removePartsOf(client: SwiftClient, container: string, files: readonly string[]): Promise<void> {
  const keys = fileKeys(files)
  const large: string[] = []
  let marker: string | undefined
  do {
    const { entries } = await client.list<{ subdir?: string }>({
      container: segmentsOf(container),
      query: { prefix: 'parts/', delimiter: '/', marker },
      signal: AbortSignal.timeout(patience),
      allow: [404],
    })
    for (const { subdir } of entries) {
      const file = keys.get(subdir ?? '')
      if (file !== undefined) large.push(file)
    }
    marker = entries.at(-1)?.subdir
  } while (marker !== undefined)
  const left = large[Symbol.iterator]()
  const worker = async () => {
    for (const file of left) await removeStaleParts(client, { container, file })
  }
  await Promise.all(Array.from({ length: parallelism }, worker))
}
