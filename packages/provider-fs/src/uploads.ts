/**
 * Unfinished part uploads, as they stand on the disk.
 *
 * `.stowage/uploads/<container>/<id>/` holds
 * - `upload.json`: what was said at the start;
 * - `data`: all parts, each at its place, part n from (n - 1) × the part size on;
 * - `part-<n>`: a symbolic link to nowhere, whose target is the size and the tag of the part that stands in `data`. It is
 *   removed before the part is written over, so it never vouches for anything else;
 * - `sending-<n>`: the lock of whoever writes part n into `data` at this moment;
 * - `completing`: the lock of whoever completes the upload. While it is there nobody begins to write into `data`.
 *
 * It appears whole, by a rename, and goes by one. Without `data`, or when that has a second name, it was completed, and the rest is about to go.
 */
import { randomBytes } from 'node:crypto'
import {
  type CallOptions,
  compareNames,
  decodePosition,
  encodePosition,
  type ListCallOptions,
  type PartPage,
  type PartUpload,
  type PartUploadReference,
  type StartUploadCallOptions,
  type UnfinishedUpload,
  type UploadedPart,
  type UploadPage,
} from '@stowage/core/provider'
import { newToken } from './disk/owner.js'
import { lstatIfThere, mkdir, readdirIfThere, rename, writeFile } from './disk/system.js'
import { holdTemporaries } from './disk/temporary.js'
import { rootMissing, throwIfAborted } from './errors.js'
import { storeKept } from './files/attributes.js'
import { placeOf } from './files/places.js'
import type { Workspace } from './files/workspace.js'
import { description, isCompleted, uploadData, uploadsPath, validId } from './uploads/layout.js'
import { holdUpload, partNumbers, readPart, readStored, throwAwayUpload } from './uploads/upload-state.js'
export async function startUpload(
  workspace: Workspace,
  container: string,
  file: string,
  options: StartUploadCallOptions,
): Promise<PartUpload> {
  const { attributes, checksums, partSize } = options
  const before = await workspace.holdContainer(container)
  before[Symbol.dispose]()
  workspace.cleaner.startOnce()
  // A name that is too long for the disk, with the root's path, is told now and not when all parts are there.
  await workspace.look(placeOf(container, file))
  const id = randomBytes(16).toString('hex')
  const stored = { file, partSize, started: Date.now(), ...storeKept({ attributes, checksums }) }
  using uploads = await workspace.directories.make([...uploadsPath, container], 0)
  if (uploads === undefined) throw rootMissing()
  using temporaries = await holdTemporaries(workspace.directories)
  // Made aside and renamed, so that whoever is killed here leaves something that has an owner, and no half upload.
  const aside = newToken()
  await mkdir(temporaries.at(aside))
  try {
    await writeFile(temporaries.at(`${aside}/${uploadData}`), '')
    await writeFile(temporaries.at(`${aside}/${description}`), JSON.stringify(stored))
    throwIfAborted(options.signal)
    await rename(temporaries.at(aside), uploads.at(id))
  } catch (error) {
    await workspace.cleaner.free([{ entry: aside, path: [...uploadsPath, container, id].join('/') }], options.signal)
    throw error
  }
  try {
    const after = await workspace.holdContainer(container)
    after[Symbol.dispose]()
  } catch (error) {
    await throwAwayUpload(workspace, { container, file, id }, options)
    throw error
  }
  return { container, file, id, partSize }
}

/** Nothing happens when there is no such upload, or it is of another file. */
export async function abortUpload(
  workspace: Workspace,
  upload: PartUploadReference,
  options: CallOptions,
): Promise<void> {
  if (!validId.test(upload.id)) return
  using uploads = await workspace.directories.hold([...uploadsPath, upload.container])
  const stored = uploads && (await readStored(uploads, `${upload.id}/${description}`))
  if (stored?.file === upload.file) await throwAwayUpload(workspace, upload, options)
}

const isPartNumber = (value: unknown): value is number => Number.isSafeInteger(value)

export async function listParts(
  workspace: Workspace,
  upload: PartUploadReference,
  options: ListCallOptions,
): Promise<PartPage> {
  const { limit, next, signal } = options
  const after = decodePosition(next, isPartNumber) ?? 0
  const { directory } = await holdUpload(workspace, upload)
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
  const held = await workspace.holdContainer(container)
  held[Symbol.dispose]()
  const after = decodePosition(next, isFileAndId)
  using uploads = await workspace.directories.hold([...uploadsPath, container])
  const found: UnfinishedUpload[] = []
  for (const id of uploads === undefined ? [] : await readdirIfThere(uploads.here)) {
    throwIfAborted(signal)
    if (uploads === undefined || !validId.test(id)) continue
    const stored = await readStored(uploads, `${id}/${description}`)
    if (stored === undefined || !stored.file.startsWith(prefix)) continue
    // Completed by a process that was killed before it could remove the rest.
    if (isCompleted(await lstatIfThere(uploads.at(`${id}/${uploadData}`)))) continue
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

export { completeUpload, uploadPart } from './uploads/parts.js'
