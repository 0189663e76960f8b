/**
 * Attributes and metadata as Azure's headers, and the properties of a blob as the contract's.
 *
 * Azure accepts identifiers of C# as metadata keys and ASCII as values, 8 KiB in all. Pairs that
 * fit are sent unchanged. Others are escaped in forms that other tools know: `_xHHHH_` in keys, as
 * in .NET's XML names, and RFC 2047 in values.
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

type Attributes = WriteCallOptions['attributes']

/** The SDK's names. A blob has no `Expires`. */
export const blobHeaderNames = {
  cacheControl: 'blobCacheControl',
  contentDisposition: 'blobContentDisposition',
  contentEncoding: 'blobContentEncoding',
  contentLanguage: 'blobContentLanguage',
} as const satisfies Record<Exclude<HeaderAttribute, 'expires'>, keyof BlobHTTPHeaders>

/** Returns the headers that are stored with a blob. Azure removes those that are left out. */
export function blobHeaders(attributes: Attributes, { md5 }: Checksums = {}): BlobHTTPHeaders {
  return {
    blobContentType: attributes.contentType,
    ...renameAttributes(attributes, blobHeaderNames),
    ...defined({ blobContentMD5: md5 === undefined ? undefined : Buffer.from(md5, 'hex') }),
  }
}

/** The properties of the whole blob that responses to GET and HEAD have in common. */
export interface BlobProperties extends HeaderAttributes {
  readonly etag?: string
  readonly lastModified?: Date
  readonly createdOn?: Date
  readonly contentType?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * Returns a file's properties.
 *
 * `size` and `md5` are those of the whole file. Those in the response may be of a range.
 */
export function fileInfo(
  { container, file }: FileLocation,
  properties: BlobProperties,
  { size, md5 }: { readonly size: number | undefined; readonly md5: Uint8Array | undefined },
): FileInfo {
  const { etag, lastModified, createdOn } = properties
  if (size === undefined || etag === undefined || lastModified === undefined) {
    throw new StorageError('BAD_RESPONSE', 'the response lacks the size, the ETag or the modification time of the file')
  }
  return {
    container,
    name: file,
    size,
    etag: quoted(etag),
    mtime: lastModified,
    ...defined({ created: createdOn }),
    ...attributesOf(properties),
    checksums: checksumsOf(md5),
  }
}

/** Returns the attributes of a blob. */
export const attributesOf = (properties: BlobProperties): Attributes => ({
  contentType: properties.contentType || unknownContentType,
  ...pickHeaderAttributes(properties),
  metadata: decodeMetadata(properties.metadata),
})

export const checksumsOf = (md5: Uint8Array | undefined): Checksums =>
  md5 === undefined || md5.length === 0 ? {} : { md5: Buffer.from(md5).toString('hex') }

/** Adds the quotes that lists omit from ETags. */
export const quoted = (etag: string): string => (etag.startsWith('"') ? etag : `"${etag}"`)

/**
 * Bytes of all keys and values in encoded form ("Setting and retrieving properties and metadata for
 * Blob resources").
 */
const maxEncodedBytes = 8192

/**
 * A UTF-16 unit that a key may not have at its place, an underscore that would look like the
 * beginning of an escape, or the first unit of a key that programs in JavaScript, Azurite included,
 * confuse with a property that every object has.
 */
const invalidInKey = /^[0-9]|[^a-z0-9_]|_(?=x[0-9a-f]{4}_)|^_(?=_proto__$)|^c(?=onstructor$)/g
const escapedUnit = /_x([0-9a-f]{4})_/g

/** Visible ASCII with single blanks inside, which no proxy and no signature changes. */
const plainValue = /^[!-~]+( [!-~]+)*$/
const encodedWord = /^=\?utf-8\?b\?([A-Za-z0-9+/]*={0,2})\?=$/i

/** Encodes metadata. Fails with `INVALID_ARGUMENT` if it is too large in encoded form. */
export function encodeMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const encoded = Object.entries(metadata).map(([key, value]) => [encodeKey(key), encodeValue(value)] as const)
  const bytes = encoded.reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  if (bytes > maxEncodedBytes) {
    throw new StorageError(
      'INVALID_ARGUMENT',
      `the metadata has ${bytes} bytes after escaping, more than the ${maxEncodedBytes} that Azure allows`,
      { details: { property: 'metadata' } },
    )
  }
  return Object.fromEntries(encoded)
}

export function decodeMetadata(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([key, value]) => [decodeKey(key.toLowerCase()), decodeValue(value)]),
  )
}

const encodeKey = (key: string) =>
  key.replace(invalidInKey, (unit) => `_x${unit.charCodeAt(0).toString(16).padStart(4, '0')}_`)

const decodeKey = (key: string) =>
  key.replace(escapedUnit, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

const encodeValue = (value: string) =>
  plainValue.test(value) && !encodedWord.test(value) ? value : `=?utf-8?B?${Buffer.from(value).toString('base64')}?=`

function decodeValue(value: string): string {
  const base64 = encodedWord.exec(value)?.[1]
  return base64 === undefined ? value : Buffer.from(base64, 'base64').toString()
}
