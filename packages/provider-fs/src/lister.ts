/**
 * Lists of files in pages: a walk in the order of names, that reads only the directories which the page touches and looks only
 * at the files that it shows.
 */
import {
  compareNames,
  type FileEntry,
  type FilePage,
  type FolderEntry,
  type ListFilesCallOptions,
  StorageError,
} from '@stowage/core'
import type { Directory } from './directories.js'
import { throwIfAborted } from './errors.js'
import { isFileName, prefixDirectory } from './names.js'
import type { Snapshot, Snapshots } from './snapshots.js'
import { lstatIfThere, opendir } from './system.js'
import { etagOf } from './versions.js'
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

/** Files and folders looked at, at the same time. */
const parallelism = 32

export async function listFiles(
  workspace: Workspace,
  snapshots: Snapshots,
  container: string,
  options: ListFilesCallOptions,
): Promise<FilePage> {
  const held = await workspace.holdContainer(container)
  held[Symbol.dispose]()
  const walk = new Walk(snapshots, container, options).found()
  const entries: (FileEntry | FolderEntry)[] = []
  // What is gone when it is looked at, and folders that hold no file, are made up for.
  while (entries.length < options.limit) {
    const found = await take(walk, options.limit - entries.length)
    if (found.length === 0) return { entries }
    entries.push(...(await describe(workspace, container, found, options.signal)))
  }
  const after = entries.at(-1)?.name ?? ''
  for (let found = await take(walk, 1); found.length > 0; found = await take(walk, 1)) {
    const further = await describe(workspace, container, found, options.signal)
    if (further.length > 0) return { entries, next: encodeNext(options, after) }
  }
  return { entries }
}

async function take(walk: AsyncGenerator<Found>, count: number): Promise<Found[]> {
  const found: Found[] = []
  while (found.length < count) {
    const { done, value } = await walk.next()
    if (done === true) break
    found.push(value)
  }
  return found
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

class Walk {
  readonly #snapshots: Snapshots
  readonly #container: string
  readonly #prefix: string
  readonly #delimiter: string | undefined
  readonly #signal: AbortSignal
  readonly #after: string

  constructor(snapshots: Snapshots, container: string, options: ListFilesCallOptions) {
    this.#snapshots = snapshots
    this.#container = container
    this.#prefix = options.prefix
    this.#delimiter = options.delimiter
    this.#signal = options.signal
    this.#after = startOf(options)
  }

  found(): AsyncGenerator<Found> {
    const { segments, name } = prefixDirectory(this.#prefix)
    return this.#walk([this.#container, ...segments], name)
  }

  async *#walk(segments: readonly string[], base: string): AsyncGenerator<Found> {
    throwIfAborted(this.#signal)
    const snapshot = await this.#snapshots.take(segments)
    if (snapshot === undefined) return
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
        yield* this.#walk([...segments, ...entries], name)
      } else if (compareNames(name, this.#after) > 0) {
        const directory = entries.length === 1 ? segments : [...segments, ...entries.slice(0, -1)]
        yield { name, directory, entry: entries.at(-1) ?? '' }
      }
    }
    if (folder !== undefined && !folder.done) yield folder
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
  const entries: (FileEntry | FolderEntry | undefined)[] = []
  const queue = found.entries()
  using directories = new HeldDirectories(workspace)
  const work = async () => {
    for (const [index, one] of queue) {
      throwIfAborted(signal)
      if ('directory' in one) {
        const held = await directories.hold(one.directory)
        entries[index] = held && (await describeFile(held, container, one))
      } else if (await holdsFile(workspace, one.directories, signal)) {
        entries[index] = { container, name: one.name, folder: true }
      }
    }
  }
  await Promise.all(Array.from({ length: parallelism }, work))
  return entries.filter((entry) => entry !== undefined)
}

/** Holds each directory once for all files of it that follow each other. */
class HeldDirectories implements Disposable {
  readonly #workspace: Workspace
  readonly #held: (Directory | undefined)[] = []
  #segments: readonly string[] | undefined
  #last: Promise<Directory | undefined> | undefined

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  hold(segments: readonly string[]): Promise<Directory | undefined> {
    if (this.#last === undefined || this.#segments !== segments) {
      this.#segments = segments
      this.#last = this.#workspace.directories.hold(segments).then((directory) => {
        this.#held.push(directory)
        return directory
      })
    }
    return this.#last
  }

  [Symbol.dispose](): void {
    for (const directory of this.#held) directory?.[Symbol.dispose]()
  }
}

async function describeFile(
  directory: Directory,
  container: string,
  { entry, name }: FoundFile,
): Promise<FileEntry | undefined> {
  const stats = await lstatIfThere(directory.at(entry))
  if (stats === undefined || !stats.isFile()) return undefined
  const { size, atime, mtime, ctime } = stats
  return { container, name, size: Number(size), atime, mtime, ctime, etag: etagOf(stats) }
}

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
