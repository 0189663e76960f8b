/**
 * How a version of a file appears: its content, finished in a temporary file, is renamed to its place while the name's lock is held; a file
 * that is new gets its name by a link instead, which replaces nothing, and mostly needs no lock. The temporary file's name is
 * the lease's token, so neither is possible any more once the lock was broken.
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
import { errno, nameConflict, Obstacle, throwIfAborted } from '../errors.js'
import { isToldByName, type Kept, writtenFile } from './attributes.js'
import { ancestorName, lockOf, type Place } from './places.js'
import { etagOf, markVersion, mayHaveAttributes } from './versions.js'
import type { Workspace } from './workspace.js'

/** A file that is whole, and that no reader sees. */
export interface Content {
  readonly fd: number
  /** The lease's token, with which it can be fenced off from the file. */
  readonly token: string
  /** Where it is renamed or linked from. Elsewhere than in `.stowage/tmp`, under the token, `prepare` must have moved it there. */
  readonly path: string
  close(): Promise<void>
  /** Set when the file was renamed to its place. */
  moved: boolean
}

export interface CommitOptions extends Kept {
  readonly conditions: WriteConditions
  readonly signal: AbortSignal
  /** A lease that is held already, under the content's token. */
  readonly partOf?: Lease
  /** Called when the conditions have been met. */
  readonly prepare?: (lease: Lease) => Promise<void>
}

/** How often a folder is made again that another process prunes at the same moment. */
const maxTries = 100

/** What links fail with where there are none, or none to there: such a file is renamed to its place. */
export const withoutLinks = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'])

export async function commit(
  workspace: Workspace,
  place: Place,
  content: Content,
  options: CommitOptions,
): Promise<WrittenFile> {
  const { conditions, signal, prepare } = options
  // The data first, without the lock; its time of change, which is little, with it.
  if (workspace.options.fsync) await fsync(content.fd)
  const plain = isToldByName(place.file, options)
  if (plain && workspace.directories.isLocal && conditions.ifMatch === undefined && prepare === undefined) {
    const created = await createWithoutLock(workspace, place, content, options)
    if (created !== undefined) return created
  }
  return workspace.locks.hold(
    [lockOf(place)],
    signal,
    (lease) => commitLocked(workspace, place, content, options, lease),
    { token: content.token, partOf: options.partOf, withNote: !plain },
  )
}

/** As {@link commit}, under the lease of the place's lock, whose token is the content's. */
export async function commitLocked(
  workspace: Workspace,
  place: Place,
  content: Content,
  options: CommitOptions,
  lease: Lease,
): Promise<WrittenFile> {
  const { conditions, signal, prepare } = options
  const plain = isToldByName(place.file, options)
  for (let tries = 1; ; tries++) {
    using directory = await workspace.directories.hold(place.directory)
    const present = await presentVersion(workspace, place, directory)
    checkWriteConditions(present && { etag: etagOf(present) }, conditions)
    await prepare?.(lease)
    const stats = await mark(workspace, place, content, options, { lease, present, isOpen: tries === 1 })
    let done: Move
    try {
      throwIfAborted(signal)
      // The data of a part upload has to go when the file appears, so it is renamed wherever nothing depends on what was there.
      const isNew = present === undefined && (prepare === undefined || conditions.ifNoneMatch !== undefined)
      done = await moveInto(workspace, content.path, place, { signal, directory, isNew })
    } catch (error) {
      if (!plain) await workspace.attributes.remove(place, stats, lease)
      throw error
    }
    if (done === 'occupied') {
      if (!plain) await workspace.attributes.remove(place, stats, lease)
      if (tries < maxTries) continue
      throw new StorageError('UNAVAILABLE', 'the file is made and removed faster than it can be replaced')
    }
    content.moved = done === 'renamed'
    // The file is there: what is left behind now, the cleaner finds.
    if (present !== undefined) await workspace.attributes.remove(place, present, lease).catch(ignoreFailure)
    return { ...writtenFile(place, stats, options), replaced: present !== undefined }
  }
}

/**
 * Makes a file where nothing is, by a second name for its content, which the system gives only when the place is free. So it needs no lock,
 * as long as everybody who finds nothing at a place, lock or not, makes the file in this way. `undefined` when there is something, or no
 * folder, or there are no links; nothing has happened then.
 */
async function createWithoutLock(
  workspace: Workspace,
  place: Place,
  content: Content,
  { signal, ...kept }: CommitOptions,
): Promise<WrittenFile | undefined> {
  using directory = await workspace.directories.hold(place.directory)
  if (directory === undefined) return undefined
  const { direct } = workspace.directories
  // A link that fails, and a time that is set in vain, cost more than to look.
  if ((await direct.lstatIfThere(directory.at(place.entry))) !== undefined) return undefined
  const { stats } = await markVersion(direct, content.fd, false, undefined)
  // On a file system with coarse times, where a killed process may have left attributes for the same version.
  if (mayHaveAttributes(stats)) return undefined
  if (workspace.options.fsync) await fsync(content.fd)
  throwIfAborted(signal)
  try {
    await direct.link(content.path, directory.at(place.entry))
  } catch (error) {
    const code = errno(error) ?? ''
    if (code === 'EEXIST' || code === 'ENOENT' || withoutLinks.has(code)) return undefined
    throw error
  }
  await confirm(workspace, place, directory)
  return { ...writtenFile(place, stats, kept), replaced: false }
}

/** How often another time is tried for a version, when something is kept for the one before. */
const maxMarks = 100

interface MarkOptions {
  readonly lease: Lease
  readonly present: BigIntStats | undefined
  /** Whether the content is still open. */
  readonly isOpen: boolean
}

