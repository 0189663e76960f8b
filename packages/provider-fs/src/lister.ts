/**
 * Lists files in pages. Walks the directories in the order of names. Reads only the directories of
 * the page, and stats only its files.
 */
import {
  compareNames,
  type FileEntry,
  type FilePage,
  type FolderEntry,
  type ListFilesCallOptions,
} from '@stowage/core/provider'
import type { Directories, OpenDirectory } from './disk/directories.js'
import { unlessUnreadable } from './disk/unreadable.js'
import { encodeNext, type ListPosition, positionOf } from './files/list-position.js'
import { type Found, toEntries } from './files/page-entries.js'
import type { Path, Snapshot, Snapshots } from './files/snapshots.js'
import type { Workspace } from './files/workspace.js'
import { isUnreadable, nameTooLong, throwIfAborted, unreadable, warn } from './mapping/errors.js'
import { isTooLong, prefixDirectory } from './mapping/names.js'

/**
 * Maximum entries of a page. Core joins pages to the size that its caller requests. The memory of a
 * complete list is proportional to this: objects that are alive during a garbage collection are
 * moved to a part of the heap that the engine rarely clears.
 */
const maxEntries = 64

/**
 * Directories that a walk keeps open, upwards from the current one. Those further up are opened
 * again when the walk returns to them, so a deep tree does not need more descriptors.
 */
const maxHeld = 8

export async function listFiles(
  workspace: Workspace,
  container: string,
  options: ListFilesCallOptions,
): Promise<FilePage> {
  const { snapshots } = workspace
  const held = await workspace.acquireContainer(container)
  held[Symbol.dispose]()
  const position = positionOf(options)
  using walk = new Walk(workspace.directories, snapshots, container, options, position)
  const limit = Math.min(options.limit, maxEntries)
  const entries: (FileEntry | FolderEntry)[] = []
  // Files that were deleted in the meantime, and folders without files, are replaced by further
  // entries.
  while (entries.length < limit) {
    const found = await walk.take(limit - entries.length)
    if (found.length === 0) return { entries }
    entries.push(...(await toEntries(workspace, container, found, options.signal)))
  }
  const after = entries.at(-1)?.name ?? ''
  for (let found = await walk.take(1); found.length > 0; found = await walk.take(1)) {
    const further = await toEntries(workspace, container, found, options.signal)
    if (further.length > 0) return { entries, next: encodeNext(options, after, position.began) }
  }
  return { entries }
}

/** A directory to enter. The names of its files begin with `base`. */
interface Descent {
  readonly segments: readonly string[]
  readonly base: string
}

/** A directory that the walk has entered. */
interface Level extends Path {
  readonly inside: Iterator<Found | Descent>
  /** The open directory, for the last `maxHeld` levels. */
  held: OpenDirectory | undefined
}

class Walk implements Disposable {
  readonly #directories: Directories
  readonly #snapshots: Snapshots
  readonly #container: string
  readonly #prefix: string
  readonly #delimiter: string | undefined
  readonly #signal: AbortSignal
  readonly #position: ListPosition
  /** The entered directories, from the top to the current one. */
  #levels: Level[] | undefined

  constructor(
    directories: Directories,
    snapshots: Snapshots,
    container: string,
    options: ListFilesCallOptions,
    position: ListPosition,
  ) {
    this.#directories = directories
    this.#snapshots = snapshots
    this.#container = container
    this.#prefix = options.prefix
    this.#delimiter = options.delimiter
    this.#signal = options.signal
    this.#position = position
  }

  /** Returns the next findings, or fewer at the end of the walk. */
  async take(count: number): Promise<Found[]> {
    const levels = this.#levels ?? (await this.#start())
    const found: Found[] = []
    while (found.length < count) {
      const level = levels.at(-1)
      if (level === undefined) break
      const { done, value } = level.inside.next()
      if (done === true) {
        levels.pop()
        level.held?.[Symbol.dispose]()
      } else if ('base' in value) await unlessUnreadable(value.segments, () => this.#enter(levels, value))
      else found.push(value)
    }
    return found
  }

  [Symbol.dispose](): void {
    for (const { held } of this.#levels ?? []) held?.[Symbol.dispose]()
  }

  async #start(): Promise<Level[]> {
    const { segments, name } = prefixDirectory(this.#prefix)
    const start = { segments: [this.#container, ...segments], base: name }
    this.#levels = []
    try {
      await this.#enter(this.#levels, start)
    } catch (error) {
      // This is the directory that the caller requested.
      throw isUnreadable(error) ? unreadable(start.segments, error) : error
    }
    return this.#levels
  }

  async #enter(levels: Level[], descent: Descent): Promise<void> {
    throwIfAborted(this.#signal)
    const { segments } = descent
    const above = levels.at(-1)
    const held = await this.#open(above, segments)
    if (held === undefined) return
    const path = above === undefined ? segments.join('/') : pathBelow(above, segments)
    let snapshot: Snapshot | undefined
    try {
      snapshot = await this.#snapshots.take(held, { segments, path }, this.#position)
    } finally {
      if (snapshot === undefined) held[Symbol.dispose]()
    }
    if (snapshot === undefined) return
    levels.push({ segments, path, inside: this.#walk(snapshot, descent), held })
    const distant = levels.at(-1 - maxHeld)
    distant?.held?.[Symbol.dispose]()
    if (distant !== undefined) distant.held = undefined
  }

  /**
   * Opens a directory from its parent, which had it as an entry a moment ago. Looking up the whole
   * path at each level of a deep tree would cost as much as all levels above it.
   */
  async #open(above: Level | undefined, segments: readonly string[]): Promise<OpenDirectory | undefined> {
    if (above === undefined) return this.#directories.acquire(segments)
    above.held ??= await this.#directories.acquire(above.segments)
    if (above.held === undefined || segments.length > above.segments.length + 1)
      return this.#directories.acquire(segments)
    return this.#directories.acquireIn(above.held, segments)
  }

  *#walk(snapshot: Snapshot, { segments, base }: Descent): Generator<Found | Descent, undefined> {
    const { names, paths } = snapshot
    const prefix = this.#prefix.slice(base.length)
    // All names of a folder are consecutive, within this directory.
    let folder: { readonly name: string; readonly directories: (readonly string[])[]; done: boolean } | undefined
    let hasWarned = false
    for (let index = firstIndex(snapshot, base, prefix, this.#position.after); index < names.length; index++) {
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
      const path = paths.get(relative)
      const isFile = path?.isFile ?? !relative.endsWith('/')
      const entries = path?.entries ?? [isFile ? relative : relative.slice(0, -1)]
      if (isTooLong(name, isFile ? 0 : 1)) {
        if (!hasWarned) warn(nameTooLong(segments))
        hasWarned = true
        continue
      }
      const folderName = this.#folderOf(name)
      if (folderName !== undefined) {
        folder ??= { name: folderName, directories: [], done: compareNames(folderName, this.#position.after) <= 0 }
        if (isFile && !folder.done) {
          folder.done = true
          yield { name: folderName, directories: [] }
        } else if (!isFile) folder.directories.push([...segments, ...entries])
      } else if (!isFile) {
        yield { segments: [...segments, ...entries], base: name }
      } else if (compareNames(name, this.#position.after) > 0) {
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

const pathBelow = (above: Level, segments: readonly string[]): string =>
  `${above.path}/${segments.slice(above.segments.length).join('/')}`

/**
 * Returns the index of the first name that has the prefix and can be after `after`, or be the
 * directory of such a name.
 */
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
  // The directory of the name sorts before it.
  return low > 0 && from.startsWith(names[low - 1] ?? '') ? low - 1 : low
}
