import { type CallOptions, type PartUploadReference, type UploadedPart, uploadNotFound } from '@stowage/core/provider'
import * as v from 'valibot'
import type { Directory } from '../disk/directories.js'
import { readdirIfThere, readFile, readlinkIfThere } from '../disk/system.js'
import { throwAway } from '../disk/tree-removal.js'
import { isAbsence } from '../errors.js'
import { keptEntries, parseStored } from '../files/attributes.js'
import type { Workspace } from '../files/workspace.js'
import { description, uploadsPath, validId } from './layout.js'

const storedUpload = v.object({ file: v.string(), partSize: v.number(), started: v.number(), ...keptEntries })

export type StoredUpload = v.InferOutput<typeof storedUpload>

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

export async function readStored(directory: Directory, entry: string): Promise<StoredUpload | undefined> {
  try {
    return parseStored(storedUpload, await readFile(directory.at(entry), 'utf8'))
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
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
