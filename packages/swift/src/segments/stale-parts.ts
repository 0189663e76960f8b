/** Deletes stale parts: those that no file uses any more. */
import type { FileLocation } from '@stowage/core/provider'
import type { SwiftClient } from '../client/client.js'
import { deleteObjects } from '../client/object-deletion.js'
import { segmentsContainer } from '../mapping/names.js'
import { type ListedObject, listSegments, parsePartName, partsPrefix, uploadOfCurrentVersion } from './layout.js'
import { isUnfinished } from './markers.js'

/** Milliseconds that the deletion of stale parts may take. */
const timeout = 60_000

/**
 * Calls {@link deleteStaleParts} after a plain write, unless the container had no large files a
 * moment ago. If another process created the first one in the last two seconds, under this name,
 * its parts remain until the next write or deletion of the name.
 */
export async function deletePreviousParts(client: SwiftClient, location: FileLocation): Promise<void> {
  if (!client.recentlyMissing.has(segmentsContainer(location.container))) await deleteStaleParts(client, location)
}

/**
 * Deletes the stale parts of a file after it was written or deleted.
 *
 * A part is stale if its upload has no marker and the file's current version, read after that, is
 * from another upload or does not exist. No manifest with that part can appear later, because a
 * marker is deleted only after its manifest was written. A completion calls this after it deleted
 * the marker, so the later one of two concurrent writes deletes the parts of the earlier one.
 *
 * The write itself has succeeded, so this never fails. Parts that remain are deleted by the next
 * write of the name, or with the container.
 *
 * @param completed The upload of the current version, if its marker was deleted.
 * @param manifest The parts of the current version, if it is from a multipart upload.
 */
export async function deleteStaleParts(
  client: SwiftClient,
  location: FileLocation,
  { completed, manifest }: { readonly completed?: string; readonly manifest?: ReadonlySet<string> } = {},
): Promise<void> {
  const signal = AbortSignal.timeout(timeout)
  try {
    const parts = await listSegments(client, location.container, partsPrefix(location.file), signal)
    if (parts.every(({ name }) => manifest?.has(name))) return
    const stale = await staleUploads(client, location, parts, completed, signal)
    const names = parts
      .filter(({ name }) => {
        const upload = parsePartName(name)?.upload
        if (upload === undefined) return false
        return stale.has(upload) || (upload === completed && !manifest?.has(name))
      })
      .map(({ name }) => name)
    await deleteObjects(client, segmentsContainer(location.container), names, signal)
  } catch {
    // See above: the parts remain until the next write of the name.
  }
}

async function staleUploads(
  client: SwiftClient,
  location: FileLocation,
  parts: readonly ListedObject[],
  completed: string | undefined,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const uploads = [...new Set(parts.map(({ name }) => parsePartName(name)?.upload))]
  const ended: string[] = []
  for (const upload of uploads) {
    if (upload === undefined) continue
    if (upload === completed || !(await isUnfinished(client, location, upload, signal))) ended.push(upload)
  }
  if (ended.length === 0) return new Set()
  const current = await uploadOfCurrentVersion(client, location, signal)
  return new Set(ended.filter((upload) => upload !== current))
}
