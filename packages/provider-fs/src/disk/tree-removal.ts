/**
 * Deletes whole trees in `.stowage/tmp`.
 *
 * A directory in a tree is moved next to the tree, into `.stowage/tmp`, and is deleted as the next
 * tree. So every path consists of `.stowage/tmp`, one open directory and one entry in it, which no
 * call follows. A process in the tree that replaces directories by links has no effect, and a tree
 * may be deeper than the operating system's paths.
 */
import { isUtf8 } from 'node:buffer'
import { errno, isAbsence, isDenied, isFull } from '../mapping/errors.js'
import { platform } from '../platform/platform.js'
import type { Directories, Directory, OpenDirectory } from './directories.js'
import { type DirectoryEntry, pathOfBytes, type RawEntry, readBatches, readBytes } from './entries.js'
import { Lease } from './lease.js'
import { newToken } from './owner.js'
import { rename, rmdir, unlink, unlinkNow } from './system.js'
import { acquireTemporaries } from './temporary.js'

/** An entry of `.stowage/tmp` that is to be deleted. */
export interface Tree {
  readonly entry: string
  /** Its former path, from the root. */
  readonly path: string
}

/** A tree, or a directory of one, that was not completely deleted. */
export interface RemainingTree extends Tree {
  readonly cause: unknown
}

/** Concurrent calls. */
const parallelism = 8
/** How often a directory is read again if entries were added while it was emptied. */
const maxReadings = 4

/**
 * Moves a directory to `.stowage/tmp` in one step, so that no caller sees it half deleted. Returns
 * `undefined` if it does not exist. Throws `UNAVAILABLE` if the lease is lost.
 */
export async function discardTree(
  directories: Directories,
  segments: readonly string[],
  lease: Lease = new Lease(directories, newToken()),
): Promise<Tree | undefined> {
  using parent = await directories.acquire(segments.slice(0, -1))
  if (parent === undefined) return undefined
  const path = parent.at(segments.at(-1) ?? '')
  const discard = async () => ({ entry: await lease.discardDirectory(path), path: segments.join('/') })
  try {
    try {
      return await discard()
    } catch (error) {
      if (!isFull(error) && !(platform.openFilesBlock && isDenied(error))) throw error
    }
    // A full disk may have no space for `.stowage/tmp`. On Windows, a directory with an open file
    // cannot be moved.
    await removeFilesIn(directories, segments)
    return await discard()
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

/**
 * Deletes files in place, which needs no space and no free directory. Files in directories whose
 * names are not UTF-8 are deleted later, with the whole tree.
 */
async function removeFilesIn(directories: Directories, segments: readonly string[]): Promise<void> {
  using directory = await directories.acquire(segments)
  if (directory === undefined) return
  for (const entry of await readBytes(directory.path)) {
    if (!entry.isDirectory()) await unlinkIfExists(directories, pathOfBytes(directory.path, entry.name))
    else if (isUtf8(entry.name)) await removeFilesIn(directories, [...segments, entry.name.toString()])
  }
}

async function unlinkIfExists(directories: Directories, path: Buffer): Promise<void> {
  using temporaries = platform.openFilesBlock ? await acquireTemporaries(directories) : undefined
  try {
    await (temporaries === undefined ? unlink(path) : unlinkNow(path, temporaries.at(newToken())))
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
}

/** Deletes the trees, and follows no link. Returns those that were not completely deleted. */
export async function removeTrees(directories: Directories, trees: readonly Tree[]): Promise<RemainingTree[]> {
  using temporaries = await acquireTemporaries(directories)
  const remaining: RemainingTree[] = []
  let found: Tree[] = []
  for (let next = trees; next.length > 0; next = found) {
    found = []
    const nested = found
    await eachOf(next, async (tree) => {
      const cause = await removeTree(directories, temporaries, tree, nested)
      if (cause !== undefined) remaining.push({ ...tree, cause })
    })
  }
  return remaining
}

/**
 * Deletes a tree, except its directories, which are moved next to it and added to `found`. Returns
 * the reason if something was not deleted.
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
      // The first reading omits names that are not UTF-8.
      cause = await empty(directory, reading === 1 ? readBatches(directory.path) : allAtOnce(directory.path))
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

  /** Returns the reason if an entry was not deleted. */
  async function empty(directory: OpenDirectory, entries: AsyncIterable<readonly (DirectoryEntry | RawEntry)[]>) {
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

  async function removeEntry(directory: OpenDirectory, entry: DirectoryEntry | RawEntry): Promise<void> {
    const { name } = entry
    const path = typeof name === 'string' ? directory.at(name) : pathOfBytes(directory.path, name)
    if (!entry.isDirectory()) return unlinkNow(path, temporaries.at(newToken()))
    const token = newToken()
    try {
      await rename(path, temporaries.at(token))
      found.push({ entry: token, path: `${tree.path}/${name}` })
    } catch (error) {
      // Moving a directory requires the right to write to it. Deleting an empty one does not.
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

/** Calls a function for all items, a few at a time. */
async function eachOf<T>(items: readonly T[], call: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const work = async () => {
    for (const item of queue) await call(item)
  }
  await Promise.all(Array.from({ length: Math.min(parallelism, items.length) }, work))
}
