/**
 * Copies and moves files. A copy shares the source's blocks if the file system supports it (Btrfs,
 * XFS, APFS).
 */
import { type BigIntStats, constants } from 'node:fs'
import {
  type CopyCallOptions,
  checkWriteConditions,
  type FileLocation,
  StorageError,
  type WrittenFile,
} from '@stowage/core/provider'
import { type Directory, syncDirectory } from './disk/directories.js'
import type { Lease } from './disk/lease.js'
import { access, copyOnDisk, fstat, fsync, ftruncate, ignoreFailure, readFully, writeFully } from './disk/system.js'
import { acquireTemporaries, TemporaryFile } from './disk/temporary.js'
import { type Attributes, isImpliedByName, type StoredAttributes, writtenFile } from './files/attributes.js'
import { commit, commitLocked, currentVersion, type Move, moveInto, withoutLinks } from './files/commit.js'
import { type DiskLocation, lockOf, toLocation } from './files/locations.js'
import { etagOf, markVersion, mayHaveAttributes, setTime, type VersionStats, versionOf } from './files/versions.js'
import type { Workspace } from './files/workspace.js'
import { errno, isAbsence, throwIfAborted, versionChanged } from './mapping/errors.js'
import { type OpenVersion, openVersion } from './reader.js'

export async function copyFile(
  workspace: Workspace,
  from: FileLocation,
  to: FileLocation,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  const source = toLocation(from)
  const target = toLocation(to)
  const { signal, conditions } = options
  const container = await workspace.acquireContainer(target.container)
  container[Symbol.dispose]()
  workspace.cleaner.startOnce()
  for (let attempt = 1; ; attempt++) {
    const { fd, stats, stored } = await openVersion(workspace, source, signal)
    try {
      checkSource(etagOf(stats), options.ifSourceMatch)
      await using content = await TemporaryFile.create(workspace.directories)
      const isComplete = await copyContent(workspace, fd, content, Number(stats.size), signal)
      if (isComplete && versionOf(fstat(fd)) === versionOf(stats)) {
        return await commit(workspace, target, content, {
          ...targetAttributes(stored, options.attributes),
          conditions,
          signal,
        })
      }
    } finally {
      workspace.directories.discard(fd)
    }
    // A move gave the source a new time, or another program wrote to it. The current content is
    // copied instead.
    if (attempt === maxAttempts) throw versionChanged()
  }
}

/** How often a copy is attempted if its source changes during the copy. */
const maxAttempts = 10

/** Returns the target's attributes, with the source's checksums, since the content is the same. */
const targetAttributes = (stored: StoredAttributes, attributes: Attributes | undefined): StoredAttributes => ({
  attributes: attributes ?? stored.attributes,
  checksums: stored.checksums,
})

function checkSource(etag: string, ifSourceMatch: string | undefined): void {
  if (ifSourceMatch === undefined || ifSourceMatch === '*' || ifSourceMatch === etag) return
  throw new StorageError('PRECONDITION_FAILED', `the source's ETag is not ${ifSourceMatch}`, { details: { etag } })
}

/** Bytes that the kernel copies in one call, which cannot be interrupted. */
const kernelCopyBytes = 67_108_864

/**
 * Copies the first bytes of an open file to another one. Shares their blocks if the source has
 * exactly this size. Returns false if the source has become shorter.
 */
export async function copyContent(
  workspace: Workspace,
  source: number,
  target: Pick<TemporaryFile, 'fd' | 'path'>,
  size: number,
  signal: AbortSignal,
): Promise<boolean> {
  throwIfAborted(signal)
  if (process.platform === 'linux' && Number(fstat(source).size) === size) {
    const mode = size <= kernelCopyBytes ? constants.COPYFILE_FICLONE : constants.COPYFILE_FICLONE_FORCE
    try {
      // The target has the same inode under both names, so the open descriptor sees the copied
      // content.
      await copyOnDisk(`/proc/self/fd/${source}`, `/proc/self/fd/${target.fd}`, mode)
      if (Number(fstat(target.fd).size) === size) return true
    } catch (error) {
      if (['ENOSPC', 'EDQUOT', 'EIO'].includes(errno(error) ?? '')) throw error
    }
  }
  // The source may have grown while the kernel copied it.
  await ftruncate(target.fd, 0)
  const { chunkSize } = workspace.options
  return (await copyBytes(source, target.fd, { size, position: 0, chunkSize, signal })) === size
}

export interface CopyBytesOptions {
  /** Bytes, from the beginning of the source. */
  readonly size: number
  /** The position in the target. */
  readonly position: number
  readonly chunkSize: number
  readonly signal: AbortSignal
}

