/**
 * How a version of a file appears. Its complete content, in a temporary file, is renamed to its
 * location while the name's lock is held. A new file gets its name by a link instead, which
 * replaces nothing and mostly needs no lock. The temporary file's name is the lease's token, so
 * both become impossible when the lock is broken.
 */
import { type BigIntStats, constants } from 'node:fs'
import {
  checkWriteConditions,
  containerNotFound,
  StorageError,
  type WriteConditions,
  type WrittenFile,
} from '@stowage/core/provider'
import { type Directory, syncDirectory } from '../disk/directories.js'
import type { Lease } from '../disk/lease.js'
import { fsync, ignoreFailure } from '../disk/system.js'
import { errno, nameConflict, Obstacle, throwIfAborted } from '../mapping/errors.js'
import { isImpliedByName, type StoredAttributes, writtenFile } from './attributes.js'
import { ancestorName, type DiskLocation, lockOf } from './locations.js'
import { etagOf, markVersion, mayHaveAttributes } from './versions.js'
import type { Workspace } from './workspace.js'

/** A complete file that no reader sees. */
export interface Content {
  readonly fd: number
  /** The lease's token, by which the holder can be fenced off from the file. */
  readonly token: string
  /**
   * The path from which it is renamed or linked. If it is not in `.stowage/tmp` with the token as
   * its name, `prepare` must have moved it there.
   */
  readonly path: string
  close(): Promise<void>
  /** Whether the file was renamed to its location. */
  moved: boolean
}

export interface CommitOptions extends StoredAttributes {
  readonly conditions: WriteConditions
  readonly signal: AbortSignal
  /** A lease with the content's token that is already held. */
  readonly partOf?: Lease
  /** Called when the conditions are met. */
  readonly prepare?: (lease: Lease) => Promise<void>
}

/** How often a folder is created again if another process prunes it at the same moment. */
const maxAttempts = 100

/**
 * Errors of links that the file system does not support. Such a file is renamed to its location.
 */
export const withoutLinks = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'])

export async function commit(
  workspace: Workspace,
  location: DiskLocation,
  content: Content,
  options: CommitOptions,
): Promise<WrittenFile> {
  const { conditions, signal, prepare } = options
  // The data is synced before the lock is acquired. The modification time follows with little data.
  if (workspace.options.fsync) await fsync(content.fd)
  const plain = isImpliedByName(location.file, options)
  if (plain && workspace.directories.isLocal && conditions.ifMatch === undefined && prepare === undefined) {
    const created = await createWithoutLock(workspace, location, content, options)
    if (created !== undefined) return created
  }
  return workspace.locks.withLocks(
    [lockOf(location)],
    signal,
    (lease) => commitLocked(workspace, location, content, options, lease),
    { token: content.token, partOf: options.partOf, withNote: !plain },
  )
}

/** Same as {@link commit}, with a lease of the location's lock whose token is the content's. */
export async function commitLocked(
  workspace: Workspace,
  location: DiskLocation,
  content: Content,
  options: CommitOptions,
  lease: Lease,
): Promise<WrittenFile> {
  const { conditions, signal, prepare } = options
  const plain = isImpliedByName(location.file, options)
  for (let attempt = 1; ; attempt++) {
    using directory = await workspace.directories.acquire(location.directory)
    const present = await currentVersion(workspace, location, directory)
    checkWriteConditions(present && { etag: etagOf(present) }, conditions)
    await prepare?.(lease)
    const stats = await mark(workspace, location, content, options, { lease, present, isOpen: attempt === 1 })
    let move: Move
    try {
      throwIfAborted(signal)
      // The data of a multipart upload must disappear when the file appears. So it is renamed,
      // unless a condition depends on what was there.
      const isNew = present === undefined && (prepare === undefined || conditions.ifNoneMatch !== undefined)
      move = await moveInto(workspace, content.path, location, { signal, lease, directory, isNew })
    } catch (error) {
      if (!plain) await workspace.attributes.remove(location, stats, lease)
      throw error
    }
    if (move === 'occupied') {
      if (!plain) await workspace.attributes.remove(location, stats, lease)
      if (attempt < maxAttempts) continue
      throw new StorageError('UNAVAILABLE', 'the file is created and deleted faster than it can be replaced')
    }
    content.moved = move === 'renamed'
    // The file is complete. The cleaner deletes what remains.
    if (present !== undefined) await workspace.attributes.remove(location, present, lease).catch(ignoreFailure)
    return { ...writtenFile(location, stats, options), replaced: present !== undefined }
  }
}

