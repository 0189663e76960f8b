/**
 * Lists of files in pages: a walk in the order of names, that reads only the directories which the page touches and looks only
 * at the files that it shows.
 */
import type { BigIntStats } from 'node:fs'
import {
  compareNames,
  type FileEntry,
  type FilePage,
  type FolderEntry,
  type ListFilesCallOptions,
  StorageError,
} from '@stowage/core'
import { throwIfAborted } from './errors.js'
import { isFileName, prefixDirectory } from './names.js'
import type { Snapshot, Snapshots } from './snapshots.js'
import { opendir } from './system.js'
import { dateOf, etagOf } from './versions.js'
import type { Workspace } from './workspace.js'

/** What the walk finds. */
type Found = FoundFile | FoundFolder

interface FoundFile {
  readonly name: string
  /** From the root. */
  readonly directory: readonly string[]
  readonly entry: string
}

/** A folder is shown when a file is in one of its directories; with none, it is known to hold one. */
interface FoundFolder {
  readonly name: string
  readonly directories: readonly (readonly string[])[]
}

/**
 * Entries of a page, which core joins to as many as its caller wants. What is in memory while a whole list passes through is in proportion to
 * it: the engine moves what lives when it collects into a part of the heap that it rarely clears.
 */
const maxEntries = 64

export async function listFiles(
  workspace: Workspace,
  snapshots: Snapshots,
  container: string,
  options: ListFilesCallOptions,
): Promise<FilePage> {
  const held = await workspace.holdContainer(container)
  held[Symbol.dispose]()
  const walk = new Walk(snapshots, container, options)
  const limit = Math.min(options.limit, maxEntries)
  const entries: (FileEntry | FolderEntry)[] = []
  // What is gone when it is looked at, and folders that hold no file, are made up for.
  while (entries.length < limit) {
    const found = await walk.take(limit - entries.length)
    if (found.length === 0) return { entries }
    entries.push(...(await describe(workspace, container, found, options.signal)))
  }
  const after = entries.at(-1)?.name ?? ''
  for (let found = await walk.take(1); found.length > 0; found = await walk.take(1)) {
    const further = await describe(workspace, container, found, options.signal)
    if (further.length > 0) return { entries, next: encodeNext(options, after) }
  }
  return { entries }
}

const encodeNext = ({ prefix, delimiter = '' }: ListFilesCallOptions, after: string): string =>
  JSON.stringify([prefix, delimiter, after])

/** The name after which the page begins. */
function startOf(options: ListFilesCallOptions): string {
  const { next, startAfter = '', prefix } = options
  if (next === undefined) return startAfter
  const after = lastOf(next)
  if (after === undefined || !after.startsWith(prefix) || encodeNext(options, after) !== next) {
    throw new StorageError('INVALID_ARGUMENT', 'this is not the place where a page of this list ended', {
      details: { property: 'next' },
    })
  }
  return after
}

function lastOf(next: string): string | undefined {
  try {
    const value: unknown = JSON.parse(next)
    const last: unknown = Array.isArray(value) ? value[2] : undefined
    return typeof last === 'string' ? last : undefined
  } catch {
    return undefined
  }
}

/** A directory that the walk goes on in; the names of its files begin with `base`. */
interface Descent {
  readonly segments: readonly string[]
  readonly base: string
}

class Walk {
  readonly #snapshots: Snapshots
  readonly #container: string
  readonly #prefix: string
  readonly #delimiter: string | undefined
  readonly #signal: AbortSignal
  readonly #after: string
  /** Where the walk is: the directory that it is in last, after those above it. */
  #directories: Iterator<Found | Descent>[] | undefined

  constructor(snapshots: Snapshots, container: string, options: ListFilesCallOptions) {
    this.#snapshots = snapshots
    this.#container = container
    this.#prefix = options.prefix
    this.#delimiter = options.delimiter
    this.#signal = options.signal
    this.#after = startOf(options)
  }

