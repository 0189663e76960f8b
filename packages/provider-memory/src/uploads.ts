import {
  type CompleteUploadCallOptions,
  compareNames,
  decodePosition,
  isName,
  type ListCallOptions,
  type PartPage,
  type PartUpload,
  type PartUploadReference,
  type ProviderBody,
  pageAfter,
  readBody,
  type StartUploadCallOptions,
  StorageError,
  type UnfinishedUpload,
  type UploadedPart,
  type UploadPage,
  type UploadPartCallOptions,
  uploadNotFound,
  type WrittenFile,
} from '@stowage/core/provider'
import { containerOf, type Memory, write } from './memory.js'
import type { StoredContainer, StoredUpload } from './store.js'

export async function startUpload(
  memory: Memory,
  container: string,
  file: string,
  { partSize, attributes, checksums }: StartUploadCallOptions,
): Promise<PartUpload> {
  const upload = { file, partSize, attributes, checksums, started: new Date(), parts: new Map() }
  return { container, file, id: containerOf(memory, container).addUpload(upload), partSize }
}

export async function uploadPart(
  memory: Memory,
  upload: PartUpload,
  body: ProviderBody,
  { partNumber, signal }: UploadPartCallOptions,
): Promise<UploadedPart> {
  findUpload(memory, upload)
  const content = await readBody(body, signal)
  // Looked up again, because it may have been aborted while the body arrived.
  const stored = findUpload(memory, upload)
  const tag = String(++memory.store.versions)
  const part = { partNumber, size: content.length, tag, etag: `"${tag}"` }
  stored.parts.set(partNumber, { part, content })
  return part
}

export async function listParts(
  memory: Memory,
  upload: PartUploadReference,
  { limit, next }: ListCallOptions,
): Promise<PartPage> {
  return pageAfter(sentParts(findUpload(memory, upload)), partKey, { limit, after: decodePosition(next, isName) })
}

export async function completeUpload(
  memory: Memory,
  upload: PartUpload,
  { parts, conditions }: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  const stored = findUpload(memory, upload)
  const { attributes, checksums } = stored
  const written = write(memory, upload, joinParts(stored, parts), { attributes, checksums, conditions })
  containerOf(memory, upload.container).uploads.delete(upload.id)
  return written
}

export async function abortUpload(memory: Memory, upload: PartUploadReference): Promise<void> {
  const { uploads } = containerOf(memory, upload.container)
  if (uploads.get(upload.id)?.file === upload.file) uploads.delete(upload.id)
}

export async function listUploads(
  memory: Memory,
  container: string,
  { limit, next, prefix }: ListCallOptions & { readonly prefix: string },
): Promise<UploadPage> {
  const uploads = unfinishedUploads(container, containerOf(memory, container), prefix)
  return pageAfter(uploads, uploadKey, { limit, after: decodePosition(next, isName) })
}

/** Returns an unfinished upload. Throws `UPLOAD_NOT_FOUND` if it does not exist. */
function findUpload(memory: Memory, upload: PartUploadReference): StoredUpload {
  const stored = containerOf(memory, upload.container).uploads.get(upload.id)
  if (stored === undefined || stored.file !== upload.file) throw uploadNotFound(upload.container, upload.file)
  return stored
}

/**
 * Returns the joined parts. Throws `INVALID_PART` if a part is missing or has the tag of an earlier
 * attempt.
 */
function joinParts(upload: StoredUpload, parts: CompleteUploadCallOptions['parts']): Uint8Array {
  const contents = parts.map(({ partNumber, tag }) => {
    const stored = upload.parts.get(partNumber)
    if (stored === undefined) throw invalidPart(`part ${partNumber} was not sent`)
    if (stored.part.tag !== tag) throw invalidPart(`part ${partNumber} has another tag`)
    return stored.content
  })
  return Buffer.concat(contents)
}

const invalidPart = (message: string) => new StorageError('INVALID_PART', message)

function sentParts(upload: StoredUpload): readonly UploadedPart[] {
  return [...upload.parts.values()].map(({ part }) => part).toSorted((a, b) => a.partNumber - b.partNumber)
}

/** Returns unfinished uploads in the order of {@link uploadKey}. */
function unfinishedUploads(name: string, container: StoredContainer, prefix: string): readonly UnfinishedUpload[] {
  return [...container.uploads]
    .filter(([, { file }]) => file.startsWith(prefix))
    .map(([id, { file, partSize, started }]) => ({ container: name, file, id, partSize, started: new Date(started) }))
    .toSorted((a, b) => compareNames(uploadKey(a), uploadKey(b)))
}

/** Makes the sort key of an upload. One name may have several unfinished uploads. */
const uploadKey = ({ file, id }: PartUploadReference) => `${file}\0${id}`

/** Makes the sort key of a part, with the order of the part numbers. */
const partKey = ({ partNumber }: UploadedPart) => String(partNumber).padStart(16, '0')
