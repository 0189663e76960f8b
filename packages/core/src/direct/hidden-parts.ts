/**
 * The parts of a direct upload whose policy has rules for the content. They pass through a server,
 * and are hidden files until the upload is complete. See `ResumableUpload.write`.
 */
import { uploadNotFound } from '../contract/errors.js'
import type { UploadedPart } from '../contract/provider.js'
import { groupOf, type HiddenState, parseHiddenFiles, pieceName } from '../resumable/hidden-names.js'
import type { ResumableUpload } from '../resumable/resumable-upload.js'
import type { UploadStore } from '../resumable/upload-store.js'

async function stateOf(store: UploadStore, upload: ResumableUpload, signal: AbortSignal): Promise<HiddenState> {
  const { container, file, key } = upload
  const state = parseHiddenFiles(await store.hiddenFiles(container, groupOf(key), signal))
  if (!state.partial) throw uploadNotFound(container, file)
  return state
}

/** Stores a part, which replaces an earlier one of the same number. */
export async function putHiddenPart(
  store: UploadStore,
  upload: ResumableUpload,
  partNumber: number,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<UploadedPart> {
  const { pieces } = await stateOf(store, upload, signal)
  const start = (partNumber - 1) * upload.partSize
  const end = start + bytes.length
  await store.putPiece(upload, start, bytes, signal)
  const replaced = pieces.filter((piece) => piece.start === start && piece.end !== end).map(({ name }) => name)
  await store.removeHidden(upload.container, replaced, signal)
  return { partNumber, size: bytes.length, tag: `${start}-${end}` }
}

/** Returns the parts in the order of their numbers. Fails with `UPLOAD_NOT_FOUND`. */
export async function hiddenParts(
  store: UploadStore,
  upload: ResumableUpload,
  signal: AbortSignal,
): Promise<UploadedPart[]> {
  const { pieces } = await stateOf(store, upload, signal)
  return pieces
    .toSorted((first, second) => first.start - second.start)
    .map(({ start, end }) => ({ partNumber: start / upload.partSize + 1, size: end - start, tag: `${start}-${end}` }))
}

/** Yields the bytes of parts, joined by their numbers: clients may choose smaller parts. */
export async function* hiddenContent(
  store: UploadStore,
  upload: ResumableUpload,
  parts: readonly UploadedPart[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, undefined> {
  for (const { partNumber, size } of parts) {
    const start = (partNumber - 1) * upload.partSize
    const bytes = Buffer.allocUnsafeSlow(size)
    const piece = { name: pieceName(upload.key, start, start + size), start, end: start + size }
    await store.readPieces(upload, [piece], start, bytes, signal)
    yield bytes
  }
}