/** Returns the number of copied bytes, which is smaller if the source is shorter. */
export async function copyBytes(source: number, target: number, options: CopyBytesOptions): Promise<number> {
  const { size, position, chunkSize, signal } = options
  const buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(size, 1), chunkSize))
  for (let done = 0; done < size; ) {
    throwIfAborted(signal)
    const chunk = buffer.subarray(0, Math.min(buffer.length, size - done))
    const bytes = await readFully(source, chunk, done)
    await writeFully(target, chunk.subarray(0, bytes), position + done)
    done += bytes
    if (bytes < chunk.length) return done
  }
  return size
}

/**
 * Moves a file with one rename, under the locks of both names.
 *
 * The source gets the time of a new version before the rename only if it needs one: because it must
 * be later than the target's current version, or because its attributes are not implied by its
 * time. A process that reads the source at this moment gets an error, because it cannot distinguish
 * a new time from new content.
 *
 * A move with a condition uses a second name of the source, which contains the lease's token. A
 * holder whose lock was broken then changes nothing. The move ends with the deletion of the old
 * name. If its process is killed before, the process that breaks the lock deletes the name.
 */
export async function moveFile(
  workspace: Workspace,
  from: FileLocation,
  to: FileLocation,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  const source = toLocation(from)
  const target = toLocation(to)
  workspace.cleaner.startOnce()
  const move = async (lease: Lease) => {
    const opened = await openVersion(workspace, source, options.signal, true)
    try {
      checkSource(etagOf(opened.stats), options.ifSourceMatch)
      return await moveLocked(workspace, { source, target, opened, options, lease })
    } finally {
      workspace.directories.discard(opened.fd)
    }
  }
  return workspace.locks.withLocks([lockOf(source, 'leave'), lockOf(target)], options.signal, move, { withNote: true })
}

interface Moving {
  readonly source: DiskLocation
  readonly target: DiskLocation
  readonly opened: OpenVersion
  readonly options: CopyCallOptions
  readonly lease: Lease
}

async function moveLocked(workspace: Workspace, moving: Moving): Promise<WrittenFile> {
  const { source, target, opened, options, lease } = moving
  const { attributes: store, directories } = workspace
  const { stats, stored } = opened
  const replaced = await currentVersion(workspace, target)
  checkWriteConditions(replaced && { etag: etagOf(replaced) }, options.conditions)
  using from = await directories.acquire(source.directory)
  const container = await workspace.acquireContainer(target.container)
  container[Symbol.dispose]()
  if (from === undefined) throw await workspace.notFoundError(source)

  const moved = targetAttributes(stored, options.attributes)
  // A rename does nothing if both names are of the same file.
  const isSame = replaced !== undefined && replaced.ino === stats.ino && replaced.dev === stats.dev
  const needsTime = needsNewTime(moving, moved, replaced)
  // All names of the source share its time, and the others have attributes for the current time.
  if (needsTime && stats.nlink > (isSame ? 2n : 1n)) return moveContent(workspace, moving, moved, from)

  await using secondName = await createSecondName(workspace, from, moving)
  const version = await (needsTime ? renewVersion : keepVersion)(workspace, moving, moved, replaced)
  let move: Move
  try {
    throwIfAborted(options.signal)
    await lease.confirm()
    // Without a condition, a file that appears at the target is replaced, as if it had appeared
    // earlier.
    const isNew = options.conditions.ifNoneMatch !== undefined
    move = await moveInto(workspace, secondName?.path ?? from.at(source.entry), target, {
      signal: options.signal,
      lease,
      isNew,
    })
    if (move === 'occupied') throw new StorageError('PRECONDITION_FAILED', 'a file with this name was just created')
  } catch (error) {
    await store.remove(target, version, lease)
    throw error
  }
  if (move === 'linked' || isSame || secondName !== undefined) await deleteSource(moving, from)
  if (workspace.options.fsync) await syncDirectory(from)
  await deleteAttributes(workspace, moving, [stats, version], replaced)
  return writtenFile(target, version, moved)
}

/** Moves a copy, and deletes the old name. */
async function moveContent(
  workspace: Workspace,
  moving: Moving,
  moved: StoredAttributes,
  from: Directory,
): Promise<WrittenFile> {
  const { target, opened, options, lease } = moving
  const { conditions, signal } = options
  const { fd, stats } = opened
  await using content = await TemporaryFile.create(workspace.directories, lease.token)
  const isComplete = await copyContent(workspace, fd, content, Number(stats.size), signal)
  if (!isComplete || versionOf(fstat(fd)) !== versionOf(stats)) throw versionChanged()
  if (workspace.options.fsync) await fsync(content.fd)
  const written = await commitLocked(workspace, target, content, { ...moved, conditions, signal }, lease)
  await deleteSource(moving, from)
  if (workspace.options.fsync) await syncDirectory(from)
  await deleteAttributes(workspace, moving, [stats], undefined)
  return written
}

