/**
 * Copies on the service, of any size, each made visible by one request.
 *
 * Azure's own Copy Blob is no write as the contract wants it: while it is under way the target is there and not whole, and
 * it cannot change the attributes. So the target is put together from ranges of the source (Put Block From URL), which the
 * service reads by itself, and appears with Put Block List: whole, under its conditions, with its attributes.
 *
 * Copy Blob From URL is a write as the contract wants it, in one request, but for two bounds: the source has at most 256 MiB, and its
 * attributes are the target's. So it serves for blobs of ours alone, which were given the target's attributes before.
 */
import { randomBytes } from 'node:crypto'
import { isRestError } from '@azure/storage-blob'
import {
  type CallOptions,
  type CopyCallOptions,
  checkReadConditions,
  checkWriteConditions,
  defined,
  describeCause,
  type FileLocation,
  inParallel,
  isStorageError,
  StorageError,
  type WrittenFile,
} from '@stowage/core/provider'
import type { Account } from './account.js'
import { attributesOf, checksumsOf } from './attributes.js'
import { maxBlocks } from './capabilities.js'
import { errorCode, request } from './errors.js'
import { getFile } from './reader.js'
import { readableUrl } from './signing.js'
import { type Version, versionOptions, writtenFile } from './writer.js'

const MiB = 1024 * 1024
/** Bytes that the service is asked to take over in one request. Larger only where the number of blocks would not do. */
const rangeSize = 100 * MiB
/** Ranges under way at the same time. */
const parallelism = 8
/** How often blocks are made again that somebody else's write to the same name has swept away. */
const maxSwept = 5
/** Bytes of a block's id: the length that other clients have too, since all ids of a blob must have the same. */
const blockIdBytes = 48

/** Bytes: the largest source of Copy Blob From URL ("Remarks" of its documentation). */
const maxCopySize = 256 * MiB

/** A blob that stays as it is while it is copied. */
export interface CopySource {
  readonly container: string
  /** The blob's own name. */
  readonly blob: string
  readonly size: number
  readonly etag: string
}

export async function copyFile(
  account: Account,
  source: FileLocation,
  target: FileLocation,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  const { signal, ifSourceMatch, conditions, native } = options
  const client = account.file(source.container, source.file)
  const properties = await request(source, () => client.getProperties({ abortSignal: signal }))
  const { contentLength: size, etag, lastModified } = properties
  if (size === undefined || etag === undefined || lastModified === undefined) {
    throw new StorageError('BAD_RESPONSE', 'the answer does not say size, ETag and time of change of the source')
  }
  if (ifSourceMatch !== undefined) checkReadConditions({ etag, mtime: lastModified }, { ifMatch: ifSourceMatch })
  await checkEarly(account, target, options)
  const version: Version = {
    attributes: options.attributes ?? attributesOf(properties),
    checksums: checksumsOf(properties.contentMD5),
    conditions,
    native,
  }
  const blob = { container: source.container, blob: client.name, size, etag }
  return takeOver(account, blob, target, version, signal)
}

/** Refuses before anything is copied what would be refused after it; the decision is Put Block List's alone. */
export async function checkEarly(
  account: Account,
  target: FileLocation,
  { conditions, signal }: Pick<CopyCallOptions, 'conditions'> & CallOptions,
): Promise<void> {
  if (conditions.ifMatch === undefined && conditions.ifNoneMatch === undefined) return
  const present = await getFile(account, target.container, target.file, { conditions: {}, signal }).catch(
    (error: unknown) => {
      if (isStorageError(error, 'FILE_NOT_FOUND')) return undefined
      throw error
    },
  )
  checkWriteConditions(present, conditions)
}

