/**
 * The data of an upload's parts: who may write it, whether it is complete, and how it becomes a
 * file.
 */
import { constants } from 'node:fs'
import { type PartUpload, StorageError, type UploadedPart, uploadNotFound } from '@stowage/core/provider'
import type { Directory } from '../disk/directories.js'
import type { Lease } from '../disk/lease.js'
import { isStale, pause } from '../disk/locks.js'
import { ownerState } from '../disk/owner.js'
import { fstat, open, readdirIfExists, readMark, unlink } from '../disk/system.js'
import { acquireTemporaries } from '../disk/temporary.js'
import { type Content, withoutLinks } from '../files/commit.js'
import type { Workspace } from '../files/workspace.js'
import { errno, isAbsence } from '../mapping/errors.js'
import { completing, isCompleted, uploadData } from './layout.js'
import { readPart } from './upload-state.js'

const sendingEntry = (partNumber: number): string => `sending-${partNumber}`

/** Milliseconds between checks whether an upload is still being completed. */
const pollInterval = 20

/**
 * Locks a part, to write it to the data. Returns `undefined` while another caller writes it or
 * completes the upload.
 */
export async function tryLockPart(
  workspace: Workspace,
  directory: Directory,
  upload: PartUpload,
  partNumber: number,
  signal: AbortSignal,
): Promise<Lease | undefined> {
  try {
    const lock = { name: sendingEntry(partNumber), note: `send part ${partNumber}` }
    const lease = await workspace.locks.tryAcquire(directory, lock, signal)
    if (lease === undefined) return undefined
    // A completion acquires its lock first and then looks for this one, so one of the two sees the
    // other.
    const holder = await readMark(directory.at(completing.name))
    const isCompleting = holder !== undefined && !(await isStale(holder, directory.at(completing.name)))
    if (!isCompleting && directory.isInPlace()) return lease
    await workspace.locks.release(lease)
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
  if (!directory.isInPlace()) throw uploadNotFound(upload.container, upload.file)
  return undefined
}

/** Locks a part, and waits while another caller writes it or completes the upload. */
export async function lockPart(
  workspace: Workspace,
  directory: Directory,
  upload: PartUpload,
  partNumber: number,
  signal: AbortSignal,
): Promise<Lease> {
  while (true) {
    const lease = await tryLockPart(workspace, directory, upload, partNumber, signal)
    if (lease !== undefined) return lease
    await pause(pollInterval, signal)
  }
}

/** Opens the data. Throws `UPLOAD_NOT_FOUND` if the upload was completed or aborted. */
export async function openData(
  workspace: Workspace,
  directory: Directory,
  upload: PartUpload,
  flags: number,
): Promise<number> {
  try {
    const fd = await open(directory.at(uploadData), flags)
    if (!isCompleted(fstat(fd))) return fd
    workspace.directories.discard(fd)
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
  throw uploadNotFound(upload.container, upload.file)
}

export function ignoreAbsence(error: unknown): void {
  if (!isAbsence(error)) throw error
}

/** The data of an upload that becomes a file. */
export class UploadContent implements Content, AsyncDisposable {
  readonly fd: number
  readonly token: string
  path: string
  moved = false
  readonly #workspace: Workspace
  #isOpen = true
  #temporaries: Directory | undefined

  private constructor(workspace: Workspace, fd: number, path: string, token: string) {
    this.#workspace = workspace
    this.fd = fd
    this.path = path
    this.token = token
  }

  static async open(workspace: Workspace, directory: Directory, upload: PartUpload, lease: Lease) {
    const fd = await openData(workspace, directory, upload, constants.O_RDWR)
    return new UploadContent(workspace, fd, directory.at(uploadData), lease.token)
  }

  /**
   * Gives the data a name in `.stowage/tmp`, which a fence takes away when the lock is broken.
   * Without support for links, it keeps its name.
   */
  async makeSecondName(): Promise<void> {
    if (this.#temporaries !== undefined) return
    this.#temporaries = await acquireTemporaries(this.#workspace.directories)
    const path = this.#temporaries.at(this.token)
    try {
      await this.#workspace.directories.direct.link(this.path, path)
      this.path = path
    } catch (error) {
      if (!withoutLinks.has(errno(error) ?? '')) throw error
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false
    await this.#workspace.directories.finish(this.fd)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using temporaries = this.#temporaries
    if (this.#isOpen) this.#workspace.directories.discard(this.fd)
    if (temporaries !== undefined) await unlink(temporaries.at(this.token)).catch(ignoreAbsence)
  }
}

/** Returns the size of the file with these parts. Throws `INVALID_PART`. */
export async function checkParts(
  directory: Directory,
  upload: PartUpload,
  parts: readonly UploadedPart[],
): Promise<number> {
  let size = 0
  for (const [index, { partNumber, tag }] of parts.entries()) {
    const invalid = (reason: string) => new StorageError('INVALID_PART', `part ${partNumber} ${reason}`)
    if (partNumber !== index + 1) throw invalid(`is at the position of part ${index + 1}`)
    const present = await readPart(directory, partNumber)
    if (present === undefined) throw invalid('was not sent or is being sent again')
    if (present.tag !== tag) throw invalid('was sent again and has another tag now')
    if (present.size !== upload.partSize && index < parts.length - 1) {
      throw invalid(`has ${present.size} bytes, but only the last part may have fewer than ${upload.partSize}`)
    }
    size += present.size
  }
  return size
}

/** Returns whether a process may be writing a part to the data. */
export async function isBeingSent(directory: Directory): Promise<boolean> {
  for (const entry of await readdirIfExists(directory.path)) {
    if (!entry.startsWith('sending-')) continue
    const holder = await readMark(directory.at(entry))
    // Even if the lock is broken, only a process that has ended does not write any more.
    if (holder !== undefined && ownerState(holder) !== 'dead') return true
  }
  return false
}