/**
 * Deletes the old name of a moved file. If the lock was broken, the process that broke it has
 * deleted the name.
 */
async function deleteSource({ source, lease }: Moving, from: Directory): Promise<void> {
  try {
    await lease.discard(from.at(source.entry))
  } catch (error) {
    if (!isAbsence(error) && (await lease.isHeld())) throw error
  }
}

/**
 * Deletes the attributes of versions that no longer exist. The move is complete, so errors are
 * ignored. The cleaner deletes what remains.
 */
async function deleteAttributes(
  workspace: Workspace,
  { source, target, lease }: Moving,
  previous: readonly BigIntStats[],
  replaced: BigIntStats | undefined,
): Promise<void> {
  const { attributes: store } = workspace
  for (const version of new Set(previous)) await store.remove(source, version, lease).catch(ignoreFailure)
  if (replaced !== undefined) await store.remove(target, replaced, lease).catch(ignoreFailure)
  await workspace.prune(source)
}

/**
 * Creates a name of the source in `.stowage/tmp` with the lease's token, or returns `undefined` if
 * the source's own name suffices.
 */
async function createSecondName(workspace: Workspace, from: Directory, { source, options, lease }: Moving) {
  const { ifMatch, ifNoneMatch } = options.conditions
  if (ifMatch === undefined && ifNoneMatch === undefined && options.ifSourceMatch === undefined) return undefined
  // The old name must be deleted after the move.
  await access(from.path, constants.W_OK)
  const { direct } = workspace.directories
  const temporaries = await acquireTemporaries(workspace.directories)
  const path = temporaries.at(lease.token)
  try {
    await direct.link(from.at(source.entry), path)
  } catch (error) {
    temporaries[Symbol.dispose]()
    if (withoutLinks.has(errno(error) ?? '')) return undefined
    throw error
  }
  return {
    path,
    async [Symbol.asyncDispose](): Promise<void> {
      using _ = temporaries
      await direct.unlink(path).catch((error: unknown) => {
        if (!isAbsence(error)) throw error
      })
    },
  }
}

function needsNewTime(
  { target, opened: { stats } }: Moving,
  moved: StoredAttributes,
  replaced: BigIntStats | undefined,
): boolean {
  const isLater = replaced === undefined || replaced.mtimeNs < stats.mtimeNs
  return !isLater || !(isImpliedByName(target.file, moved) || mayHaveAttributes(stats))
}

/** Stores attributes for the version that is moved. */
async function keepVersion(
  { attributes }: Workspace,
  { target, opened, lease }: Moving,
  moved: StoredAttributes,
): Promise<BigIntStats> {
  const { stats } = opened
  if (isImpliedByName(target.file, moved)) await attributes.remove(target, stats, lease)
  else await attributes.replace(target, stats, moved, lease)
  return stats
}

/**
 * Gives the source the time of a version that can be at the target, after attributes for it are
 * stored under both names. The time is tried on a temporary file first, because only the file
 * system knows how it rounds one.
 */
async function renewVersion(
  workspace: Workspace,
  { source, target, opened: { fd, stats, stored }, lease }: Moving,
  moved: StoredAttributes,
  replaced: BigIntStats | undefined,
): Promise<BigIntStats> {
  const { attributes, directories } = workspace
  const plainBefore = isImpliedByName(source.file, stored)
  const plain = isImpliedByName(target.file, moved)
  await using trial = await TemporaryFile.create(directories)
  let after: VersionStats = replaced !== undefined && replaced.mtimeNs > stats.mtimeNs ? replaced : stats
  for (let marks = 1; marks <= maxAttempts; marks++) {
    const { seconds, stats: tried } = await markVersion(directories.direct, trial.fd, !(plain && plainBefore), after)
    const version = { mtimeNs: tried.mtimeNs, size: stats.size }
    after = tried
    if (!plainBefore && !(await attributes.save(source, version, stored, lease))) continue
    if (!plain && !(await attributes.save(target, version, moved, lease))) {
      if (!plainBefore) await attributes.remove(source, version, lease)
      continue
    }
    await lease.confirm()
    const renewed = await setTime(directories.direct, fd, seconds)
    if (workspace.options.fsync) await fsync(fd)
    return renewed
  }
  throw new StorageError('UNAVAILABLE', 'every version that the file could get already has attributes')
}
