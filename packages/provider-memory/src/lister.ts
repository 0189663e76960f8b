import {
  decodePosition,
  type FileEntry,
  type FilePage,
  type FolderEntry,
  isName,
  type ListFilesCallOptions,
  listedNames,
  pageAfter,
} from '@stowage/core/provider'
import { containerOf, type Memory } from './memory.js'

export async function listFiles(memory: Memory, container: string, options: ListFilesCallOptions): Promise<FilePage> {
  const { prefix, delimiter, limit } = options
  const after = decodePosition(options.next, isName) ?? options.startAfter
  const stored = containerOf(memory, container)
  const page = pageAfter(listedNames(stored.names(), { prefix, delimiter, after }), ({ name }) => name, {
    limit,
    after,
  })
  const entries = page.entries.map(({ name, folder }): FileEntry | FolderEntry => {
    if (folder) return { container, name, folder: true }
    const { size, mtime, etag } = stored.file(name).info
    return { container, name, size, mtime: new Date(mtime), etag }
  })
  return { ...page, entries }
}
