/**
 * The sorted names of directories. A few directories are cached, so that the pages of one large
 * directory do not read and sort it again each time.
 */

import type { Directories, OpenDirectory } from '../disk/directories.js'
import { readEntries } from '../disk/entries.js'
import { continuedChunk, decodeSegment } from '../mapping/names.js'
import type { ListStart } from './list-position.js'
import { SortedNames } from './sorted-names.js'

/** The path of a directory, from the root. */
export interface Path {
  readonly segments: readonly string[]
  /** The segments as one string. */
  readonly path: string
}

/** The content of one directory. */
export interface Snapshot {
  /**
   * The rest of the files' names after the directory's name, in the order of UTF-8 bytes. A
   * directory has a `/` at its end, unless `paths` contains it as a file.
   */
  readonly names: readonly string[]
  /** The names whose path on the disk differs from the name. */
  readonly paths: ReadonlyMap<string, EntryPath>
}

interface EntryPath {
  /**
   * The path from the directory. The last entry is the name's own. Entries before it are
   * continuations of a long segment.
   */
  readonly entries: readonly string[]
  readonly isFile: boolean
}

interface Cached {
  readonly snapshot: Snapshot
  /**
   * The directory's modification time before it was read, or `undefined` if a later change might
   * not have changed it.
   */
  readonly changed: bigint | undefined
  /** When the read began: milliseconds since the epoch, and by a monotonic clock. */
  readonly read: number
  readonly readAt: number
}

/** Maximum names of all cached snapshots together. The last one used is kept at any size. */
const maxNames = 300_000
const idleMilliseconds = 30_000

/**
 * Names of a directory that each page reads again if it changed, which takes no longer than the
 * page.
 */
const maxSmall = 1024
/** Milliseconds after which a list reads a larger directory again if it changed. */
const maxAge = 60_000

/**
 * Nanoseconds without a change before a read. A change during the read may not change the
 * modification time, because clocks of file systems tick in milliseconds or seconds.
 */
const clockTick = (changed: bigint): bigint => (changed % 1_000_000_000n === 0n ? 2_100_000_000n : 20_000_000n)

export class Snapshots {
  readonly #directories: Directories
  readonly #cached = new Map<string, Cached>()
  #names = 0
  #expiry: NodeJS.Timeout | undefined

  constructor(directories: Directories) {
    this.#directories = directories
  }

  /**
   * Returns the directory's current content, or its content at some time since the list began.
   * Returns `undefined` if it was deleted.
   *
   * A list that begins sees every finished change. A list that continues does not need later
   * changes, so a large directory is not read again for each page while it changes.
   */
  async take(directory: OpenDirectory, { segments, path: key }: Path, list: ListStart): Promise<Snapshot | undefined> {
    const known = this.#cached.get(key)
    if (known !== undefined && isUsable(list, known)) return this.#use(key, known)
    const stats = await this.#directories.direct.lstatIfExists(`${directory.path}/.`)
    if (stats === undefined) return undefined
    const { mtimeNs: changed } = stats
    if (known !== undefined && known.changed === changed) return this.#use(key, known)
    const read = Date.now()
    const readAt = performance.now()
    const { snapshot, single } = await this.#read(directory, segments)
    const isSettled = single && BigInt(read) * 1_000_000n - changed > clockTick(changed)
    return this.#use(key, { snapshot, changed: isSettled ? changed : undefined, read, readAt })
  }

  close(): void {
    clearTimeout(this.#expiry)
    this.#cached.clear()
  }

  /** Reads a directory. `single` is whether all names are from this directory. */
  async #read(directory: OpenDirectory, segments: readonly string[]): Promise<{ snapshot: Snapshot; single: boolean }> {
    const names = new SortedNames()
    const paths = new Map<string, EntryPath>()
    const atTop = segments.length === 1
    let single = true
    const collect = async (held: OpenDirectory, before: readonly string[]): Promise<void> => {
      for await (const batch of readEntries(held, this.#directories.direct)) {
        for (const entry of batch) {
          const isFile = entry.isFile()
          if (!isFile && !entry.isDirectory()) continue
          const entries = before.length === 0 ? [entry.name] : [...before, entry.name]
          if (!isFile && continuedChunk(entry.name) !== undefined) {
            single = false
            using continued = await this.#directories.acquire([...segments, ...entries])
            if (continued !== undefined) await collect(continued, entries)
            continue
          }
          const text = decodeSegment(entries, isFile ? 'file' : 'directory', atTop)
          if (text === undefined) continue
          const name = isFile ? text : `${text}/`
          names.add(name)
          if (entries.length > 1 || text !== entry.name) paths.set(name, { entries, isFile })
        }
      }
    }
    await collect(directory, [])
    return { snapshot: { names: await names.merged(), paths }, single }
  }

  /** Makes a snapshot the last one used. */
  #use(key: string, used: Cached): Snapshot {
    const known = this.#cached.get(key)
    if (known !== undefined) this.#forget(key, known)
    this.#cached.set(key, used)
    this.#names += weightOf(used)
    for (const [oldest, old] of this.#cached) {
      if (this.#names <= maxNames || oldest === key) break
      this.#forget(oldest, old)
    }
    this.#expiry ??= setTimeout(() => {
      this.#expiry = undefined
      this.#cached.clear()
      this.#names = 0
    }, idleMilliseconds).unref()
    this.#expiry.refresh()
    return used.snapshot
  }

  #forget(key: string, cached: Cached): void {
    if (this.#cached.delete(key)) this.#names -= weightOf(cached)
  }
}

/** A snapshot without names takes memory too. */
const weightOf = ({ snapshot }: Cached): number => snapshot.names.length + 1

/**
 * Returns whether the snapshot is from a time since the list began, and is worth using for a large
 * directory.
 */
const isUsable = ({ began, continues }: ListStart, { snapshot, read, readAt }: Cached): boolean =>
  continues && read > began && snapshot.names.length > maxSmall && performance.now() - readAt < maxAge
