/**
 * The entries of a page: what is known of the files and folders that a walk has found.
 */
import type { BigIntStats } from 'node:fs'
import type { FileEntry, FolderEntry } from '@stowage/core/provider'
import { readEntries } from '../disk/entries.js'
import { unlessUnreadable } from '../disk/unreadable.js'
import { throwIfAborted } from '../errors.js'
import { fileNameAt, isTooLong } from '../names.js'
import { dateOf, etagOf } from './versions.js'
import type { Workspace } from './workspace.js'

/** What a walk finds. */
export type Found = FoundFile | FoundFolder

interface FoundFile {
  readonly name: string
  /** From the root. */
  readonly directory: readonly string[]
  readonly entry: string
}

/**
 * A folder is shown when a file is in one of its directories; with none, it is known to hold one.
 */
interface FoundFolder {
  readonly name: string
  readonly directories: readonly (readonly string[])[]
}

/** The entries of what was found, but for what is not there any more, and folders without files. */
export async function describe(
  workspace: Workspace,
  container: string,
  found: readonly Found[],
  signal: AbortSignal,
): Promise<(FileEntry | FolderEntry)[]> {
  const entries: (FileEntry | FolderEntry)[] = []
  for (let start = 0, end = 0; start < found.length; start = end) {
    throwIfAborted(signal)
    const first = found[end++]
    if (first === undefined) break
    if ('directory' in first) {
      const files = [first]
      for (let next = found[end]; isIn(first.directory, next); next = found[++end]) files.push(next)
      const described = unlessUnreadable(first.directory, () => describeFiles(workspace, container, files))
      entries.push(...((await described) ?? []))
    } else if (await holdsFile(workspace, first.directories, signal)) {
      entries.push({ container, name: first.name, folder: true })
    }
  }
  return entries
}

const isIn = (directory: readonly string[], found: Found | undefined): found is FoundFile =>
  found !== undefined && 'directory' in found && found.directory === directory

/** The entries of files of one directory. */
async function describeFiles(
  { directories }: Workspace,
  container: string,
  files: readonly FoundFile[],
): Promise<FileEntry[]> {
  using directory = await directories.hold(files[0]?.directory ?? [])
  if (directory === undefined) return []
  const paths = files.map(({ entry }) => directory.at(entry))
  const entries = await directories.direct.lookAtAll(paths, (stats, index) =>
    stats?.isFile() === true ? describeFile(container, files[index]?.name ?? '', stats) : undefined,
  )
  return entries.filter((entry) => entry !== undefined)
}

const epoch = new Date(0)
const blank = { container: '', name: '', size: 0, atime: epoch, mtime: epoch, ctime: epoch, etag: '' }

/**
 * A copy of `blank` filled in: the engine makes objects of a plain literal in the part of the heap
 * that it rarely clears, once it has seen a page of them live for a while.
 */
const describeFile = (container: string, name: string, stats: BigIntStats): FileEntry => ({
  ...blank,
  container,
  name,
  size: Number(stats.size),
  atime: dateOf(stats.atimeMs),
  mtime: dateOf(stats.mtimeMs),
  ctime: dateOf(stats.ctimeMs),
  etag: etagOf(stats),
})

/** Whether a file is in one of the directories, or below. No directories: it is known. */
async function holdsFile(
  { directories }: Workspace,
  candidates: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<boolean> {
  if (candidates.length === 0) return true
  const queue = [...candidates]
  for (const segments of queue) {
    throwIfAborted(signal)
    if ((await unlessUnreadable(segments, () => hasFile(segments))) === true) return true
  }
  return false

  /** Read only until the first file, which in most directories is among the first entries. */
  async function hasFile(segments: readonly string[]): Promise<boolean> {
    using held = await directories.hold(segments)
    if (held === undefined) return false
    for await (const batch of readEntries(held, directories.direct)) {
      for (const entry of batch) {
        if (entry.isDirectory()) queue.push([...segments, entry.name])
        else if (entry.isFile() && isListed(fileNameAt(segments, entry.name))) return true
      }
    }
    return false
  }
}

const isListed = (name: string | undefined): boolean => name !== undefined && !isTooLong(name, 0)
