/**
 * Copy and move. A copy shares the source's blocks where the file system can do that (Btrfs, XFS, APFS).
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
import {
  access,
  copyFile as copyOnDisk,
  fstat,
  fsync,
  ftruncate,
  ignoreFailure,
  readFully,
  writeFully,
} from './disk/system.js'
import { holdTemporaries, TemporaryFile } from './disk/temporary.js'
import { changedMeanwhile, errno, isAbsence, throwIfAborted } from './errors.js'
import { type Attributes, isToldByName, type Kept, writtenFile } from './files/attributes.js'
import { commit, commitLocked, type Move, moveInto, presentVersion, withoutLinks } from './files/commit.js'
import { lockOf, type Place, placeAt } from './files/places.js'
import { etagOf, markVersion, mayHaveAttributes, setTime, type VersionFacts, versionOf } from './files/versions.js'
import type { Workspace } from './files/workspace.js'
import { type OpenVersion, openVersion } from './reader.js'

export async function copyFile(
  workspace: Workspace,
  from: FileLocation,
  to: FileLocation,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  const source = placeAt(from)
  const target = placeAt(to)
  const { signal, conditions } = options
  const container = await workspace.holdContainer(target.container)
  container[Symbol.dispose]()
  workspace.cleaner.startOnce()
  for (let tries = 1; ; tries++) {
    const { fd, stats, kept } = await openVersion(workspace, source, signal)
    try {
      checkSource(etagOf(stats), options.ifSourceMatch)
      await using content = await TemporaryFile.create(workspace.directories)
      const isWhole = await copyContent(workspace, fd, content, Number(stats.size), signal)
      if (isWhole && versionOf(fstat(fd)) === versionOf(stats)) {
        return await commit(workspace, target, content, { ...copied(kept, options.attributes), conditions, signal })
      }
    } finally {
      workspace.directories.discard(fd)
    }
    // Given a new time by a move, or written in place by another program: what is there now is copied instead.
    if (tries === maxTries) throw changedMeanwhile()
  }
}

/** How often a copy begins anew whose source changes under it. */
const maxTries = 10

/** The checksums are of the content, which stays. */
const copied = (kept: Kept, attributes: Attributes | undefined): Kept => ({
  attributes: attributes ?? kept.attributes,
  checksums: kept.checksums,
})

function checkSource(etag: string, ifSourceMatch: string | undefined): void {
  if (ifSourceMatch === undefined || ifSourceMatch === '*' || ifSourceMatch === etag) return
  throw new StorageError('PRECONDITION_FAILED', `the source's ETag is not ${ifSourceMatch}`, { details: { etag } })
}

/** Bytes: what the kernel copies in one call, which can't be interrupted. */
const kernelCopyBytes = 67_108_864

/**
 * Makes an open file the first bytes of another one, sharing their blocks when the source is just so long. False when the
 * source has become shorter.
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
      // The target is the same inode under both its names, so the open descriptor sees what is copied.
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
  /** Bytes, from the source's beginning. */
  readonly size: number
  /** Where they go in the target. */
  readonly position: number
  readonly chunkSize: number
  readonly signal: AbortSignal
}

/** The bytes that were copied: fewer when the source is shorter. */
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
 * One rename, under both names' locks. The source gets the time of a new version first only when it needs one: to be later than the
 * target's present version, or because attributes go with it that its time does not announce. A process that reads it then gets an
 * error, since nothing tells a new time from new content.
 *
 * A move with a condition goes by a second name of the source, which bears the lease's token, so that a holder whose lock was broken changes
 * nothing. It ends with the removal of the old name; when its process is killed before, the process that breaks the lock removes it.
 */
export async function moveFile(
  workspace: Workspace,
  from: FileLocation,
  to: FileLocation,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  const source = placeAt(from)
  const target = placeAt(to)
  workspace.cleaner.startOnce()
  const move = async (lease: Lease) => {
    const opened = await openVersion(workspace, source, options.signal)
    try {
      checkSource(etagOf(opened.stats), options.ifSourceMatch)
      return await moveLocked(workspace, { source, target, opened, options, lease })
    } finally {
      workspace.directories.discard(opened.fd)
    }
  }
  return workspace.locks.hold([lockOf(source, 'leave'), lockOf(target)], options.signal, move, { withNote: true })
}

interface Moving {
  readonly source: Place
  readonly target: Place
  readonly opened: OpenVersion
  readonly options: CopyCallOptions
  readonly lease: Lease
}

async function moveLocked(workspace: Workspace, moving: Moving): Promise<WrittenFile> {
  const { source, target, opened, options, lease } = moving
  const { attributes: store, directories } = workspace
  const { stats, kept } = opened
  const replaced = await presentVersion(workspace, target)
  checkWriteConditions(replaced && { etag: etagOf(replaced) }, options.conditions)
  using from = await directories.hold(source.directory)
  const container = await workspace.holdContainer(target.container)
  container[Symbol.dispose]()
  if (from === undefined) throw await workspace.notFound(source)

  const moved = copied(kept, options.attributes)
  // Two names of one file are left by a rename as they are.
  const isSame = replaced !== undefined && replaced.ino === stats.ino && replaced.dev === stats.dev
  const needsTime = needsNewTime(moving, moved, replaced)
  // The time is the file's, and other names of it have attributes for the time that it has.
  if (needsTime && stats.nlink > (isSame ? 2n : 1n)) return moveContent(workspace, moving, moved, from)

  await using second = await secondName(workspace, from, moving)
  const version = await (needsTime ? renew : keep)(workspace, moving, moved, replaced)
  let move: Move
  try {
    throwIfAborted(options.signal)
    await lease.confirm()
    // Without a condition, what appears at the target meanwhile is replaced, as it would be a moment later.
    const isNew = options.conditions.ifNoneMatch !== undefined
    move = await moveInto(workspace, second?.path ?? from.at(source.entry), target, { signal: options.signal, isNew })
    if (move === 'occupied') throw new StorageError('PRECONDITION_FAILED', 'a file of that name has just appeared')
  } catch (error) {
    await store.remove(target, version, lease)
    throw error
  }
  if (move === 'linked' || isSame || second !== undefined) await leaveSource(moving, from)
  if (workspace.options.fsync) await syncDirectory(from)
  await tidy(workspace, moving, [stats, version], replaced)
  return writtenFile(target, version, moved)
}

