/**
 * What is said of files that were just stored.
 */
import { isStorageError, type StorageService } from '@stowage/core'
import { File } from './entities.js'

/** A file that was uploaded. */
export interface UploadedFile {
  readonly container: string
  readonly name: string
  readonly type: string
  readonly field: string
  /** Bytes. */
  readonly size: number
  readonly originalFilename?: string
  readonly acl?: string
  /** What the service says of it. Left out on the filesystem. */
  readonly providerResponse?: File
}

export interface UploadResult {
  readonly files: Readonly<Record<string, readonly UploadedFile[]>>
  readonly fields: Readonly<Record<string, readonly string[]>>
}

/** Adds what the service says of the files, as the storage component did for all services but the filesystem. */
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

/** `undefined` when it can't be found out: the upload has succeeded all the same. */
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
 * A file's address on Amazon, which the storage component told; reading it takes a right to do so. `undefined` elsewhere, and for a name
 * that no address can express.
 */
export async function locationOf(
  storage: StorageService,
  { container, name }: { readonly container: string; readonly name: string },
): Promise<string | undefined> {
  if (storage.name !== 'amazon') return undefined
  try {
    // Signing asks nobody, and knows the region, the endpoint and the style of paths.
    const { url } = await storage.signUrl(container, name, { method: 'GET', expiresIn: 1 })
    return url.slice(0, url.indexOf('?'))
  } catch (error) {
    if (isStorageError(error)) return undefined
    throw error
  }
}
