/**
 * The one way in which a version of a file appears: its content, finished in a temporary file, is renamed to its place
 * while the name's lock is held.
 */
import type { BigIntStats } from 'node:fs'
import {
  checkWriteConditions,
  containerNotFound,
  StorageError,
  type WriteConditions,
  type WrittenFile,
} from '@stowage/core'
import { isToldByName, type Kept, writtenFile } from './attributes.js'
import { syncDirectory } from './directories.js'
import { errno, nameConflict, Obstacle, throwIfAborted } from './errors.js'
import { ancestorName, lockOf, type Place } from './places.js'
import { fsync } from './system.js'
import { etagOf, markVersion } from './versions.js'
import type { Workspace } from './workspace.js'

/** A file that is whole, and that nobody sees. */
export interface Content {
  readonly fd: number
  readonly path: string
  close(): Promise<void>
  moved: boolean
}

export interface CommitOptions extends Kept {
  readonly conditions: WriteConditions
  readonly signal: AbortSignal
  /** Called when the conditions have been met. */
  readonly prepare?: () => Promise<void>
}

/** How often a folder is made again that another process prunes at the same moment. */
const maxTries = 100

export async function commit(
  workspace: Workspace,
  place: Place,
  content: Content,
  options: CommitOptions,
): Promise<WrittenFile> {
  const { conditions, signal, prepare } = options
  // The data first, without the lock; its time of change, which is little, with it.
  if (workspace.options.fsync) await fsync(content.fd)
  return workspace.locks.hold([lockOf(place)], signal, async () => {
    const present = await presentVersion(workspace, place)
    checkWriteConditions(present && { etag: etagOf(present) }, conditions)
    await prepare?.()
    const plain = isToldByName(place.file, options)
    const { stats } = await markVersion(workspace.directories.direct, content.fd, !plain, present)
    if (workspace.options.fsync) await fsync(content.fd)
    await content.close()
    try {
      if (!plain) await workspace.attributes.save(place, stats, options)
      throwIfAborted(signal)
      await moveInto(workspace, content.path, place, signal)
      content.moved = true
    } catch (error) {
      if (!plain) await workspace.attributes.remove(place, stats)
      throw error
    }
    if (present !== undefined) await workspace.attributes.remove(place, present)
    return { ...writtenFile(place, stats, options), replaced: present !== undefined }
  })
}

/** The version that a write would replace; `NAME_CONFLICT` when something else is there, or a file of another spelling. */
export async function presentVersion(workspace: Workspace, place: Place): Promise<BigIntStats | undefined> {
  const stats = await workspace.look(place)
  if (stats === undefined) return undefined
  if (!stats.isFile() && !stats.isDirectory()) {
    throw nameConflict(place.file, 'what is there is neither a file nor a folder, such as a symbolic link')
  }
  using directory = await workspace.directories.hold(place.directory)
  const other = directory && (await workspace.caseFolding.otherSpelling(directory, place.entry))
  if (other !== undefined) throw nameConflict(other, 'on this volume the names are the same')
  return stats.isFile() ? stats : undefined
}

/** Renames what is at `path` to the place, making its folders. The place's lock must be held. */
export async function moveInto(workspace: Workspace, path: string, place: Place, signal: AbortSignal): Promise<void> {
  try {
    await renameInto(workspace, path, place, signal)
  } catch (error) {
    await workspace.prune(place)
    if (error instanceof Obstacle) throw nameConflict(ancestorName(place, error.segments), error.reason)
    throw error
  }
}

async function renameInto(workspace: Workspace, path: string, place: Place, signal: AbortSignal): Promise<void> {
  const { directories } = workspace
  for (let tries = 1; ; tries++) {
    using directory = await directories.make(place.directory, 1)
    if (directory === undefined) throw containerNotFound(place.container)
    try {
      await directories.direct.rename(path, directory.at(place.entry))
    } catch (error) {
      const code = errno(error) ?? ''
      if (code === 'ENOENT' && !directory.isInPlace() && tries < maxTries) continue
      if (['EISDIR', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code) && tries < maxTries) {
        if (await directories.removeHollow([...place.directory, place.entry], signal)) continue
        throw nameConflict(place.file, 'it is a folder that is not empty')
      }
      throw error
    }
    if (workspace.options.fsync) await syncDirectory(directory)
    if (directory.isInPlace()) return
    // Moved away under our hands, and the file with it: the container, when it is being destroyed.
    const container = await workspace.holdContainer(place.container)
    container[Symbol.dispose]()
    throw new StorageError('INTERNAL', 'a folder was moved by another program while a file was written into it')
  }
}
