import {
  type CompleteUploadCallOptions,
  compareNames,
  type PartUploadReference,
  StorageError,
  type UnfinishedUpload,
  type UploadedPart,
  uploadNotFound,
} from '@stowage/core/provider'
import type { StoredContainer, StoredUpload } from './store.js'

/** `UPLOAD_NOT_FOUND` unless it was started and neither completed nor aborted. */
export function findUpload(container: StoredContainer, upload: PartUploadReference): StoredUpload {
  const stored = container.uploads.get(upload.id)
  if (stored === undefined || stored.file !== upload.file) throw uploadNotFound(upload.container, upload.file)
  return stored
}

/** The content that the parts make; `INVALID_PART` when one is missing or is not the one that was sent last. */
export function joinParts(upload: StoredUpload, parts: CompleteUploadCallOptions['parts']): Uint8Array {
  const contents = parts.map(({ partNumber, tag }) => {
    const stored = upload.parts.get(partNumber)
    if (stored === undefined) throw invalidPart(`part ${partNumber} was not sent`)
    if (stored.part.tag !== tag) throw invalidPart(`part ${partNumber} has another tag`)
    return stored.content
  })
  return Buffer.concat(contents)
}

const invalidPart = (message: string) => new StorageError('INVALID_PART', message)

export function sentParts(upload: StoredUpload): readonly UploadedPart[] {
  return [...upload.parts.values()].map(({ part }) => part).toSorted((a, b) => a.partNumber - b.partNumber)
}

/** In the order of {@link uploadKey}. */
export function unfinishedUploads(
  name: string,
  container: StoredContainer,
  prefix: string,
): readonly UnfinishedUpload[] {
  return [...container.uploads]
    .filter(([, { file }]) => file.startsWith(prefix))
    .map(([id, { file, partSize, started }]) => ({ container: name, file, id, partSize, started: new Date(started) }))
    .toSorted((a, b) => compareNames(uploadKey(a), uploadKey(b)))
}

/** Several uploads may be under way for one name. */
export const uploadKey = ({ file, id }: PartUploadReference) => `${file}\0${id}`

/** Sorts as its number does. */
export const partKey = ({ partNumber }: UploadedPart) => String(partNumber).padStart(16, '0')
