/**
 * Writing in one request.
 */
import type { BlockBlobCommitBlockListOptions } from '@azure/storage-blob'
import {
  type ProviderBody,
  type PutCallOptions,
  StorageError,
  type WriteCallOptions,
  type WriteConditions,
  type WrittenFile,
} from '@stowage/core/provider'
import * as v from 'valibot'
import type { Account } from './account.js'
import { blobHeaders, checksumsOf, quoted } from './attributes.js'
import { request } from './errors.js'
import { encodeMetadata } from './metadata.js'

/** Azure's own options for writing; the names are those of `capabilities.nativeOptions`. */
const nativeOptions = v.strictObject({
  /** `Hot`, `Cool`, `Cold` or `Archive`; default: the account's. */
  accessTier: v.optional(v.picklist(['Hot', 'Cool', 'Cold', 'Archive'])),
  /** Blob index tags. */
  tags: v.optional(v.record(v.string(), v.string())),
})

/** What a version of a file is made with, beside its content. */
export type Version = Pick<WriteCallOptions, 'attributes' | 'checksums' | 'native'> & {
  readonly conditions: WriteConditions
}

/** The same for every request that makes a version appear: Put Blob and Put Block List. */
export function versionOptions(version: Version): BlockBlobCommitBlockListOptions {
  const native = v.safeParse(nativeOptions, version.native)
  if (!native.success) {
    const path = v.getDotPath(native.issues[0]) ?? 'native'
    throw new StorageError('INVALID_ARGUMENT', `${path}: ${native.issues[0].message}`, {
      details: { property: `native.${path}` },
    })
  }
  const { accessTier, tags } = native.output
  const { ifMatch, ifNoneMatch } = version.conditions
  return {
    blobHTTPHeaders: blobHeaders(version.attributes, version.checksums),
    metadata: encodeMetadata(version.attributes.metadata),
    conditions: {
      ...(ifMatch === undefined ? {} : { ifMatch }),
      ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    },
    ...(accessTier === undefined ? {} : { tier: accessTier }),
    ...(tags === undefined ? {} : { tags }),
  }
}

export async function putFile(
  account: Account,
  container: string,
  file: string,
  body: ProviderBody,
  options: PutCallOptions,
): Promise<WrittenFile> {
  if (!(body instanceof Uint8Array)) throw new StorageError('LENGTH_REQUIRED', 'Azure takes bodies of known length')
  const written = await request({ container, file }, () =>
    account.file(container, file).upload(body, body.length, {
      ...versionOptions(options),
      abortSignal: options.signal,
    }),
  )
  const md5 = checksumsOf(written.contentMD5).md5 ?? options.checksums.md5
  return writtenFile(container, file, body.length, written, {
    ...options,
    checksums: md5 === undefined ? {} : { md5 },
  })
}

/** What a later look at the file shows, as far as the answer and the request tell. */
export function writtenFile(
  container: string,
  name: string,
  size: number,
  { etag, lastModified }: { readonly etag?: string; readonly lastModified?: Date },
  { attributes, checksums }: Pick<Version, 'attributes' | 'checksums'>,
): WrittenFile {
  if (etag === undefined) throw new StorageError('BAD_RESPONSE', 'the answer to a write has no ETag')
  const { md5 } = checksums
  return {
    container,
    name,
    size,
    etag: quoted(etag),
    ...(lastModified === undefined ? {} : { mtime: lastModified }),
    ...attributes,
    checksums: md5 === undefined ? {} : { md5 },
  }
}
