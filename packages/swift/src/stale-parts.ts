/**
 * Parts that no file consists of any more, and their removal.
 */
import type { FileLocation } from '@stowage/core/provider'
import type { SwiftClient } from './client.js'
import { isUnfinished } from './markers.js'
import { segmentsOf } from './names.js'
import { deleteObjects } from './object-removal.js'
import { type ListedObject, listSegments, parsePartName, partsPrefix, presentUpload } from './segments.js'

/** Milliseconds that removing what is no longer needed may take. */
const patience = 60_000

/**
 * {@link removeStaleParts} after a plain write, which costs nothing where the container has no large files: when another process
 * has made the first one within two seconds, under this very name, its parts stay until the name's next write or removal.
 */
export async function removePartsBefore(client: SwiftClient, location: FileLocation): Promise<void> {
  if (!client.recentlyMissing.has(segmentsOf(location.container))) await removeStaleParts(client, location)
}

/**
 * Removes the parts that a file no longer consists of, after something was written under its name, or the file removed.
 *
 * A part is removed only when its upload has no marker and, looked at after that, the file's present version came from
 * another upload, or is gone: no manifest with that part can come up any more, since the marker outlives the manifest's
 * writing. Whoever completes an upload calls this when the marker is gone, so of two who write at the same time the later one removes
 * what the earlier one sent.
 *
 * The write itself has succeeded, so a failure here is none of it: what stays is found by the next write of that name, and by
 * the container's destruction.
 *
 * @param completed The upload that the present version came from, when its marker is gone.
 * @param manifest The parts that the present version consists of, when it came from a part upload.
 */
export async function removeStaleParts(
  client: SwiftClient,
  location: FileLocation,
  { completed, manifest }: { readonly completed?: string; readonly manifest?: ReadonlySet<string> } = {},
): Promise<void> {
  const signal = AbortSignal.timeout(patience)
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
    await deleteObjects(client, segmentsOf(location.container), names, signal)
  } catch {
    // Said above: the parts stay until the next write of that name.
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
  const present = await presentUpload(client, location, signal)
  return new Set(ended.filter((upload) => upload !== present))
}
