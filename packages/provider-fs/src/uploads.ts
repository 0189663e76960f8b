/**
 * Unfinished multipart uploads.
 *
 * `.stowage/uploads/<container>/<id>/` contains:
 * - `upload.json`: the arguments of the start.
 * - `data`: all parts, each at its position. Part n begins at (n - 1) × the part size.
 * - `part-<n>`: a mark with the size and the tag of the part in `data`: a symbolic link whose
 *   target is not a path, or a small file on Windows. It is deleted before the part is overwritten,
 *   so it never describes other content.
 * - `sending-<n>`: the lock of the caller that is writing part n to `data`.
 * - `completing`: the lock of the caller that completes the upload. While it exists, no write to
 *   `data` begins.
 *
 * The directory is created by one rename and deleted by one. If `data` is missing or has a second
 * name, the upload was completed, and the rest is about to be deleted.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  type CallOptions,
  type CompleteUploadCallOptions,
  compareNames,
  decodePosition,
  encodePosition,
  type ListCallOptions,
  type PartPage,
  type PartUpload,
  type PartUploadReference,
  type ProviderBody,
  type StartUploadCallOptions,
  StorageError,
  type UnfinishedUpload,
  type UploadedPart,
  type UploadPage,
  type UploadPartCallOptions,
  uploadNotFound,
  type WrittenFile,
} from '@stowage/core/provider'
import { copyBytes, copyContent } from './copier.js'
import type { Lease } from './disk/lease.js'
import { newToken } from './disk/owner.js'
import { ftruncate, lstatIfExists, makeMark, mkdir, readdirIfExists, rename, unlink, writeFile } from './disk/system.js'
import { acquireTemporaries, TemporaryFile } from './disk/temporary.js'
import { encodeAttributes } from './files/attributes.js'
import { commit } from './files/commit.js'
import { locationOf } from './files/locations.js'
import type { Workspace } from './files/workspace.js'
import { rootMissing, throwIfAborted } from './mapping/errors.js'
import { completing, description, isCompleted, uploadData, uploadsPath, validId } from './uploads/layout.js'
import {
  checkParts,
  ignoreAbsence,
  isBeingSent,
  lockPart,
  openData,
  tryLockPart,
  UploadContent,
} from './uploads/part-data.js'
import {
  acquireUpload,
  discardUpload,
  partEntry,
  partNumbers,
  partOf,
  readPart,
  readStored,
} from './uploads/upload-state.js'
import { writeBody } from './writer.js'

export async function startUpload(
  workspace: Workspace,
  container: string,
  file: string,
  options: StartUploadCallOptions,
): Promise<PartUpload> {
  const { attributes, checksums, partSize } = options
  const before = await workspace.acquireContainer(container)
  before[Symbol.dispose]()
  workspace.cleaner.startOnce()
  // A name that is too long for the disk, with the root's path, fails now and not after all parts.
  await workspace.lstat(locationOf(container, file))
  const id = randomBytes(16).toString('hex')
  const stored = { file, partSize, started: Date.now(), ...encodeAttributes({ attributes, checksums }) }
  using uploads = await workspace.directories.make([...uploadsPath, container], 0)
  if (uploads === undefined) throw rootMissing()
  using temporaries = await acquireTemporaries(workspace.directories)
  // Created in `.stowage/tmp` and renamed, so that a killed process leaves an entry with an owner
  // and no incomplete upload.
  const token = newToken()
  await mkdir(temporaries.at(token))
  try {
    await writeFile(temporaries.at(`${token}/${uploadData}`), '')
    await writeFile(temporaries.at(`${token}/${description}`), JSON.stringify(stored))
    throwIfAborted(options.signal)
    await rename(temporaries.at(token), uploads.at(id))
  } catch (error) {
    await workspace.cleaner.removeTrees(
      [{ entry: token, path: [...uploadsPath, container, id].join('/') }],
      options.signal,
    )
    throw error
  }
  try {
    const after = await workspace.acquireContainer(container)
    after[Symbol.dispose]()
  } catch (error) {
    await discardUpload(workspace, { container, file, id }, options)
    throw error
  }
  return { container, file, id, partSize }
}

/**
 * A part is written directly to its position, unless a part is there already or is being sent. It
 * is then written to a temporary file first, and copied to its position when it is complete, so
 * that a part that fails halfway does not damage the previous one.
 */
export async function uploadPart(
  workspace: Workspace,
  upload: PartUpload,
  body: ProviderBody,
  { partNumber, signal }: UploadPartCallOptions,
): Promise<UploadedPart> {
  const { directory: held } = await acquireUpload(workspace, upload)
  using directory = held
  const { chunkSize } = workspace.options
  const { direct } = workspace.directories
  const position = (partNumber - 1) * upload.partSize
  const check = (size: number) => {
    if (size > upload.partSize)
      throw new StorageError('TOO_LARGE', 'the part is larger than the part size of the upload')
  }
  const present = await readPart(directory, partNumber)
  const lease = present === undefined ? await tryLockPart(workspace, directory, upload, partNumber, signal) : undefined
  if (lease === undefined) {
    await using temporary = await TemporaryFile.create(workspace.directories)
    const size = await writeBody(temporary.fd, 0, body, { direct, signal, chunkSize, check })
    return await writeAt(await lockPart(workspace, directory, upload, partNumber, signal), (fd) =>
      copyBytes(temporary.fd, fd, { size, position, chunkSize, signal }),
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
        // On a network file system, each check takes a while and blocks the process.
        const now = performance.now()
        if (!workspace.directories.isLocal && now - checked < 1000) return
        checked = now
        if (lease.isHeldNow()) return
        if (!directory.isInPlace()) throw uploadNotFound(upload.container, upload.file)
        throw new StorageError('CONNECTION_LOST', 'another process is sending the same part')
      },
    }),
  )

  /** Writes while the lock is held, records the part, and releases the lock. */
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
      const part = partOf(partNumber, size, randomBytes(16).toString('hex'))
      await makeMark(`${size}-${part.tag}`, directory.at(partEntry(partNumber)))
      return part
    } finally {
      await workspace.locks.release(lease)
    }
  }
}

