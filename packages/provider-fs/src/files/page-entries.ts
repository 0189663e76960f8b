/** The entries of a page, made from the findings of a walk. */
import type { BigIntStats } from 'node:fs'
import type { FileEntry, FolderEntry } from '@stowage/core/provider'
import { readEntries } from '../disk/entries.js'
import { unlessUnreadable } from '../disk/unreadable.js'
import { throwIfAborted } from '../mapping/errors.js'
import { fileNameAt, isTooLong } from '../mapping/names.js'
import { dateOf, etagOf } from './versions.js'
import type { Workspace } from './workspace.js'

/** A finding of a walk. */
export type Found = FoundFile | FoundFolder

interface FoundFile {
  readonly name: string
  /** From the root. */
  readonly directory: readonly string[]
  readonly entry: string
}

/**
 * A folder is listed if there is a file in one of its directories. Without directories, it is known
 * to contain one.
 */
interface FoundFolder {
  readonly name: string
  readonly directories: readonly (readonly string[])[]
}

/**
 * Returns the entries of the findings, without files that no longer exist and folders without
 * files.
 */
export async function toEntries(
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
      const entriesOfFiles = unlessUnreadable(first.directory, () => toFileEntries(workspace, container, files))
      entries.push(...((await entriesOfFiles) ?? []))
    } else if (await containsFile(workspace, first.directories, signal)) {
      entries.push({ container, name: first.name, folder: true })
    }
  }
  return entries
}

const isIn = (directory: readonly string[], found: Found | undefined): found is FoundFile =>
  found !== undefined && 'directory' in found && found.directory === directory

/** Returns the entries of files in one directory. */
async function toFileEntries(
  { directories }: Workspace,
  container: string,
  files: readonly FoundFile[],
): Promise<FileEntry[]> {
  using directory = await directories.acquire(files[0]?.directory ?? [])
  if (directory === undefined) return []
  const paths = files.map(({ entry }) => directory.at(entry))
  const entries = await directories.direct.lstatAll(paths, (stats, index) =>
    stats?.isFile() === true ? toFileEntry(container, files[index]?.name ?? '', stats) : undefined,
  )
  return entries.filter((entry) => entry !== undefined)
}

const epoch = new Date(0)
const blank = { container: '', name: '', size: 0, atime: epoch, mtime: epoch, ctime: epoch, etag: '' }

/**
 * A copy of `blank` with values. The engine allocates objects of a plain literal in the part of the
 * heap that it rarely clears, after it has seen a page of them stay alive for a while.
 */
const toFileEntry = (container: string, name: string, stats: BigIntStats): FileEntry => ({
  ...blank,
  container,
  name,
  size: Number(stats.size),
  atime: dateOf(stats.atimeMs),
  mtime: dateOf(stats.mtimeMs),
  ctime: dateOf(stats.ctimeMs),
  etag: etagOf(stats),
})

/**
 * Returns whether one of the directories contains a file, at any depth, or true if there are no
 * directories.
 */
async function containsFile(
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

  /** Reads only until the first file, which is among the first entries in most directories. */
  async function hasFile(segments: readonly string[]): Promise<boolean> {
    using held = await directories.acquire(segments)
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
