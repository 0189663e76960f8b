/**
 * A file's attributes as Azure's headers, and its facts as the contract's.
 */
import type { BlobHTTPHeaders } from '@azure/storage-blob'
import { unknownContentType } from '@stowage/core'
import {
  type Checksums,
  defined,
  type FileInfo,
  type FileLocation,
  type HeaderAttribute,
  type HeaderAttributes,
  pickHeaderAttributes,
  renameAttributes,
  StorageError,
  type WriteCallOptions,
} from '@stowage/core/provider'
import { decodeMetadata } from './metadata.js'

type Attributes = WriteCallOptions['attributes']

/** The SDK's names; a blob has no `Expires`. */
const names = {
  cacheControl: 'blobCacheControl',
  contentDisposition: 'blobContentDisposition',
  contentEncoding: 'blobContentEncoding',
  contentLanguage: 'blobContentLanguage',
} as const satisfies Record<Exclude<HeaderAttribute, 'expires'>, keyof BlobHTTPHeaders>

/** The headers that are kept with a blob. Those left out are taken away from the version before. */
export function blobHeaders(attributes: Attributes, { md5 }: Checksums = {}): BlobHTTPHeaders {
  return {
    blobContentType: attributes.contentType,
    ...renameAttributes(attributes, names),
    ...defined({ blobContentMD5: md5 === undefined ? undefined : Buffer.from(md5, 'hex') }),
  }
}

/** What answers to GET and HEAD have in common, of the whole blob. */
export interface BlobFacts extends HeaderAttributes {
  readonly etag?: string
  readonly lastModified?: Date
  readonly createdOn?: Date
  readonly contentType?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** `size` and `md5` are the whole file's; what the answer has under their names may be those of a range. */
export function fileInfo(
  { container, file }: FileLocation,
  facts: BlobFacts,
  { size, md5 }: { readonly size: number | undefined; readonly md5: Uint8Array | undefined },
): FileInfo {
  const { etag, lastModified, createdOn } = facts
  if (size === undefined || etag === undefined || lastModified === undefined) {
    throw new StorageError('BAD_RESPONSE', 'the answer does not say size, ETag and time of change of the file')
  }
  return {
    container,
    name: file,
    size,
    etag: quoted(etag),
    mtime: lastModified,
    ...defined({ created: createdOn }),
    ...attributesOf(facts),
    checksums: checksumsOf(md5),
  }
}

export const attributesOf = (facts: BlobFacts): Attributes => ({
  contentType: facts.contentType || unknownContentType,
  ...pickHeaderAttributes(facts),
  metadata: decodeMetadata(facts.metadata),
})

export const checksumsOf = (md5: Uint8Array | undefined): Checksums =>
  md5 === undefined || md5.length === 0 ? {} : { md5: Buffer.from(md5).toString('hex') }

/** Lists give ETags without their quotation marks. */
export const quoted = (etag: string): string => (etag.startsWith('"') ? etag : `"${etag}"`)
