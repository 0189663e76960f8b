/**
 * Copy and move. A copy shares the source's blocks where the file system can do that (Btrfs, XFS, APFS).
 */
import { type BigIntStats, constants } from 'node:fs'
import { type CopyCallOptions, checkWriteConditions, StorageError, type WrittenFile } from '@stowage/core'
import { type Attributes, isToldByName, type Kept, writtenFile } from './attributes.js'
import { commit, moveInto, presentVersion } from './commit.js'
import { syncDirectory } from './directories.js'
import { changedMeanwhile, errno, throwIfAborted } from './errors.js'
import { lockOf, type Place } from './places.js'
import { type OpenVersion, openVersion } from './reader.js'
import { copyFile as copyOnDisk, fstat, fsync, ftruncate, readFully, unlink, writeFully } from './system.js'
import { TemporaryFile } from './temporary.js'
import { etagOf, markVersion, mayHaveAttributes, setTime, versionOf } from './versions.js'
import type { Workspace } from './workspace.js'

export async function copyFile(
  workspace: Workspace,
  source: Place,
  target: Place,
  options: CopyCallOptions,
): Promise<WrittenFile> {
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
 * target's present version, or because attributes go with it that its time does not announce. Who reads it then is told
 * that it was changed, since nobody can tell a new time from new content. Where nothing may be replaced, the rename is a link and a removal.
 */
export async function moveFile(
  workspace: Workspace,
  source: Place,
  target: Place,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  workspace.cleaner.startOnce()
  return workspace.locks.hold([lockOf(source), lockOf(target)], options.signal, async () => {
    const opened = await openVersion(workspace, source, options.signal)
    try {
      return await moveLocked(workspace, source, target, opened, options)
    } finally {
      workspace.directories.discard(opened.fd)
    }
  })
}

async function moveLocked(
  workspace: Workspace,
  source: Place,
  target: Place,
  opened: OpenVersion,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  const { attributes: store, directories } = workspace
  const { stats, kept } = opened
  checkSource(etagOf(stats), options.ifSourceMatch)
  const replaced = await presentVersion(workspace, target)
  checkWriteConditions(replaced && { etag: etagOf(replaced) }, options.conditions)
  using from = await directories.hold(source.directory)
  const container = await workspace.holdContainer(target.container)
  container[Symbol.dispose]()
  if (from === undefined) throw await workspace.notFound(source)

  const moved = copied(kept, options.attributes)
  const version = await renew(workspace, source, target, opened, moved, replaced)
  try {
    throwIfAborted(options.signal)
    // Without a condition, what appears at the target meanwhile is replaced, as it would be a moment later.
    const { ifNoneMatch } = options.conditions
    const move = await moveInto(workspace, from.at(source.entry), target, {
      signal: options.signal,
      isNew: ifNoneMatch !== undefined,
    })
    if (move === 'occupied') throw new StorageError('PRECONDITION_FAILED', 'a file of that name has just appeared')
    // Two names of one inode are left by a rename as they are.
    const isSame = replaced !== undefined && replaced.ino === stats.ino && replaced.dev === stats.dev
    if (move === 'linked' || isSame) await unlink(from.at(source.entry))
  } catch (error) {
    await store.remove(target, version)
    throw error
  }
  if (workspace.options.fsync) await syncDirectory(from)
  for (const gone of new Set([stats, version])) await store.remove(source, gone)
  if (replaced !== undefined) await store.remove(target, replaced)
  await workspace.prune(source)
  return writtenFile(target, version, moved)
}

/**
 * Makes the source a version that can stand at the target, with both names' attributes kept for it before it appears. The time is tried
 * out on a temporary file, because only the file system knows what it makes of one.
 */
async function renew(
  workspace: Workspace,
  source: Place,
  target: Place,
  { fd, stats, kept }: OpenVersion,
  moved: Kept,
  replaced: BigIntStats | undefined,
): Promise<BigIntStats> {
  const plainBefore = isToldByName(source.file, kept)
  const plain = isToldByName(target.file, moved)
  const isLater = replaced === undefined || replaced.mtimeNs < stats.mtimeNs
  if (isLater && (plain || mayHaveAttributes(stats))) {
    if (!plain) await workspace.attributes.save(target, stats, moved)
    return stats
  }
  await using trial = await TemporaryFile.create(workspace.directories)
  const after = replaced !== undefined && replaced.mtimeNs > stats.mtimeNs ? replaced : stats
  const { direct } = workspace.directories
  const { microseconds, stats: tried } = await markVersion(direct, trial.fd, !(plain && plainBefore), after)
  const version = { mtimeNs: tried.mtimeNs, size: stats.size }
  if (!plainBefore) await workspace.attributes.save(source, version, kept)
  if (!plain) await workspace.attributes.save(target, version, moved)
  const renewed = await setTime(direct, fd, microseconds)
  if (workspace.options.fsync) await fsync(fd)
  return renewed
}