/** Makes the target from a source that has the version's attributes, metadata and MD5 already. */
export async function takeOverAlike(
  account: Account,
  source: CopySource,
  target: FileLocation,
  version: Version,
  signal: AbortSignal,
): Promise<WrittenFile> {
  if (source.size > maxCopySize) return takeOver(account, source, target, version, signal)
  const { container, file } = target
  const { conditions, tier, tags } = versionOptions(version)
  const { url, authorization } = await readableUrl(account, source.container, source.blob, signal)
  const written = await request({ container, file }, () =>
    account
      .file(container, file)
      .syncCopyFromURL(url, {
        abortSignal: signal,
        sourceConditions: { ifMatch: source.etag },
        ...(conditions === undefined ? {} : { conditions }),
        ...(tier === undefined ? {} : { tier }),
        ...(tags === undefined ? {} : { tags }),
        ...(authorization === undefined ? {} : { sourceAuthorization: authorization }),
      })
      .catch((error: unknown) => {
        throw sourceError(error) ?? error
      }),
  )
  return writtenFile(container, file, source.size, written, version)
}

/** Makes the target from the source's content. */
async function takeOver(
  account: Account,
  source: CopySource,
  target: FileLocation,
  version: Version,
  signal: AbortSignal,
): Promise<WrittenFile> {
  const client = account.file(target.container, target.file)
  const place = { container: target.container, file: target.file }
  const options = { ...versionOptions(version), abortSignal: signal }
  for (let attempt = 1; ; attempt++) {
    const blocks = await stageRanges(account, source, target, signal)
    try {
      const written = await request(place, () => client.commitBlockList(blocks, options))
      return writtenFile(target.container, target.file, source.size, written, version)
    } catch (error) {
      // Every write to a name throws away the blocks that it does not use, also those of others.
      if (!isStorageError(error, 'INVALID_PART')) throw error
      if (attempt === maxSwept) {
        throw new StorageError('UNAVAILABLE', 'other writes to the file come in between again and again', {
          cause: error.cause,
        })
      }
    }
  }
}

/** The ids of the blocks, in order. */
async function stageRanges(
  account: Account,
  source: CopySource,
  target: FileLocation,
  signal: AbortSignal,
): Promise<string[]> {
  const place = { container: target.container }
  const client = account.blobWithHeaders(target.container, account.file(target.container, target.file).name, {
    // The SDK has no option for it, and the service takes it.
    'x-ms-source-if-match': source.etag,
  })
  const length = Math.max(rangeSize, Math.ceil(source.size / maxBlocks))
  const ids = Array.from({ length: Math.ceil(source.size / length) }, () =>
    randomBytes(blockIdBytes).toString('base64'),
  )
  await inParallel(
    ids.entries(),
    parallelism,
    async ([index, id], stopped) => {
      const offset = index * length
      const { url, authorization } = await readableUrl(account, source.container, source.blob, stopped)
      await request(place, () =>
        client
          .stageBlockFromURL(
            id,
            url,
            offset,
            Math.min(length, source.size - offset),
            defined({ abortSignal: stopped, sourceAuthorization: authorization }),
          )
          .catch((error: unknown) => {
            throw sourceError(error) ?? error
          }),
      )
    },
    signal,
  )
  return ids
}

/** What the service says of the source, and of the target's blocks, when it does not take it over. */
function sourceError(error: unknown): StorageError | undefined {
  const code = errorCode(error)
  const cause = describeCause(error)
  if (code === 'SourceConditionNotMet') {
    return new StorageError('UNAVAILABLE', 'the source was replaced while it was copied', { cause })
  }
  if (code === 'InvalidBlobOrBlock') {
    const message = "another program's unfinished upload to the same name has blocks with ids of another length"
    return new StorageError('NAME_CONFLICT', message, { cause })
  }
  if (code !== 'CannotVerifyCopySource' || !isRestError(error)) return undefined
  if (error.statusCode === 401 || error.statusCode === 403) {
    const message = 'the service may not read the source with these credentials'
    return new StorageError('PERMISSION_DENIED', message, { cause })
  }
  return error.statusCode === 404
    ? new StorageError('UNAVAILABLE', 'the source was removed while it was copied', { cause })
    : undefined
}