  /** What is found next; fewer when the walk is at its end. */
  async take(count: number): Promise<Found[]> {
    const directories = this.#directories ?? (await this.#start())
    const found: Found[] = []
    while (found.length < count) {
      const inside = directories.at(-1)
      if (inside === undefined) break
      const { done, value } = inside.next()
      if (done === true) directories.pop()
      else if ('base' in value) await this.#enter(directories, value)
      else found.push(value)
    }
    return found
  }

  async #start(): Promise<Iterator<Found | Descent>[]> {
    const { segments, name } = prefixDirectory(this.#prefix)
    this.#directories = []
    await this.#enter(this.#directories, { segments: [this.#container, ...segments], base: name })
    return this.#directories
  }

  async #enter(directories: Iterator<Found | Descent>[], descent: Descent): Promise<void> {
    throwIfAborted(this.#signal)
    const snapshot = await this.#snapshots.take(descent.segments)
    if (snapshot !== undefined) directories.push(this.#walk(snapshot, descent))
  }

  *#walk(snapshot: Snapshot, { segments, base }: Descent): Generator<Found | Descent, undefined> {
    const { names, places } = snapshot
    const prefix = this.#prefix.slice(base.length)
    // All names of a folder follow each other, within this directory.
    let folder: { readonly name: string; readonly directories: (readonly string[])[]; done: boolean } | undefined
    for (let index = firstIndex(snapshot, base, prefix, this.#after); index < names.length; index++) {
      const relative = names[index] ?? ''
      if (!relative.startsWith(prefix)) {
        if (compareNames(relative, prefix) > 0) break
        continue
      }
      const name = base + relative
      if (folder !== undefined && !name.startsWith(folder.name)) {
        if (!folder.done) yield folder
        folder = undefined
      }
      if (folder?.done === true) continue
      const place = places.get(relative)
      const isFile = place?.isFile ?? !relative.endsWith('/')
      const entries = place?.entries ?? [isFile ? relative : relative.slice(0, -1)]
      const folderName = this.#folderOf(name)
      if (folderName !== undefined) {
        folder ??= { name: folderName, directories: [], done: compareNames(folderName, this.#after) <= 0 }
        if (isFile && !folder.done) {
          folder.done = true
          yield { name: folderName, directories: [] }
        } else if (!isFile) folder.directories.push([...segments, ...entries])
      } else if (!isFile) {
        yield { segments: [...segments, ...entries], base: name }
      } else if (compareNames(name, this.#after) > 0) {
        const directory = entries.length === 1 ? segments : [...segments, ...entries.slice(0, -1)]
        yield { name, directory, entry: entries.at(-1) ?? '' }
      }
    }
    if (folder !== undefined && !folder.done) yield folder
    return undefined
  }

  #folderOf(name: string): string | undefined {
    if (this.#delimiter === undefined) return undefined
    const start = name.indexOf(this.#delimiter, this.#prefix.length)
    return start === -1 ? undefined : name.slice(0, start + this.#delimiter.length)
  }
}

/** The first name of a directory that can be after `after` or hold such a name, and begin with the prefix. */
function firstIndex({ names }: Snapshot, base: string, prefix: string, after: string): number {
  let from = prefix
  if (after.startsWith(base)) {
    const rest = after.slice(base.length)
    if (compareNames(rest, prefix) > 0) from = rest
  } else if (compareNames(base, after) < 0) return names.length
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareNames(names[middle] ?? '', from) < 0) low = middle + 1
    else high = middle
  }
  // The directory that holds the name sorts before it.
  return low > 0 && from.startsWith(names[low - 1] ?? '') ? low - 1 : low
}

/** The entries of what was found, but for what is not there any more, and folders without files. */
async function describe(
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
      entries.push(...(await describeFiles(workspace, container, files)))
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
 * A copy of `blank` filled in: the engine makes objects of a plain literal in the part of the heap that it rarely clears, once it
 * has seen a page of them live for a while.
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
    using held = await directories.hold(segments)
    if (held === undefined) continue
    // Read only until the first file, which in most directories is among the first entries.
    for await (const entry of await opendir(held.here, { bufferSize: 32 })) {
      if (entry.isDirectory()) queue.push([...segments, entry.name])
      else if (entry.isFile() && isFileName(segments, entry.name)) return true
    }
  }
  return false
}
