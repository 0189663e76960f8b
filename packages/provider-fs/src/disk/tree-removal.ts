/**
 * Removal of whole trees in `.stowage/tmp`.
 *
 * A directory found in a tree is moved next to it, into `.stowage/tmp`, and removed there as the
 * next tree. So every path that is used consists of `.stowage/tmp`, one directory that is held
 * open, and one entry in it, which no call follows: a process inside the tree that swaps
 * directories for links leads nowhere, and a tree may be deeper than the operating system's paths.
 */
import { isUtf8 } from 'node:buffer'
import { errno, isAbsence, isFull } from '../errors.js'
import type { Directories, Directory, OpenDirectory } from './directories.js'
import { type Entry, pathOfBytes, type RawEntry, readBatches, readBytes } from './entries.js'
import { Lease } from './lease.js'
import { newToken } from './owner.js'
import { rename, rmdir, unlink } from './system.js'
import { holdTemporaries } from './temporary.js'

/** Something in `.stowage/tmp` that is to be removed. */
export interface Tree {
  readonly entry: string
  /** Where it was, from the root. */
  readonly path: string
}

/** A tree, or a directory that was in one, of which something is left. */
export interface LeftTree extends Tree {
  readonly cause: unknown
}

/** Calls at the same time. */
const parallelism = 8
/** How often a directory is read again when something was put into it while it was emptied. */
const maxReadings = 4

/**
 * Moves a directory to `.stowage/tmp` in one step, so that no caller sees it half removed;
 * `undefined` when it is not there. With a lease, only as long as that is held (`UNAVAILABLE`).
 */
export async function throwAway(
  directories: Directories,
  segments: readonly string[],
  lease: Lease = new Lease(directories, newToken()),
): Promise<Tree | undefined> {
  using parent = await directories.hold(segments.slice(0, -1))
  if (parent === undefined) return undefined
  const path = parent.at(segments.at(-1) ?? '')
  const discard = async () => ({ entry: await lease.discardDirectory(path), path: segments.join('/') })
  try {
    try {
      return await discard()
    } catch (error) {
      if (!isFull(error)) throw error
    }
    // No room for `.stowage/tmp` on a full disk.
    await removeFilesIn(directories, segments)
    return await discard()
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

/**
 * Removes files where they are, which needs no room. Those in directories whose names are not UTF-8
 * stay until the whole tree is removed.
 */
async function removeFilesIn(directories: Directories, segments: readonly string[]): Promise<void> {
  using directory = await directories.hold(segments)
  if (directory === undefined) return
  for (const entry of await readBytes(directory.here)) {
    if (!entry.isDirectory()) await unlinkIfThere(pathOfBytes(directory.here, entry.name))
    else if (isUtf8(entry.name)) await removeFilesIn(directories, [...segments, entry.name.toString()])
  }
}

async function unlinkIfThere(path: Buffer): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
}

/** Removes the trees, following no link; what could not be removed is left in `.stowage/tmp`. */
export async function removeTrees(directories: Directories, trees: readonly Tree[]): Promise<LeftTree[]> {
  using temporaries = await holdTemporaries(directories)
  const left: LeftTree[] = []
  let found: Tree[] = []
  for (let next = trees; next.length > 0; next = found) {
    found = []
    const inside = found
    await eachOf(next, async (tree) => {
      const cause = await removeTree(directories, temporaries, tree, inside)
      if (cause !== undefined) left.push({ ...tree, cause })
    })
  }
  return left
}

/**
 * Removes what is in the tree but directories, which are moved next to it and added to `found`. Why
 * something is left, if it is.
 */
async function removeTree(
  directories: Directories,
  temporaries: Directory,
  tree: Tree,
  found: Tree[],
): Promise<unknown> {
  const path = temporaries.at(tree.entry)
  let cause: unknown
  try {
    using directory = await directories.open(temporaries, tree.entry)
    if (directory === undefined) {
      await unlink(path)
      return undefined
    }
    for (let reading = 1; reading <= maxReadings; reading++) {
      // Names that are not UTF-8 are left by the first reading.
      cause = await empty(directory, reading === 1 ? readBatches(directory.here) : allAtOnce(directory.here))
      try {
        await rmdir(path)
        return undefined
      } catch (error) {
        if (!['ENOTEMPTY', 'EEXIST'].includes(errno(error) ?? '')) throw error
        cause ??= error
      }
    }
  } catch (error) {
    return isAbsence(error) ? undefined : error
  }
  return cause

  /** Why an entry is left, if one is. */
  async function empty(directory: OpenDirectory, entries: AsyncIterable<readonly (Entry | RawEntry)[]>) {
    let failure: unknown
    try {
      for await (const batch of entries) {
        await eachOf(batch, async (entry) => {
          try {
            await removeEntry(directory, entry)
          } catch (error) {
            if (!isAbsence(error)) failure ??= error
          }
        })
      }
    } catch (error) {
      failure ??= error
    }
    return failure
  }

  async function removeEntry({ here }: OpenDirectory, entry: Entry | RawEntry): Promise<void> {
    const { name } = entry
    const path = typeof name === 'string' ? `${here}/${name}` : pathOfBytes(here, name)
    if (!entry.isDirectory()) return unlink(path)
    const aside = newToken()
    try {
      await rename(path, temporaries.at(aside))
      found.push({ entry: aside, path: `${tree.path}/${name}` })
    } catch (error) {
      // To move a directory takes the right to write into it; to remove an empty one does not.
      if (errno(error) !== 'EACCES') throw error
      await rmdir(path).catch(() => {
        throw error
      })
    }
  }
}

async function* allAtOnce(path: string): AsyncGenerator<readonly RawEntry[]> {
  yield await readBytes(path)
}

/** Several items at the same time. */
async function eachOf<T>(items: readonly T[], call: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const work = async () => {
    for (const item of queue) await call(item)
  }
  await Promise.all(Array.from({ length: Math.min(parallelism, items.length) }, work))
}
