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
} from '@stowage/core/provider'
import type { Directories, OpenDirectory } from './disk/directories.js'
import { unlessUnreadable } from './disk/unreadable.js'
import { isUnreadable, nameTooLong, throwIfAborted, unreadable, warn } from './errors.js'
import { encodeNext, type ListPosition, positionOf } from './files/list-position.js'
import { describe, type Found } from './files/page-entries.js'
import type { Path, Snapshot, Snapshots } from './files/snapshots.js'
import type { Workspace } from './files/workspace.js'
import { isTooLong, prefixDirectory } from './names.js'

/**
 * Entries of a page, which core joins to as many as its caller wants. What is in memory while a whole list passes through is in proportion to
 * it: the engine moves what lives when it collects into a part of the heap that it rarely clears.
 */
const maxEntries = 64

/**
 * Directories that a walk holds open, from the one that it is in upwards. Those further up are
 * opened again when the walk comes back to them, so that a deep tree takes no more descriptors.
 */
const maxHeld = 8

export async function listFiles(
  workspace: Workspace,
  container: string,
  options: ListFilesCallOptions,
): Promise<FilePage> {
  const { snapshots } = workspace
  const held = await workspace.holdContainer(container)
  held[Symbol.dispose]()
  const position = positionOf(options)
  using walk = new Walk(workspace.directories, snapshots, container, options, position)
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
    if (further.length > 0) return { entries, next: encodeNext(options, after, position.began) }
  }
  return { entries }
}

/** A directory that the walk goes on in; the names of its files begin with `base`. */
interface Descent {
  readonly segments: readonly string[]
  readonly base: string
}

/** A directory that the walk is in. */
interface Level extends Path {
  readonly inside: Iterator<Found | Descent>
  /** The directory, while it is one of the last `maxHeld`. */
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
  /** The directory that the walk is in, after those above it. */
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

  /** What is found next; fewer when the walk is at its end. */
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
      // The one directory that was asked for.
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
   * Opens a directory from the one above, whose entry it was a moment ago. To look its whole path
   * up would cost each level of a deep tree as much as all levels above it.
   */
  async #open(above: Level | undefined, segments: readonly string[]): Promise<OpenDirectory | undefined> {
    if (above === undefined) return this.#directories.hold(segments)
    above.held ??= await this.#directories.hold(above.segments)
    if (above.held === undefined || segments.length > above.segments.length + 1) return this.#directories.hold(segments)
    return this.#directories.holdIn(above.held, segments)
  }

  *#walk(snapshot: Snapshot, { segments, base }: Descent): Generator<Found | Descent, undefined> {
    const { names, places } = snapshot
    const prefix = this.#prefix.slice(base.length)
    // All names of a folder follow each other, within this directory.
    let folder: { readonly name: string; readonly directories: (readonly string[])[]; done: boolean } | undefined
    let leavesOut = false
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
      const place = places.get(relative)
      const isFile = place?.isFile ?? !relative.endsWith('/')
      const entries = place?.entries ?? [isFile ? relative : relative.slice(0, -1)]
      if (isTooLong(name, isFile ? 0 : 1)) {
        if (!leavesOut) warn(nameTooLong(segments))
        leavesOut = true
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
