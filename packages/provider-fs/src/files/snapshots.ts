/**
 * Directories' names in the order of lists, and a few of them remembered, so that the pages of one large directory do not
 * read and sort it anew each time.
 */

import type { Directories, OpenDirectory } from '../disk/directories.js'
import { readEntries } from '../disk/entries.js'
import { continuedChunk, decodeSegment } from '../names.js'
import type { ListStart } from './list-position.js'
import { SortedNames } from './sorted-names.js'

/** Where a directory is, from the root. */
export interface Path {
  readonly segments: readonly string[]
  /** The segments as one string. */
  readonly path: string
}

/** One directory's content. */
export interface Snapshot {
  /**
   * What follows the directory's own name in the names of files, in the order of UTF-8 bytes. With a `/` at its end: a
   * directory, unless `places` says that it is a file.
   */
  readonly names: readonly string[]
  /** The names whose place on the disk is another than the name. */
  readonly places: ReadonlyMap<string, EntryPlace>
}

interface EntryPlace {
  /** Entries from the directory on; the last one is the name's own, those before are continuations of a long segment. */
  readonly entries: readonly string[]
  readonly isFile: boolean
}

interface Remembered {
  readonly snapshot: Snapshot
  /**
   * When the directory changed last before it was read; `undefined` when a change since then might
   * not show in that.
   */
  readonly changed: bigint | undefined
  /** When reading it began: milliseconds since the epoch, and by a clock that nobody sets. */
  readonly read: number
  readonly readAt: number
}

/** Names that all remembered snapshots may have together; the last one used is kept whatever its size. */
const maxNames = 300_000
const idleMilliseconds = 30_000

/**
 * Names of a directory that each page reads anew when it has changed: that takes no longer than the
 * page.
 */
const maxSmall = 1024
/** Milliseconds after which a list reads a larger directory again that has changed. */
const maxAge = 60_000

/**
 * Nanoseconds by which a directory must have been left alone before it was read. A change in the moment of reading may leave the
 * time of change as it is, since clocks of file systems tick in milliseconds, or in seconds.
 */
const tick = (changed: bigint): bigint => (changed % 1_000_000_000n === 0n ? 2_100_000_000n : 20_000_000n)

export class Snapshots {
  readonly #directories: Directories
  readonly #remembered = new Map<string, Remembered>()
  #names = 0
  #expiry: NodeJS.Timeout | undefined

  constructor(directories: Directories) {
    this.#directories = directories
  }

  /**
   * The directory as it is, or as it was at some time since the list began; `undefined` when it
   * has been removed.
   *
   * A list that begins sees every change that is finished. One that continues needs no change that
   * came later, so a large directory is not read again for each page while it changes.
   */
  async take(directory: OpenDirectory, { segments, path: key }: Path, list: ListStart): Promise<Snapshot | undefined> {
    const known = this.#remembered.get(key)
    if (known !== undefined && isOf(list, known)) return this.#use(key, known)
    const stats = await this.#directories.direct.lstatIfThere(`${directory.here}/.`)
    if (stats === undefined) return undefined
    const { mtimeNs: changed } = stats
    if (known !== undefined && known.changed === changed) return this.#use(key, known)
    const read = Date.now()
    const readAt = performance.now()
    const { snapshot, single } = await this.#read(directory, segments)
    const isSettled = single && BigInt(read) * 1_000_000n - changed > tick(changed)
    return this.#use(key, { snapshot, changed: isSettled ? changed : undefined, read, readAt })
  }

  close(): void {
    clearTimeout(this.#expiry)
    this.#remembered.clear()
  }

  /** `single`: nothing of it comes from other directories. */
  async #read(directory: OpenDirectory, segments: readonly string[]): Promise<{ snapshot: Snapshot; single: boolean }> {
    const names = new SortedNames()
    const places = new Map<string, EntryPlace>()
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
            using continued = await this.#directories.hold([...segments, ...entries])
            if (continued !== undefined) await collect(continued, entries)
            continue
          }
          const text = decodeSegment(entries, isFile ? 'file' : 'directory', atTop)
          if (text === undefined) continue
          const name = isFile ? text : `${text}/`
          names.add(name)
          if (entries.length > 1 || text !== entry.name) places.set(name, { entries, isFile })
        }
      }
    }
    await collect(directory, [])
    return { snapshot: { names: await names.merged(), places }, single }
  }

  /** Makes it the last one used. */
  #use(key: string, used: Remembered): Snapshot {
    const known = this.#remembered.get(key)
    if (known !== undefined) this.#forget(key, known)
    this.#remembered.set(key, used)
    this.#names += weightOf(used)
    for (const [oldest, old] of this.#remembered) {
      if (this.#names <= maxNames || oldest === key) break
      this.#forget(oldest, old)
    }
    this.#expiry ??= setTimeout(() => {
      this.#expiry = undefined
      this.#remembered.clear()
      this.#names = 0
    }, idleMilliseconds).unref()
    this.#expiry.refresh()
    return used.snapshot
  }

  #forget(key: string, remembered: Remembered): void {
    if (this.#remembered.delete(key)) this.#names -= weightOf(remembered)
  }
}

/** A snapshot without names takes memory too. */
const weightOf = ({ snapshot }: Remembered): number => snapshot.names.length + 1

/**
 * Whether the snapshot is of a time since the list began, and one that saves reading a large
 * directory.
 */
const isOf = ({ began, continues }: ListStart, { snapshot, read, readAt }: Remembered): boolean =>
  continues && read > began && snapshot.names.length > maxSmall && performance.now() - readAt < maxAge
