/**
 * The tasks of races between processes. Each returns how often it succeeded.
 */
import { isStorageError, type StorageErrorCode, type StorageService } from '../../index.js'

export type Task =
  /** Creates each file that does not exist yet. */
  | { readonly name: 'create'; readonly files: readonly string[] }
  /** Increments the number in a file. */
  | { readonly name: 'count'; readonly file: string; readonly times: number }
  /** Deletes each file if it has this ETag. */
  | { readonly name: 'remove'; readonly versions: readonly (readonly [file: string, etag: string])[] }
  /** Writes a file of its own into each container. */
  | { readonly name: 'writeInto'; readonly containers: readonly string[] }

export async function runTask(storage: StorageService, container: string, task: Task): Promise<number> {
  if (task.name === 'create') {
    const own = `${process.pid} `.repeat(100)
    return successes(task.files, 'PRECONDITION_FAILED', (file) =>
      storage.putFile(container, file, own, { ifNoneMatch: '*' }),
    )
  }
  if (task.name === 'remove') {
    return successes(task.versions, ['PRECONDITION_FAILED', 'FILE_NOT_FOUND'], ([file, etag]) =>
      storage.removeFile(container, file, { ifMatch: etag }),
    )
  }
  if (task.name === 'writeInto') {
    return successes(task.containers, 'CONTAINER_NOT_FOUND', (name) =>
      storage.putFile(name, `folder/${process.pid}`, 'content'),
    )
  }
  for (let times = 0; times < task.times; times++) await increment(storage, container, task.file)
  return task.times
}

/** Increments the number in a file. Retries until no other write came between read and write. */
export async function increment(storage: StorageService, container: string, file: string): Promise<void> {
  for (;;) {
    const opened = await storage.openFile(container, file)
    const next = String(Number(await opened.text()) + 1)
    try {
      await storage.putFile(container, file, next, { ifMatch: opened.info.etag })
      return
    } catch (error) {
      if (!isStorageError(error, 'PRECONDITION_FAILED')) throw error
    }
  }
}

/** Counts the operations that succeed. The others must fail with one of these codes. */
async function successes<T>(
  items: readonly T[],
  codes: StorageErrorCode | readonly StorageErrorCode[],
  operation: (item: T) => Promise<unknown>,
): Promise<number> {
  let count = 0
  for (const item of items) {
    try {
      await operation(item)
      count++
    } catch (error) {
      if (!isStorageError(error) || ![codes].flat().includes(error.code)) throw error
    }
  }
  return count
}
