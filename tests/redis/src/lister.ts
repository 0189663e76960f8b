import {
  decodePosition,
  type FileEntry,
  type FilePage,
  type FolderEntry,
  isName,
  isStorageError,
  type ListFilesCallOptions,
  listedNames,
  pageAfter,
} from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { errorOf } from './errors.js'
import { rangeOf } from './ranges.js'
import { getFile } from './reader.js'
import * as scripts from './scripts/files.js'

export async function listFiles(
  connection: Connection,
  container: string,
  options: ListFilesCallOptions,
): Promise<FilePage> {
  const { prefix, delimiter, limit, next, startAfter, signal } = options
  const after = decodePosition(next, isName) ?? startAfter
  // With a delimiter, many names can become one folder.
  const count = delimiter === undefined ? limit + 1 : -1
  const args = [container, ...rangeOf(prefix, after), String(count)]
  const found = await connection.script(signal, scripts.listFiles, args)
  const names = (found as Buffer[]).map(String)
  const page = pageAfter(listedNames(names, { prefix, delimiter, after }), ({ name }) => name, { limit, after })
  const entries = await Promise.all(
    page.entries.map(({ name, folder }): Promise<FileEntry | FolderEntry | undefined> | FolderEntry =>
      folder ? { container, name, folder } : entryOf(connection, container, name, signal),
    ),
  )
  return { ...page, entries: entries.filter((entry) => entry !== undefined) }
}

/** Returns `undefined` for a file that was deleted after its name was read. */
async function entryOf(connection: Connection, container: string, file: string, signal: AbortSignal) {
  try {
    const { name, size, mtime, etag } = await getFile(connection, container, file, { conditions: {}, signal })
    return { container, name, size, mtime, etag }
  } catch (error) {
    if (isStorageError(errorOf(error), 'FILE_NOT_FOUND')) return undefined
    throw error
  }
}
