/**
 * Sending parts, and completing uploads.
 *
 * A part is written straight to its place, unless one is there already or is being sent: then it goes to a temporary file first, so that a
 * part that fails halfway leaves the older one as it was, and is copied to its place when it is whole.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  type CompleteUploadCallOptions,
  type PartUpload,
  type ProviderBody,
  StorageError,
  type UploadedPart,
  type UploadPartCallOptions,
  uploadNotFound,
  type WrittenFile,
} from '@stowage/core/provider'
import { copyBytes, copyContent } from '../copier.js'
import type { Directory } from '../disk/directories.js'
import type { Lease } from '../disk/lease.js'
import { isStale, pause } from '../disk/locks.js'
import { ownerState } from '../disk/owner.js'
import { fstat, ftruncate, open, readdirIfThere, readlinkIfThere, symlink, unlink } from '../disk/system.js'
import { holdTemporaries, TemporaryFile } from '../disk/temporary.js'
import { errno, isAbsence } from '../errors.js'
import { type Content, commit, withoutLinks } from '../files/commit.js'
import { placeOf } from '../files/places.js'
import type { Workspace } from '../files/workspace.js'
import { writeBody } from '../writer.js'
import { completing, isCompleted, uploadData } from './layout.js'
import { holdUpload, partEntry, partNumbers, readPart, throwAwayUpload } from './upload-state.js'

const sendingEntry = (partNumber: number): string => `sending-${partNumber}`

/** Milliseconds between looks at whether an upload is still being completed. */
const patience = 20

export async function uploadPart(
  workspace: Workspace,
  upload: PartUpload,
  body: ProviderBody,
  { partNumber, signal }: UploadPartCallOptions,
): Promise<UploadedPart> {
  const { directory: held } = await holdUpload(workspace, upload)
  using directory = held
  const { chunkSize } = workspace.options
  const { direct } = workspace.directories
  const position = (partNumber - 1) * upload.partSize
  const check = (size: number) => {
    if (size > upload.partSize) throw new StorageError('TOO_LARGE', 'the part is larger than the upload says')
  }
  const present = await readPart(directory, partNumber)
  const lease = present === undefined ? await tryEnter(workspace, directory, upload, partNumber, signal) : undefined
  if (lease === undefined) {
    await using side = await TemporaryFile.create(workspace.directories)
    const size = await writeBody(side.fd, 0, body, { direct, signal, chunkSize, check })
    return await writeAt(await enter(workspace, directory, upload, partNumber, signal), (fd) =>
      copyBytes(side.fd, fd, { size, position, chunkSize, signal }),
    )
  }
  let checked = 0
  return writeAt(lease, (fd) =>
    writeBody(fd, position, body, {
      direct,
      signal,
      chunkSize,
      check: (size) => {
        check(size)
        // On a network file system each look takes a while, and holds up the process.
        const now = performance.now()
        if (!workspace.directories.isLocal && now - checked < 1000) return
        checked = now
        if (lease.isHeldNow()) return
        if (!directory.isInPlace()) throw uploadNotFound(upload.container, upload.file)
        throw new StorageError('CONNECTION_LOST', 'another process has begun to send the part')
      },
    }),
  )

  /** Writes while the lock is held, which is released then, and says that the part is there. */
  async function writeAt(lease: Lease, write: (fd: number) => Promise<number>): Promise<UploadedPart> {
    try {
      await unlink(directory.at(partEntry(partNumber))).catch(ignoreAbsence)
      const fd = await openData(workspace, directory, upload, constants.O_WRONLY)
      let size: number
      try {
        size = await write(fd)
      } finally {
        workspace.directories.discard(fd)
      }
      if (!directory.isInPlace()) throw uploadNotFound(upload.container, upload.file)
      const part = { partNumber, size, tag: randomBytes(16).toString('hex') }
      await symlink(`${size}-${part.tag}`, directory.at(partEntry(partNumber)))
      return part
    } finally {
      await workspace.locks.release(lease)
    }
  }
}

