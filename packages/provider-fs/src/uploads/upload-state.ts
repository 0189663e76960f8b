import { type CallOptions, type PartUploadReference, type UploadedPart, uploadNotFound } from '@stowage/core/provider'
import * as v from 'valibot'
import type { Directory } from '../disk/directories.js'
import { readdirIfExists, readFile, readMark } from '../disk/system.js'
import { discardTree } from '../disk/tree-removal.js'
import { parseStored, storedSchemas } from '../files/attributes.js'
import type { Workspace } from '../files/workspace.js'
import { isAbsence } from '../mapping/errors.js'
import { description, uploadsPath, validId } from './layout.js'

const storedUpload = v.object({ file: v.string(), partSize: v.number(), started: v.number(), ...storedSchemas })

export type StoredUpload = v.InferOutput<typeof storedUpload>

/**
 * Acquires an upload's directory, and reads its description. Throws `UPLOAD_NOT_FOUND` or
 * `CONTAINER_NOT_FOUND`.
 */
export async function acquireUpload(
  workspace: Workspace,
  upload: PartUploadReference & { readonly partSize?: number },
): Promise<{ readonly directory: Directory; readonly stored: StoredUpload }> {
  const container = await workspace.acquireContainer(upload.container)
  container[Symbol.dispose]()
  const directory = validId.test(upload.id)
    ? await workspace.directories.acquire([...uploadsPath, upload.container, upload.id])
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

export async function discardUpload(
  workspace: Workspace,
  upload: PartUploadReference,
  { signal }: CallOptions,
): Promise<void> {
  // In one step, so that a part that is being sent detects it, and a later one finds nothing.
  const tree = await discardTree(workspace.directories, [...uploadsPath, upload.container, upload.id])
  if (tree !== undefined) await workspace.cleaner.removeTrees([tree], signal)
}

export const partEntry = (partNumber: number): string => `part-${partNumber}`

export const partOf = (partNumber: number, size: number, tag: string): UploadedPart => ({
  partNumber,
  size,
  tag,
  etag: `"${tag}"`,
})

/** Returns a part in `data`. */
export async function readPart(directory: Directory, partNumber: number): Promise<UploadedPart | undefined> {
  const [, size, tag] = /^(\d+)-([0-9a-f]+)$/.exec((await readMark(directory.at(partEntry(partNumber)))) ?? '') ?? []
  return size === undefined || tag === undefined ? undefined : partOf(partNumber, Number(size), tag)
}

export async function partNumbers(directory: Directory): Promise<number[]> {
  return (await readdirIfExists(directory.path))
    .map((entry) => Number(/^part-(\d+)$/.exec(entry)?.[1] ?? 0))
    .filter((number) => number > 0)
    .sort((a, b) => a - b)
}
