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
import type { BigIntStats } from 'node:fs'
import {
  type CallOptions,
  compareNames,
  type ListCallOptions,
  type PartPage,
  type PartUpload,
  type PartUploadReference,
  type StartUploadCallOptions,
  StorageError,
  type UnfinishedUpload,
  type UploadedPart,
  type UploadPage,
  uploadNotFound,
} from '@stowage/core/provider'
import * as v from 'valibot'
import { keptEntries, parseStored, storeKept } from './attributes.js'
import { bookkeeping } from './bookkeeping.js'
import type { Directory } from './directories.js'
import { isAbsence, rootMissing, throwIfAborted } from './errors.js'
import { newToken } from './owner.js'
import { placeOf } from './places.js'
import { lstatIfThere, mkdir, readdirIfThere, readFile, readlinkIfThere, rename, writeFile } from './system.js'
import { holdTemporaries } from './temporary.js'
import { throwAway } from './tree-removal.js'
import type { Workspace } from './workspace.js'

export const uploadsPath = [bookkeeping, 'uploads']
export const uploadData = 'data'
const description = 'upload.json'
/** Held while an upload is completed. */
export const completing = { name: 'completing', note: 'complete an upload' }
const validId = /^[0-9a-f]{32}$/

const storedUpload = v.object({ file: v.string(), partSize: v.number(), started: v.number(), ...keptEntries })

export type StoredUpload = v.InferOutput<typeof storedUpload>

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

/** Holds an upload's directory, and what was said of it; `UPLOAD_NOT_FOUND`, `CONTAINER_NOT_FOUND`. */
export async function holdUpload(
  workspace: Workspace,
  upload: PartUploadReference & { readonly partSize?: number },
): Promise<{ readonly directory: Directory; readonly stored: StoredUpload }> {
  const container = await workspace.holdContainer(upload.container)
  container[Symbol.dispose]()
  const directory = validId.test(upload.id)
    ? await workspace.directories.hold([...uploadsPath, upload.container, upload.id])
    : undefined
  if (directory === undefined) throw uploadNotFound(upload.container, upload.file)
  try {
    const stored = await readStored(directory, description)
    if (stored?.file !== upload.file || (upload.partSize ?? stored.partSize) !== stored.partSize) {
      throw uploadNotFound(upload.container, upload.file)
    }
    return { directory, stored }
  } catch (error) {
    directory[Symbol.dispose]()
    throw error
  }
}

async function readStored(directory: Directory, entry: string): Promise<StoredUpload | undefined> {
  try {
    return parseStored(storedUpload, await readFile(directory.at(entry), 'utf8'))
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
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

export async function throwAwayUpload(
  workspace: Workspace,
  upload: PartUploadReference,
  { signal }: CallOptions,
): Promise<void> {
  // In one step, so that a part that is being sent finds out, and one that comes later finds
  // nothing.
  const tree = await throwAway(workspace.directories, [...uploadsPath, upload.container, upload.id])
  if (tree !== undefined) await workspace.cleaner.free([tree], signal)
}

/** Whether the data is a file of the container by now. */
export const isCompleted = (data: BigIntStats | undefined): boolean => data === undefined || data.nlink > 1n

export const partEntry = (partNumber: number): string => `part-${partNumber}`

/** What stands in `data` for a part. */
export async function readPart(directory: Directory, partNumber: number): Promise<UploadedPart | undefined> {
  const [, size, tag] =
    /^(\d+)-([0-9a-f]+)$/.exec((await readlinkIfThere(directory.at(partEntry(partNumber)))) ?? '') ?? []
  return size === undefined || tag === undefined ? undefined : { partNumber, size: Number(size), tag }
}

export async function partNumbers(directory: Directory): Promise<number[]> {
  return (await readdirIfThere(directory.here))
    .map((entry) => Number(/^part-(\d+)$/.exec(entry)?.[1] ?? 0))
    .filter((number) => number > 0)
    .sort((a, b) => a - b)
}

export async function listParts(
  workspace: Workspace,
  upload: PartUploadReference,
  options: ListCallOptions,
): Promise<PartPage> {
  const { limit, next = '0', signal } = options
  if (!/^\d{1,5}$/.test(next)) throw invalidNext()
  const { directory } = await holdUpload(workspace, upload)
  using held = directory
  const entries: UploadedPart[] = []
  for (const number of await partNumbers(held)) {
    if (number <= Number(next)) continue
    throwIfAborted(signal)
    const part = await readPart(held, number)
    if (part === undefined) continue
    const last = entries.at(-1)
    if (entries.length === limit && last !== undefined) return { entries, next: String(last.partNumber) }
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
  const after = next === undefined ? undefined : parseStored(v.tuple([v.string(), v.string()]), next)
  if (next !== undefined && (after === undefined || JSON.stringify(after) !== next)) throw invalidNext()
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
    ? { entries, next: JSON.stringify([last.file, last.id]) }
    : { entries }
}

const invalidNext = () =>
  new StorageError('INVALID_ARGUMENT', 'this is not the place where a page of this list ended', {
    details: { property: 'next' },
  })

export { completeUpload, uploadPart } from './parts.js'
