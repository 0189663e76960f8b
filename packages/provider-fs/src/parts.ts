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
} from '@stowage/core'
import { commit } from './commit.js'
import { copyBytes, copyContent } from './copier.js'
import type { Directory } from './directories.js'
import { isAbsence } from './errors.js'
import { type HeldLock, isLeftBehind, pause, readlinkIfThere } from './locks.js'
import { placeOf } from './places.js'
import { fstat, ftruncate, open, readdirIfThere, symlink, unlink } from './system.js'
import { TemporaryFile } from './temporary.js'
import {
  completing,
  holdUpload,
  isCompleted,
  partEntry,
  partNumbers,
  readPart,
  throwAwayUpload,
  uploadData,
} from './uploads.js'
import type { Workspace } from './workspace.js'
import { writeBody } from './writer.js'

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
  const lock = present === undefined ? await tryEnter(workspace, directory, upload, partNumber, signal) : undefined
  if (lock === undefined) {
    await using side = await TemporaryFile.create(workspace.directories)
    const size = await writeBody(side.fd, 0, body, { direct, signal, chunkSize, check })
    return await writeAt(await enter(workspace, directory, upload, partNumber, signal), (fd) =>
      copyBytes(side.fd, fd, { size, position, chunkSize, signal }),
    )
  }
  return writeAt(lock, (fd) =>
    writeBody(fd, position, body, {
      direct,
      signal,
      chunkSize,
      check: (size) => {
        check(size)
        if (!lock.confirm()) throw new StorageError('CONNECTION_LOST', 'the part was sent too slowly, and given up')
      },
    }),
  )

  /** Writes while the lock is held, which is released then, and says that the part is there. */
  async function writeAt(lock: HeldLock, write: (fd: number) => Promise<number>): Promise<UploadedPart> {
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
      await lock.release()
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
): Promise<HeldLock | undefined> {
  try {
    const lock = await workspace.locks.tryTake(directory, { name: sendingEntry(partNumber), note: '' }, signal)
    if (lock === undefined) return undefined
    // Whoever completes takes its lock first and looks for ours then, so one of the two sees the other.
    const holder = await readlinkIfThere(directory.at(completing.name))
    const isCompleting = holder !== undefined && !(await isLeftBehind(holder, directory.at(completing.name)))
    if (!isCompleting && directory.isInPlace()) return lock
    await lock.release()
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
): Promise<HeldLock> {
  while (true) {
    const lock = await tryEnter(workspace, directory, upload, partNumber, signal)
    if (lock !== undefined) return lock
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
  let lock: HeldLock | undefined
  let written: WrittenFile
  try {
    lock = await workspace.locks.take(directory, completing, signal)
    const size = await checkParts(directory, upload, parts)
    const fd = await openData(workspace, directory, upload, constants.O_RDWR)
    let isOpen = true
    const content = {
      fd,
      path: directory.at(uploadData),
      moved: false,
      close: async () => {
        isOpen = false
        await workspace.directories.finish(fd)
      },
    }
    try {
      if (await isBeingSent(directory)) {
        // Somebody who sends another part has the data open, and must not reach the finished file.
        await using copy = await TemporaryFile.create(workspace.directories)
        if (!(await copyContent(workspace, fd, copy, size, signal))) {
          throw new StorageError('INTERNAL', 'the upload has lost bytes that its parts had')
        }
        written = await commit(workspace, place, copy, kept)
      } else {
        const prepare = async () => {
          // Parts that are not wanted are gone before the data is, in case the completion fails even now.
          for (const number of await partNumbers(directory)) {
            if (number > parts.length) await unlink(directory.at(partEntry(number)))
          }
          await ftruncate(fd, size)
        }
        written = await commit(workspace, place, content, { ...kept, prepare })
      }
    } finally {
      if (isOpen) workspace.directories.discard(fd)
    }
  } catch (error) {
    await lock?.release()
    // Completed or aborted by somebody else meanwhile: whatever failed, it is for that reason.
    throw directory.isInPlace() ? error : uploadNotFound(upload.container, upload.file)
  }
  await throwAwayUpload(workspace, upload, { signal })
  return written
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
    if (holder !== undefined && !(await isLeftBehind(holder, directory.at(entry)))) return true
  }
  return false
}