/** The right to write a part into the data; `undefined` while somebody writes it, or completes the upload. */
async function tryEnter(
  workspace: Workspace,
  directory: Directory,
  upload: PartUpload,
  partNumber: number,
  signal: AbortSignal,
): Promise<Lease | undefined> {
  try {
    const lock = { name: sendingEntry(partNumber), note: `send part ${partNumber}` }
    const lease = await workspace.locks.tryTake(directory, lock, signal)
    if (lease === undefined) return undefined
    // Whoever completes takes its lock first and looks for ours then, so one of the two sees the other.
    const holder = await readlinkIfThere(directory.at(completing.name))
    const isCompleting = holder !== undefined && !(await isStale(holder, directory.at(completing.name)))
    if (!isCompleting && directory.isInPlace()) return lease
    await workspace.locks.release(lease)
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
  if (!directory.isInPlace()) throw uploadNotFound(upload.container, upload.file)
  return undefined
}

async function enter(
  workspace: Workspace,
  directory: Directory,
  upload: PartUpload,
  partNumber: number,
  signal: AbortSignal,
): Promise<Lease> {
  while (true) {
    const lease = await tryEnter(workspace, directory, upload, partNumber, signal)
    if (lease !== undefined) return lease
    await pause(patience, signal)
  }
}

async function openData(
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

function ignoreAbsence(error: unknown): void {
  if (!isAbsence(error)) throw error
}

export async function completeUpload(
  workspace: Workspace,
  upload: PartUpload,
  { conditions, parts, signal }: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  const { directory: held, stored } = await holdUpload(workspace, upload)
  using directory = held
  const kept = { attributes: stored.attributes, checksums: stored.checksums, conditions, signal }
  const place = placeOf(upload.container, upload.file)
  let lease: Lease | undefined
  try {
    lease = await workspace.locks.take(directory, completing, signal)
    const size = await checkParts(directory, upload, parts)
    await using content = await UploadContent.open(workspace, directory, upload, lease)
    let written: WrittenFile
    if (await isBeingSent(directory)) {
      // A process that sends another part has the data open, and must not reach the finished file.
      await using copy = await TemporaryFile.create(workspace.directories)
      if (!(await copyContent(workspace, content.fd, copy, size, signal))) {
        throw new StorageError('INTERNAL', 'the upload has lost bytes that its parts had')
      }
      written = await commit(workspace, place, copy, kept)
    } else {
      const prepare = async (held: Lease) => {
        await held.confirm()
        // Parts that are not wanted are gone before the data is, in case the completion fails even now.
        for (const number of await partNumbers(directory)) {
          if (number > parts.length) await unlink(directory.at(partEntry(number)))
        }
        await ftruncate(content.fd, size)
        if (conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined) await content.makeSecondName()
      }
      written = await commit(workspace, place, content, { ...kept, prepare, partOf: lease })
    }
    await throwAwayUpload(workspace, upload, { signal })
    return written
  } catch (error) {
    // Completed or aborted by another process meanwhile: whatever failed, it is for that reason.
    throw directory.isInPlace() ? error : uploadNotFound(upload.container, upload.file)
  } finally {
    if (lease !== undefined) await workspace.locks.release(lease)
  }
}

/** The data of an upload, on its way to becoming a file. */
class UploadContent implements Content, AsyncDisposable {
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

  /** Gives it a name in `.stowage/tmp`, which is taken away when the lock is broken. Without links it keeps the one that it has. */
  async makeSecondName(): Promise<void> {
    if (this.#temporaries !== undefined) return
    this.#temporaries = await holdTemporaries(this.#workspace.directories)
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

/** The size of the file that the parts make; `INVALID_PART`. */
async function checkParts(directory: Directory, upload: PartUpload, parts: readonly UploadedPart[]): Promise<number> {
  let size = 0
  for (const [index, { partNumber, tag }] of parts.entries()) {
    const invalid = (reason: string) => new StorageError('INVALID_PART', `part ${partNumber} ${reason}`)
    if (partNumber !== index + 1) throw invalid(`stands where part ${index + 1} should be`)
    const present = await readPart(directory, partNumber)
    if (present === undefined) throw invalid('was not sent, or is being sent again')
    if (present.tag !== tag) throw invalid('was sent again: its tag is another')
    if (present.size !== upload.partSize && index < parts.length - 1) {
      throw invalid(`has ${present.size} bytes, and only the last one may have fewer than ${upload.partSize}`)
    }
    size += present.size
  }
  return size
}

async function isBeingSent(directory: Directory): Promise<boolean> {
  for (const entry of await readdirIfThere(directory.here)) {
    if (!entry.startsWith('sending-')) continue
    const holder = await readlinkIfThere(directory.at(entry))
    // Broken or not: only a process that has ended writes nothing any more.
    if (holder !== undefined && ownerState(holder) !== 'dead') return true
  }
  return false
}
