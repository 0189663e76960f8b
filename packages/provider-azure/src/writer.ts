import type { BlockBlobCommitBlockListOptions } from '@azure/storage-blob'
import {
  defined,
  type ProviderBody,
  type PutCallOptions,
  StorageError,
  type WriteCallOptions,
  type WriteConditions,
  type WrittenFile,
} from '@stowage/core/provider'
import * as v from 'valibot'
import type { Account } from './client/account.js'
import { blobHeaders, checksumsOf, encodeMetadata, quoted } from './mapping/attributes.js'
import { nativeConditions } from './mapping/conditions.js'
import { request } from './mapping/errors.js'

/** Azure's native options of writes, named in `capabilities.nativeOptions`. */
const nativeOptions = v.strictObject({
  /** `Hot`, `Cool`, `Cold` or `Archive`. Default: the account's tier. */
  accessTier: v.optional(v.picklist(['Hot', 'Cool', 'Cold', 'Archive'])),
  /** Blob index tags. */
  tags: v.optional(v.record(v.string(), v.string())),
})

/** Everything that a version of a file is made with, except its content. */
export type BlobVersion = Pick<WriteCallOptions, 'attributes' | 'checksums' | 'native'> & {
  readonly conditions: WriteConditions
}

/** Returns the options of the requests that make a version visible: Put Blob and Put Block List. */
export function versionOptions(version: BlobVersion): BlockBlobCommitBlockListOptions {
  const native = v.safeParse(nativeOptions, version.native)
  if (!native.success) {
    const path = v.getDotPath(native.issues[0]) ?? 'native'
    throw new StorageError('INVALID_ARGUMENT', `${path}: ${native.issues[0].message}`, {
      details: { property: `native.${path}` },
    })
  }
  const { accessTier, tags } = native.output
  return {
    blobHTTPHeaders: blobHeaders(version.attributes, version.checksums),
    metadata: encodeMetadata(version.attributes.metadata),
    conditions: nativeConditions(version.conditions),
    ...defined({ tier: accessTier, tags }),
  }
}

export async function putFile(
  account: Account,
  container: string,
  file: string,
  body: ProviderBody,
  options: PutCallOptions,
): Promise<WrittenFile> {
  if (!(body instanceof Uint8Array)) throw new StorageError('LENGTH_REQUIRED', 'Azure requires a body of known length')
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

/** Returns the properties of a written file, from the response and the request. */
export function writtenFile(
  container: string,
  name: string,
  size: number,
  { etag, lastModified }: { readonly etag?: string; readonly lastModified?: Date },
  { attributes, checksums }: Pick<BlobVersion, 'attributes' | 'checksums'>,
): WrittenFile {
  if (etag === undefined) throw new StorageError('BAD_RESPONSE', 'the response to a write has no ETag')
  const { md5 } = checksums
  return {
    container,
    name,
    size,
    etag: quoted(etag),
    ...defined({ mtime: lastModified }),
    ...attributes,
    checksums: md5 === undefined ? {} : { md5 },
  }
}
