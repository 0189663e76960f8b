/**
 * The results of uploads, and what the service reports about a file that was just stored.
 */
import { isStorageError, type StorageService } from '@stowage/core'
import { File } from './entities.js'

/** A file of a form that was stored. */
export interface UploadedFile {
  readonly container: string
  /** The name under which the file is stored. */
  readonly name: string
  /** The media type of the stored file. */
  readonly type: string
  /** The field of the form. */
  readonly field: string
  /** Bytes. */
  readonly size: number
  /** The client's name for the file, if it is stored under another name. */
  readonly originalFilename?: string
  readonly acl?: string
  /** The file as the service reports it. Absent on the filesystem, and if that request fails. */
  readonly providerResponse?: File
}

/** The files and fields of a form, by the names of their fields in the form. */
export interface UploadResult {
  readonly files: Readonly<Record<string, readonly UploadedFile[]>>
  readonly fields: Readonly<Record<string, readonly string[]>>
}

/** Adds `providerResponse` to the files, as the storage component did except on the filesystem. */
export async function withResponses(
  storage: StorageService,
  files: UploadResult['files'],
): Promise<UploadResult['files']> {
  if (storage.name === 'filesystem') return { ...files }
  const entries = Object.entries(files).map(async ([field, uploaded]) => {
    const described = uploaded.map(async (file) => ({ ...file, providerResponse: await responseFor(storage, file) }))
    return [field, await Promise.all(described)] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** Returns `undefined` if the service fails to report the file: the upload has succeeded anyway. */
async function responseFor(storage: StorageService, { container, name }: UploadedFile): Promise<File | undefined> {
  try {
    const [info, location] = await Promise.all([
      storage.getFile(container, name),
      locationOf(storage, { container, name }),
    ])
    return new File(info, { provider: storage.name, location })
  } catch (error) {
    if (isStorageError(error)) return undefined
    throw error
  }
}

/**
 * Returns the URL of a file on Amazon, which the storage component reported. Reading from it
 * requires permission. Returns `undefined` for other services, and for a name that no URL can
 * express.
 */
export async function locationOf(
  storage: StorageService,
  { container, name }: { readonly container: string; readonly name: string },
): Promise<string | undefined> {
  if (storage.name !== 'amazon') return undefined
  try {
    // Signing sends no request, and uses the region, the endpoint and the style of paths.
    const { url } = await storage.signUrl(container, name, { method: 'GET', expiresIn: 1 })
    return url.slice(0, url.indexOf('?'))
  } catch (error) {
    if (isStorageError(error)) return undefined
    throw error
  }
}