export async function completeUpload(
  workspace: Workspace,
  upload: PartUpload,
  { conditions, parts, signal }: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  const { directory: held, stored } = await acquireUpload(workspace, upload)
  using directory = held
  const options = { attributes: stored.attributes, checksums: stored.checksums, conditions, signal }
  const location = locationOf(upload.container, upload.file)
  let lease: Lease | undefined
  try {
    lease = await workspace.locks.acquire(directory, completing, signal)
    const size = await checkParts(directory, upload, parts)
    await using content = await UploadContent.open(workspace, directory, upload, lease)
    let written: WrittenFile
    if (await isBeingSent(directory)) {
      // A process that sends another part has the data open, and must not be able to write to the
      // finished file.
      await using copy = await TemporaryFile.create(workspace.directories)
      if (!(await copyContent(workspace, content.fd, copy, size, signal))) {
        throw new StorageError('INTERNAL', 'the upload has less data than its parts')
      }
      written = await commit(workspace, location, copy, options)
    } else {
      const prepare = async (held: Lease) => {
        await held.confirm()
        // Parts after the last one are deleted before the data is truncated, in case the completion
        // still fails.
        for (const number of await partNumbers(directory)) {
          if (number > parts.length) await unlink(directory.at(partEntry(number)))
        }
        await ftruncate(content.fd, size)
        if (conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined) await content.makeSecondName()
      }
      written = await commit(workspace, location, content, { ...options, prepare, partOf: lease })
    }
    await discardUpload(workspace, upload, { signal })
    return written
  } catch (error) {
    // If another process completed or aborted the upload, that is the reason of any failure.
    throw directory.isInPlace() ? error : uploadNotFound(upload.container, upload.file)
  } finally {
    if (lease !== undefined) await workspace.locks.release(lease)
  }
}

/** Does nothing if the upload does not exist or is of another file. */
export async function abortUpload(
  workspace: Workspace,
  upload: PartUploadReference,
  options: CallOptions,
): Promise<void> {
  const held = await workspace.acquireContainer(upload.container)
  held[Symbol.dispose]()
  if (!validId.test(upload.id)) return
  using uploads = await workspace.directories.acquire([...uploadsPath, upload.container])
  const stored = uploads && (await readStored(uploads, `${upload.id}/${description}`))
  if (stored?.file === upload.file) await discardUpload(workspace, upload, options)
}

const isPartNumber = (value: unknown): value is number => Number.isSafeInteger(value)

export async function listParts(
  workspace: Workspace,
  upload: PartUploadReference,
  options: ListCallOptions,
): Promise<PartPage> {
  const { limit, next, signal } = options
  const after = decodePosition(next, isPartNumber) ?? 0
  const { directory } = await acquireUpload(workspace, upload)
  using held = directory
  const entries: UploadedPart[] = []
  for (const number of await partNumbers(held)) {
    if (number <= after) continue
    throwIfAborted(signal)
    const part = await readPart(held, number)
    if (part === undefined) continue
    const last = entries.at(-1)
    if (entries.length === limit && last !== undefined) return { entries, next: encodePosition(last.partNumber) }
    entries.push(part)
  }
  return { entries }
}

export async function listUploads(
  workspace: Workspace,
  container: string,
  options: ListCallOptions & { readonly prefix: string },
): Promise<UploadPage> {
  const { limit, next, prefix, signal } = options
  const held = await workspace.acquireContainer(container)
  held[Symbol.dispose]()
  const after = decodePosition(next, isFileAndId)
  using uploads = await workspace.directories.acquire([...uploadsPath, container])
  const found: UnfinishedUpload[] = []
  for (const id of uploads === undefined ? [] : await readdirIfExists(uploads.path)) {
    throwIfAborted(signal)
    if (uploads === undefined || !validId.test(id)) continue
    const stored = await readStored(uploads, `${id}/${description}`)
    if (stored === undefined || !stored.file.startsWith(prefix)) continue
    // A completion was interrupted before the rest was deleted.
    if (isCompleted(await lstatIfExists(uploads.at(`${id}/${uploadData}`)))) continue
    found.push({ container, file: stored.file, id, partSize: stored.partSize, started: new Date(stored.started) })
  }
  const order = (a: { file: string; id: string }, b: { file: string; id: string }) =>
    compareNames(a.file, b.file) || compareNames(a.id, b.id)
  const sorted = found
    .filter((upload) => after === undefined || order(upload, { file: after[0], id: after[1] }) > 0)
    .sort(order)
  const entries = sorted.slice(0, limit)
  const last = entries.at(-1)
  return sorted.length > limit && last !== undefined
    ? { entries, next: encodePosition([last.file, last.id]) }
    : { entries }
}

const isFileAndId = (value: unknown): value is readonly [file: string, id: string] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string')
