/**
 * Copies on the service, of any size. Each is made visible by one request.
 *
 * Azure's Copy Blob does not meet the contract: while it runs, the target is visible and
 * incomplete, and it cannot change the attributes. The target is therefore assembled from ranges of
 * the source, which the service reads itself (Put Block From URL). Put Block List then makes it
 * visible: complete, subject to its conditions, with its attributes.
 *
 * Copy Blob From URL does meet the contract, in one request, with two limits: the source has at
 * most 256 MiB, and the target gets its attributes. It is used only for the provider's own blobs,
 * which have the target's attributes.
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
import { maxBlocks } from './capabilities.js'
import type { Account } from './client/account.js'
import { attributesOf, checksumsOf } from './mapping/attributes.js'
import { errorCode, request } from './mapping/errors.js'
import { getFile } from './reader.js'
import { readableUrl } from './signing.js'
import { type BlobVersion, versionOptions, writtenFile } from './writer.js'

const MiB = 1024 * 1024
/**
 * Bytes that the service copies in one request. Larger only if the number of blocks would exceed
 * the limit.
 */
const rangeSize = 100 * MiB
/** Concurrent requests of one copy. */
const parallelism = 8
/**
 * How often blocks are sent again after a write of another client to the same name has discarded
 * them.
 */
const maxDiscarded = 5
/** Bytes of a block's id. Other clients use the same length; all ids of a blob must have one. */
const blockIdBytes = 48

/** Bytes: the maximum source of Copy Blob From URL ("Remarks" of its documentation). */
const maxCopySize = 256 * MiB

/** The version of a blob that is copied. */
export interface CopySource {
  readonly container: string
  /** The blob's name. */
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
    throw new StorageError(
      'BAD_RESPONSE',
      'the response lacks the size, the ETag or the modification time of the source',
    )
  }
  if (ifSourceMatch !== undefined) checkReadConditions({ etag, mtime: lastModified }, { ifMatch: ifSourceMatch })
  await checkConditionsEarly(account, target, options)
  const version: BlobVersion = {
    attributes: options.attributes ?? attributesOf(properties),
    checksums: checksumsOf(properties.contentMD5),
    conditions,
    native,
  }
  const blob = { container: source.container, blob: client.name, size, etag }
  return copyInRanges(account, blob, target, version, signal)
}

/** Fails before anything is copied if the conditions already fail. Only Put Block List decides. */
export async function checkConditionsEarly(
  account: Account,
  target: FileLocation,
  { conditions, signal }: Pick<CopyCallOptions, 'conditions'> & CallOptions,
): Promise<void> {
  if (conditions.ifMatch === undefined && conditions.ifNoneMatch === undefined) return
  const current = await getFile(account, target.container, target.file, { conditions: {}, signal }).catch(
    (error: unknown) => {
      if (isStorageError(error, 'FILE_NOT_FOUND')) return undefined
      throw error
    },
  )
  checkWriteConditions(current, conditions)
}

/** Creates the target from a source that already has the version's attributes, metadata and MD5. */
export async function copyMatchingBlob(
  account: Account,
  source: CopySource,
  target: FileLocation,
  version: BlobVersion,
  signal: AbortSignal,
): Promise<WrittenFile> {
  if (source.size > maxCopySize) return copyInRanges(account, source, target, version, signal)
  const { container, file } = target
  const { conditions, tier, tags } = versionOptions(version)
  const { url, authorization } = await readableUrl(account, source.container, source.blob, signal)
  const written = await request({ container, file }, () =>
    account
      .file(container, file)
      .syncCopyFromURL(url, {
        abortSignal: signal,
        sourceConditions: { ifMatch: source.etag },
        ...defined({ conditions, tier, tags, sourceAuthorization: authorization }),
      })
      .catch((error: unknown) => {
        throw sourceError(error) ?? error
      }),
  )
  return writtenFile(container, file, source.size, written, version)
}

/** Creates the target from the source's content. */
async function copyInRanges(
  account: Account,
  source: CopySource,
  target: FileLocation,
  version: BlobVersion,
  signal: AbortSignal,
): Promise<WrittenFile> {
  const client = account.file(target.container, target.file)
  const resource = { container: target.container, file: target.file }
  const options = { ...versionOptions(version), abortSignal: signal }
  for (let attempt = 1; ; attempt++) {
    const blocks = await stageRanges(account, source, target, signal)
    try {
      const written = await request(resource, () => client.commitBlockList(blocks, options))
      return writtenFile(target.container, target.file, source.size, written, version)
    } catch (error) {
      // Every write to a name discards the blocks that it does not use, including those of other
      // clients.
      if (!isStorageError(error, 'INVALID_PART')) throw error
      if (attempt === maxDiscarded) {
        throw new StorageError('UNAVAILABLE', 'other writes to the file repeatedly discarded the copied blocks', {
          cause: error.cause,
        })
      }
    }
  }
}

/** Copies the source into blocks, and returns their ids in order. */
async function stageRanges(
  account: Account,
  source: CopySource,
  target: FileLocation,
  signal: AbortSignal,
): Promise<string[]> {
  const resource = { container: target.container }
  const client = account.blobWithHeaders(target.container, account.file(target.container, target.file).name, {
    // The service supports this header; the SDK has no option for it.
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
      await request(resource, () =>
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

/** Returns the error if the service rejects a copy because of the source or the target's blocks. */
function sourceError(error: unknown): StorageError | undefined {
  const code = errorCode(error)
  const cause = describeCause(error)
  if (code === 'SourceConditionNotMet') {
    return new StorageError('UNAVAILABLE', 'the source was replaced while it was being copied', { cause })
  }
  if (code === 'InvalidBlobOrBlock') {
    const message = "another program's unfinished upload to the same name has block ids of another length"
    return new StorageError('NAME_CONFLICT', message, { cause })
  }
  if (code !== 'CannotVerifyCopySource' || !isRestError(error)) return undefined
  if (error.statusCode === 401 || error.statusCode === 403) {
    const message = 'the credentials do not allow the service to read the source'
    return new StorageError('PERMISSION_DENIED', message, { cause })
  }
  return error.statusCode === 404
    ? new StorageError('UNAVAILABLE', 'the source was deleted while it was being copied', { cause })
    : undefined
}