/** Moves a copy, and removes the old name. */
async function moveContent(workspace: Workspace, moving: Moving, moved: Kept, from: Directory): Promise<WrittenFile> {
  const { target, opened, options, lease } = moving
  const { conditions, signal } = options
  const { fd, stats } = opened
  await using content = await TemporaryFile.create(workspace.directories, lease.token)
  const isWhole = await copyContent(workspace, fd, content, Number(stats.size), signal)
  if (!isWhole || versionOf(fstat(fd)) !== versionOf(stats)) throw changedMeanwhile()
  if (workspace.options.fsync) await fsync(content.fd)
  const written = await commitLocked(workspace, target, content, { ...moved, conditions, signal }, lease)
  await leaveSource(moving, from)
  if (workspace.options.fsync) await syncDirectory(from)
  await tidy(workspace, moving, [stats], undefined)
  return written
}

/** Removes the old name of a file that has the new one. Where the lock was broken, the process that broke it has done so. */
async function leaveSource({ source, lease }: Moving, from: Directory): Promise<void> {
  try {
    await lease.discard(from.at(source.entry))
  } catch (error) {
    if (!isAbsence(error) && (await lease.isHeld())) throw error
  }
}

/** Removes what is kept for versions that are gone. The move is done: what is left behind now, the cleaner finds. */
async function tidy(
  workspace: Workspace,
  { source, target, lease }: Moving,
  gone: readonly BigIntStats[],
  replaced: BigIntStats | undefined,
): Promise<void> {
  const { attributes: store } = workspace
  for (const version of new Set(gone)) await store.remove(source, version, lease).catch(ignoreFailure)
  if (replaced !== undefined) await store.remove(target, replaced, lease).catch(ignoreFailure)
  await workspace.prune(source)
}

/** A name of the source in `.stowage/tmp`, under the lease's token; `undefined` when the source's own name will do. */
async function secondName(workspace: Workspace, from: Directory, { source, options, lease }: Moving) {
  const { ifMatch, ifNoneMatch } = options.conditions
  if (ifMatch === undefined && ifNoneMatch === undefined && options.ifSourceMatch === undefined) return undefined
  // The old name will have to be removed when the new one is there.
  await access(from.here, constants.W_OK)
  const { direct } = workspace.directories
  const temporaries = await holdTemporaries(workspace.directories)
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

function needsNewTime({ target, opened: { stats } }: Moving, moved: Kept, replaced: BigIntStats | undefined): boolean {
  const isLater = replaced === undefined || replaced.mtimeNs < stats.mtimeNs
  return !isLater || !(isToldByName(target.file, moved) || mayHaveAttributes(stats))
}

/** Keeps attributes for the version that moves. */
async function keep({ attributes }: Workspace, { target, opened, lease }: Moving, moved: Kept): Promise<BigIntStats> {
  const { stats } = opened
  if (isToldByName(target.file, moved)) await attributes.remove(target, stats, lease)
  else await attributes.replace(target, stats, moved, lease)
  return stats
}

/**
 * Makes the source a version that can stand at the target, with both names' attributes kept for it before it appears. The time is tried
 * out on a temporary file, because only the file system knows what it makes of one.
 */
async function renew(
  workspace: Workspace,
  { source, target, opened: { fd, stats, kept }, lease }: Moving,
  moved: Kept,
  replaced: BigIntStats | undefined,
): Promise<BigIntStats> {
  const { attributes, directories } = workspace
  const plainBefore = isToldByName(source.file, kept)
  const plain = isToldByName(target.file, moved)
  await using trial = await TemporaryFile.create(directories)
  let after: VersionFacts = replaced !== undefined && replaced.mtimeNs > stats.mtimeNs ? replaced : stats
  for (let marks = 1; marks <= maxTries; marks++) {
    const { seconds, stats: tried } = await markVersion(directories.direct, trial.fd, !(plain && plainBefore), after)
    const version = { mtimeNs: tried.mtimeNs, size: stats.size }
    after = tried
    if (!plainBefore && !(await attributes.save(source, version, kept, lease))) continue
    if (!plain && !(await attributes.save(target, version, moved, lease))) {
      if (!plainBefore) await attributes.remove(source, version, lease)
      continue
    }
    await lease.confirm()
    const renewed = await setTime(directories.direct, fd, seconds)
    if (workspace.options.fsync) await fsync(fd)
    return renewed
  }
  throw new StorageError('UNAVAILABLE', 'attributes are kept for every version that the file could get')
}
