/**
 * Directories' names in the order of lists, and a few of them remembered, so that the pages of one large directory do not
 * read and sort it anew each time.
 */

import type { Directories, Directory } from './directories.js'
import { readEntries } from './entries.js'
import { continuedChunk, decodeSegment } from './names.js'
import { SortedNames } from './sorted-names.js'
import { lstat } from './system.js'

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
  readonly changed: bigint
}

/** Names that all remembered snapshots may have together; the last one used is kept whatever its size. */
const maxNames = 300_000
const idleMilliseconds = 30_000

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

  /** `undefined` when there is no such directory. */
  async take(segments: readonly string[]): Promise<Snapshot | undefined> {
    using directory = await this.#directories.hold(segments)
    if (directory === undefined) return undefined
    const key = segments.join('/')
    const { mtimeNs: changed } = await lstat(`${directory.here}/.`)
    const known = this.#remembered.get(key)
    if (known !== undefined) {
      this.#forget(key, known)
      if (known.changed === changed) {
        this.#remember(key, known)
        return known.snapshot
      }
    }
    const started = BigInt(Date.now()) * 1_000_000n
    const { snapshot, single } = await this.#read(directory, segments)
    if (single && started - changed > tick(changed)) this.#remember(key, { snapshot, changed })
    return snapshot
  }

  close(): void {
    clearTimeout(this.#expiry)
    this.#remembered.clear()
  }

  /** `single`: nothing of it comes from other directories. */
  async #read(directory: Directory, segments: readonly string[]): Promise<{ snapshot: Snapshot; single: boolean }> {
    const names = new SortedNames()
    const places = new Map<string, EntryPlace>()
    const atTop = segments.length === 1
    let single = true
    const collect = async (held: Directory, before: readonly string[]): Promise<void> => {
      for await (const batch of readEntries(held, this.#directories.isLocal)) {
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

  #remember(key: string, remembered: Remembered): void {
    this.#remembered.set(key, remembered)
    this.#names += remembered.snapshot.names.length
    for (const [oldest, old] of this.#remembered) {
      if (this.#names <= maxNames || oldest === key) break
      this.#forget(oldest, old)
    }
    clearTimeout(this.#expiry)
    this.#expiry = setTimeout(() => {
      this.#remembered.clear()
      this.#names = 0
    }, idleMilliseconds)
    this.#expiry.unref()
  }

  #forget(key: string, remembered: Remembered): void {
    if (this.#remembered.delete(key)) this.#names -= remembered.snapshot.names.length
  }
}
