/** Deletes files, one or many. */
import { checkContainer, checkLocation, checkNames, checkRemoval } from '../../checks/arguments.js'
import { StorageError } from '../../contract/errors.js'
import type { FileLocation } from '../../contract/files.js'
import type { RemoveOutcome } from '../../contract/provider.js'
import type { ServiceContext } from '../context.js'
import type { OperationOptions, RemoveFileOptions } from '../options.js'

export function removeFile(
  { provider, operations }: ServiceContext,
  place: FileLocation,
  options: RemoveFileOptions,
): Promise<void> {
  return operations.once('removeFile', place, options, (signal) => {
    checkLocation(place, provider.capabilities)
    const conditions = checkRemoval(options.ifMatch, provider.capabilities)
    return provider.removeFile(place.container, place.file, { signal, conditions })
  })
}

/** Names passed to one `removeFiles` call of the provider. */
const batchSize = 1000

export async function removeFiles(
  context: ServiceContext,
  container: string,
  files: Iterable<string> | AsyncIterable<string>,
  options: OperationOptions,
): Promise<RemoveOutcome[]> {
  const outcomes = new Map<string, RemoveOutcome>()
  return context.operations
    .run('removeFiles', { container }, options, async (signal) => {
      checkContainer(container, context.capabilities)
      const names = await checkNames(files)
      for (let start = 0; start < names.length; start += batchSize) {
        signal.throwIfAborted()
        await removeBatch(context, container, names.slice(start, start + batchSize), { signal, outcomes })
      }
      return [...outcomes.values()]
    })
    .catch((error: StorageError) => {
      if (error.code !== 'ABORTED' && error.code !== 'TIMEOUT') throw error
      const removed = [...outcomes.values()].flatMap(({ file, error: failure }) =>
        failure === undefined ? [file] : [],
      )
      throw new StorageError(error.code, error.message, { ...error, cause: error.cause, details: { removed } })
    })
}

/**
 * Deletes one batch. Names with an error that allows a retry are sent again, without the others.
 */
async function removeBatch(
  { provider, operations, retry }: ServiceContext,
  container: string,
  files: readonly string[],
  { signal, outcomes }: { readonly signal: AbortSignal; readonly outcomes: Map<string, RemoveOutcome> },
): Promise<void> {
  let left = files
  const remove = async () => {
    const done = await provider.removeFiles(container, left, { signal })
    for (const { file, error } of done) {
      outcomes.set(
        file,
        error === undefined
          ? { file }
          : { file, error: operations.explain('removeFiles', { container, file }, undefined, error) },
      )
    }
    const failed = done.filter(({ error }) => retry.allows(error, true))
    left = failed.map(({ file }) => file)
    if (failed[0] !== undefined) throw failed[0].error
  }
  try {
    await retry.run(signal, true, remove)
  } catch (error) {
    if (signal.aborted || left.some((file) => !outcomes.has(file))) throw error
  }
}
