/** Copies and moves files between storages, through this process. */

import { invalid } from '../checks/invalid.js'
import { transferNames } from '../checks/method-options.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import type { FileLocation, WrittenFile } from '../contract/files.js'
import { attributesOf } from '../kit/attributes.js'
import type { WriteOptions } from './options.js'
import type { StorageService } from './service.js'

/** A file in a storage. */
export interface StorageLocation extends FileLocation {
  readonly storage: StorageService
}

/** Options of {@link copyBetween} and {@link moveBetween}. */
export type TransferOptions = Omit<WriteOptions, 'size' | 'maxSize' | 'detectContentType'>

/**
 * Copies a file to another storage with its attributes. Options replace single attributes. The
 * bytes stream through this process, in bounded memory. A checksum that the source's service keeps
 * is verified. Within one storage, `copyFile` is cheaper: the bytes stay in the service.
 *
 * Fails as `openFile` does for the source, and as `putFile` does for the target.
 *
 * @example
 * const source = { storage, container: 'photos', file: 'cat.jpg' }
 * const copy = await copyBetween(source, { storage: other, container: 'backup', file: 'cat.jpg' })
 * copy.contentType // 'image/jpeg'
 */
export async function copyBetween(
  source: StorageLocation,
  target: StorageLocation,
  options: TransferOptions = {},
): Promise<WrittenFile> {
  checkTransfer('copyBetween', source, target, options)
  const { signal, timeout } = options
  await using opened = await source.storage.openFile(source.container, source.file, { signal, timeout })
  const { info } = opened
  const { md5, sha256 } = info.checksums
  return await target.storage.putFile(target.container, target.file, opened.stream, {
    ...attributesOf(info),
    checksums: { md5, sha256 },
    ...options,
    size: info.size,
  })
}

/**
 * Copies a file to another storage, then deletes the source. If the source has changed since the
 * copy began, it stays, and the call fails with `PRECONDITION_FAILED`.
 *
 * @example
 * const source = { storage, container: 'photos', file: 'cat.jpg' }
 * await moveBetween(source, { storage: other, container: 'backup', file: 'cat.jpg' })
 * await storage.hasFile('photos', 'cat.jpg') // false
 */
export async function moveBetween(
  source: StorageLocation,
  target: StorageLocation,
  options: TransferOptions = {},
): Promise<WrittenFile> {
  checkTransfer('moveBetween', source, target, options)
  const { signal, timeout } = options
  const { etag } = await source.storage.getFile(source.container, source.file, { signal, timeout })
  const written = await copyBetween(source, target, options)
  const ifMatch = source.storage.capabilities.conditions.remove === false ? undefined : etag
  await source.storage.removeFile(source.container, source.file, { signal, timeout, ifMatch })
  return written
}

function checkTransfer(owner: string, source: unknown, target: unknown, options: unknown): void {
  checkOptions(owner, options, transferNames)
  for (const [property, location] of Object.entries({ source, target })) {
    const { storage } = (location ?? {}) as Partial<StorageLocation>
    if (typeof storage?.openFile !== 'function') {
      throw invalid(property, `the ${property} of ${owner} must be an object with storage, container and file`)
    }
  }
}

// A check by the compiler: the table has the options of both functions, and no others.
transferNames satisfies NamesOf<TransferOptions>