/** Makes the content the version after the present one, keeps its attributes, and closes it. */
async function mark(
  workspace: Workspace,
  place: Place,
  content: Content,
  kept: Kept,
  { lease, present, isOpen }: MarkOptions,
): Promise<BigIntStats> {
  const { attributes, directories, options } = workspace
  const fd = isOpen ? content.fd : await directories.direct.open(content.path, constants.O_RDWR)
  let stats: BigIntStats
  try {
    stats = await markAndKeep(workspace, place, fd, kept, { lease, present })
    if (options.fsync) await fsync(fd)
  } catch (error) {
    if (!isOpen) directories.discard(fd)
    throw error
  }
  try {
    await (isOpen ? content.close() : directories.finish(fd))
  } catch (error) {
    await attributes.remove(place, stats, lease)
    throw error
  }
  return stats
}

async function markAndKeep(
  { attributes, directories }: Workspace,
  place: Place,
  fd: number,
  kept: Kept,
  { lease, present }: Pick<MarkOptions, 'lease' | 'present'>,
): Promise<BigIntStats> {
  const plain = isToldByName(place.file, kept)
  let after = present
  for (let marks = 1; marks <= maxMarks; marks++) {
    const { stats } = await markVersion(directories.direct, fd, !plain, after)
    // Attributes of a version that never appeared are left when a process is killed. Where times are coarse, this may be the same one.
    if (plain) await attributes.remove(place, stats, lease)
    if (plain || (await attributes.save(place, stats, kept, lease))) return stats
    after = stats
  }
  throw new StorageError('UNAVAILABLE', 'attributes are kept for every version that the file could get')
}

/**
 * The version that a write would replace; `NAME_CONFLICT` when something else is there, or a file of another spelling. `held`: the place's
 * directory, when it is there.
 */
export async function presentVersion(
  workspace: Workspace,
  place: Place,
  held?: Directory,
): Promise<BigIntStats | undefined> {
  using own = held === undefined ? await workspace.directories.hold(place.directory) : undefined
  const directory = held ?? own
  const stats = await workspace.lookIn(directory, place)
  if (stats === undefined) return undefined
  if (!stats.isFile() && !stats.isDirectory()) {
    throw nameConflict(place.file, 'what is there is neither a file nor a folder, such as a symbolic link')
  }
  const other = directory && (await workspace.caseFolding.otherSpelling(directory, place.entry))
  if (other !== undefined) throw nameConflict(other, 'on this volume the names are the same')
  return stats.isFile() ? stats : undefined
}

export interface MoveOptions {
  readonly signal: AbortSignal
  /** The place's directory, when it is there. */
  readonly directory?: Directory | undefined
  /** Whether nothing may be replaced. */
  readonly isNew: boolean
}

/** `linked`: the file has its former name as well. `occupied`: it was to be new, and another is there. */
export type Move = 'renamed' | 'linked' | 'occupied'

/** Brings what is at `path` to the place, making its folders. The place's lock must be held. */
export async function moveInto(workspace: Workspace, path: string, place: Place, options: MoveOptions): Promise<Move> {
  try {
    return await tryMoveInto(workspace, path, place, options)
  } catch (error) {
    await workspace.prune(place)
    if (error instanceof Obstacle) throw nameConflict(ancestorName(place, error.segments), error.reason)
    throw error
  }
}

async function tryMoveInto(workspace: Workspace, path: string, place: Place, options: MoveOptions): Promise<Move> {
  const { directories } = workspace
  for (let tries = 1; ; tries++) {
    const held = tries === 1 ? options.directory : undefined
    using own = held === undefined ? await directories.make(place.directory, 1) : undefined
    const directory = held ?? own
    if (directory === undefined) throw containerNotFound(place.container)
    let move: Move
    try {
      move = await moveTo(workspace, path, directory.at(place.entry), options.isNew)
    } catch (error) {
      const code = errno(error) ?? ''
      if (code === 'ENOENT' && !directory.isInPlace() && tries < maxTries) continue
      if (['EISDIR', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code) && tries < maxTries) {
        if (await directories.removeHollow([...place.directory, place.entry], options.signal)) continue
        throw nameConflict(place.file, 'it is a folder that is not empty')
      }
      throw error
    }
    if (move !== 'occupied') await confirm(workspace, place, directory)
    return move
  }
}

/** One rename or link. A folder that is there fails it. */
async function moveTo({ directories: { direct } }: Workspace, path: string, to: string, isNew: boolean): Promise<Move> {
  if (isNew) {
    try {
      await direct.link(path, to)
      return 'linked'
    } catch (error) {
      const code = errno(error) ?? ''
      if (code === 'EEXIST') {
        const [ours, present] = [await direct.lstatIfThere(path), await direct.lstatIfThere(to)]
        // A network file system has lost its answer.
        if (ours !== undefined && ours.ino === present?.ino && ours.dev === present.dev) return 'linked'
        if (present?.isDirectory()) throw error
        return 'occupied'
      }
      if (!withoutLinks.has(code)) throw error
    }
  }
  await direct.rename(path, to)
  return 'renamed'
}

/** Makes an entry last that was made in a directory, and finds out whether that is the place's directory still. */
async function confirm(workspace: Workspace, place: Place, directory: Directory): Promise<void> {
  if (workspace.options.fsync) await syncDirectory(directory)
  if (directory.isInPlace()) return
  // Moved away under our hands, and the file with it: the container, when it is being destroyed.
  const container = await workspace.holdContainer(place.container)
  container[Symbol.dispose]()
  throw new StorageError('INTERNAL', 'a folder was moved by another program while a file was written into it')
}