/**
 * Creates a file where none exists, by a second name for its content, which the system creates only
 * if the name is free. It needs no lock, provided that every writer that finds no file creates it
 * in this way. Returns `undefined`, with nothing changed, if there is an entry or no folder, or if
 * links are not supported.
 */
async function createWithoutLock(
  workspace: Workspace,
  location: DiskLocation,
  content: Content,
  { signal, ...stored }: CommitOptions,
): Promise<WrittenFile | undefined> {
  using directory = await workspace.directories.acquire(location.directory)
  if (directory === undefined) return undefined
  const { direct } = workspace.directories
  // A failed link and a wasted change of the time cost more than a stat.
  if ((await direct.lstatIfExists(directory.at(location.entry))) !== undefined) return undefined
  const { stats } = await markVersion(direct, content.fd, false, undefined)
  // On a file system with coarse times, a killed process may have left attributes for the same
  // version.
  if (mayHaveAttributes(stats)) return undefined
  if (workspace.options.fsync) await fsync(content.fd)
  throwIfAborted(signal)
  try {
    await direct.link(content.path, directory.at(location.entry))
  } catch (error) {
    const code = errno(error) ?? ''
    if (code === 'EEXIST' || code === 'ENOENT' || withoutLinks.has(code)) return undefined
    throw error
  }
  await confirm(workspace, location, directory)
  return { ...writtenFile(location, stats, stored), replaced: false }
}

/** How often another time is tried for a version if attributes exist for the previous time. */
const maxMarks = 100

interface MarkOptions {
  readonly lease: Lease
  readonly present: BigIntStats | undefined
  /** Whether the content is still open. */
  readonly isOpen: boolean
}

/** Makes the content the version after the current one, stores its attributes, and closes it. */
async function mark(
  workspace: Workspace,
  location: DiskLocation,
  content: Content,
  stored: StoredAttributes,
  { lease, present, isOpen }: MarkOptions,
): Promise<BigIntStats> {
  const { attributes, directories, options } = workspace
  const fd = isOpen ? content.fd : await directories.direct.open(content.path, constants.O_RDWR)
  let stats: BigIntStats
  try {
    stats = await markAndStore(workspace, location, fd, stored, { lease, present })
    if (options.fsync) await fsync(fd)
  } catch (error) {
    if (!isOpen) directories.discard(fd)
    throw error
  }
  try {
    await (isOpen ? content.close() : directories.finish(fd))
  } catch (error) {
    await attributes.remove(location, stats, lease)
    throw error
  }
  return stats
}

async function markAndStore(
  { attributes, directories }: Workspace,
  location: DiskLocation,
  fd: number,
  stored: StoredAttributes,
  { lease, present }: Pick<MarkOptions, 'lease' | 'present'>,
): Promise<BigIntStats> {
  const plain = isImpliedByName(location.file, stored)
  let after = present
  for (let marks = 1; marks <= maxMarks; marks++) {
    const { stats } = await markVersion(directories.direct, fd, !plain, after)
    // A killed process leaves attributes of a version that never appeared. With coarse times, this
    // version may be the same.
    if (plain) await attributes.remove(location, stats, lease)
    if (plain || (await attributes.save(location, stats, stored, lease))) return stats
    after = stats
  }
  throw new StorageError('UNAVAILABLE', 'every version that the file could get already has attributes')
}

/**
 * Returns the version that a write would replace. Throws `NAME_CONFLICT` if there is another entry,
 * or a file with another spelling.
 *
 * @param held The directory of the location, if it exists.
 */
