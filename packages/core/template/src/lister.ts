import {
  compareNames,
  decodePosition,
  type FileEntry,
  type FilePage,
  type FolderEntry,
  isName,
  type ListFilesCallOptions,
  listedNames,
  pageAfter,
} from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { translated } from './errors.js'
import { infoOf } from './info.js'

export async function listFiles(
  { client }: Connection,
  container: string,
  { prefix, delimiter, limit, next, startAfter, signal }: ListFilesCallOptions,
): Promise<FilePage> {
  const after = decodePosition(next, isName) ?? startAfter
  const objects = await translated(client.listObjects(container), { container, signal })
  const names = [...objects.keys()].toSorted(compareNames)
  const page = pageAfter(listedNames(names, { prefix, delimiter, after }), ({ name }) => name, { limit, after })
  const entries = page.entries.flatMap(({ name, folder }): (FileEntry | FolderEntry)[] => {
    if (folder) return [{ container, name, folder }]
    const object = objects.get(name)
    if (object === undefined) return []
    const { size, mtime, etag } = infoOf({ container, file: name }, object)
    return [{ container, name, size, mtime, etag }]
  })
  return { ...page, entries }
}