export async function currentVersion(
  workspace: Workspace,
  location: DiskLocation,
  held?: Directory,
): Promise<BigIntStats | undefined> {
  using own = held === undefined ? await workspace.directories.acquire(location.directory) : undefined
  const directory = held ?? own
  const stats = await workspace.lstatIn(directory, location)
  if (stats === undefined) return undefined
  if (!stats.isFile() && !stats.isDirectory()) {
    throw nameConflict(location.file, 'the existing entry is neither a file nor a folder, for example a symbolic link')
  }
  const other = directory && (await workspace.caseFolding.otherSpelling(directory, location.entry))
  if (other !== undefined) throw nameConflict(other, 'the names are the same on this volume')
  return stats.isFile() ? stats : undefined
}

export interface MoveOptions {
  readonly signal: AbortSignal
  /** Holds the location's lock. */
  readonly lease: Lease
  /** The directory of the location, if it exists. */
  readonly directory?: Directory | undefined
  /** Whether nothing may be replaced. */
  readonly isNew: boolean
}

/**
 * - `renamed`: the file has only its new name.
 * - `linked`: the file also has its former name.
 * - `occupied`: the file had to be new, and another one exists.
 */
export type Move = 'renamed' | 'linked' | 'occupied'

/**
 * Moves the entry at `path` to the location, and creates its folders. The location's lock must be
 * held.
 */
export async function moveInto(
  workspace: Workspace,
  path: string,
  location: DiskLocation,
  options: MoveOptions,
): Promise<Move> {
  try {
    return await tryMoveInto(workspace, path, location, options)
  } catch (error) {
    await workspace.prune(location)
    if (error instanceof Obstacle) throw nameConflict(ancestorName(location, error.segments), error.reason)
    throw error
  }
}

async function tryMoveInto(
  workspace: Workspace,
  path: string,
  location: DiskLocation,
  options: MoveOptions,
): Promise<Move> {
  const { directories } = workspace
  for (let attempt = 1; ; attempt++) {
    const held = attempt === 1 ? options.directory : undefined
    using own = held === undefined ? await directories.make(location.directory, 1) : undefined
    const directory = held ?? own
    if (directory === undefined) throw containerNotFound(location.container)
    let move: Move
    try {
      move = await moveTo(workspace, path, directory.at(location.entry), options)
    } catch (error) {
      const code = errno(error) ?? ''
      if (code === 'ENOENT' && !directory.isInPlace() && attempt < maxAttempts) continue
      if (['EISDIR', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code) && attempt < maxAttempts) {
        if (await directories.removeEmptyTree([...location.directory, location.entry], options.signal)) continue
        throw nameConflict(location.file, 'it is a folder that is not empty')
      }
      throw error
    }
    if (move !== 'occupied') await confirm(workspace, location, directory)
    return move
  }
}

/** Renames or links once. Fails if a folder exists there. */
async function moveTo(
  { directories: { direct } }: Workspace,
  path: string,
  to: string,
  { isNew, lease }: MoveOptions,
): Promise<Move> {
  if (isNew) {
    try {
      await direct.link(path, to)
      return 'linked'
    } catch (error) {
      const code = errno(error) ?? ''
      if (code === 'EEXIST') {
        const [own, present] = [await direct.lstatIfExists(path), await direct.lstatIfExists(to)]
        // A network file system has lost its response.
        if (own !== undefined && own.ino === present?.ino && own.dev === present.dev) return 'linked'
        if (present?.isDirectory()) throw error
        return 'occupied'
      }
      if (!withoutLinks.has(code)) throw error
    }
  }
  await lease.replace(path, to)
  return 'renamed'
}

/**
 * Makes a new entry of a directory durable, and checks that the directory is still the location's.
 */
async function confirm(workspace: Workspace, location: DiskLocation, directory: Directory): Promise<void> {
  if (workspace.options.fsync) await syncDirectory(directory)
  if (directory.isInPlace()) return
  // The directory was moved during the write, together with the file: the container is being
  // destroyed.
  const container = await workspace.acquireContainer(location.container)
  container[Symbol.dispose]()
  throw new StorageError('INTERNAL', 'another program moved a folder while a file was written to it')
}
