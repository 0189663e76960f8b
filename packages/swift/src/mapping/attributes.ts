/**
 * Converts attributes to Swift's headers and back.
 *
 * A metadata pair that fits into a header is one: `X-Object-Meta-Name: value`, in UTF-8. All others
 * (keys that are not valid header names, empty or long values, control characters, blanks at an
 * end) are packed together into `X-Object-Meta-Stowage-Metadata-<n>`. Other headers contain the
 * writer's checksums and, for a large file, the upload that created it.
 */
import { unknownContentType } from '@stowage/core'
import {
  type Checksums,
  defined,
  type FileInfo,
  type FileLocation,
  headerAttributes,
  mapHeaderAttributes,
  readAttributes,
  renameAttributes,
  type WriteCallOptions,
} from '@stowage/core/provider'
import type { ResponseHeaders } from '@stowage/http-transport'
import { badResponse } from './errors.js'

/**
 * Bytes of keys and values. Swift stores 4,096 bytes of all headers together
 * (`max_meta_overall_size`). Packed pairs take up to 2.4 times their own size.
 */
export const maxMetadataBytes = 1536

const prefix = 'x-object-meta-'
const reserved = 'stowage-'
const packedKey = `${prefix}${reserved}metadata-`
const uploadKey = `${prefix}${reserved}upload`
const checksumKeys = { md5: `${prefix}${reserved}md5`, sha256: `${prefix}${reserved}sha256` } as const

/** Swift's `max_meta_name_length` and `max_meta_value_length`, in bytes. */
const maxKeyBytes = 128
const maxValueBytes = 256
/** Swift stores 90 headers (`max_meta_count`). More pairs than this are packed. */
const maxNaturalPairs = 60

/** Swift's names of these headers are HTTP's. */
const headers = mapHeaderAttributes((name) => headerAttributes[name].header.toLowerCase())

type Attributes = WriteCallOptions['attributes']

/** The data that is stored with a file's content. */
export interface StoredAttributes {
  readonly attributes: Attributes
  readonly checksums: Checksums
  /** The multipart upload that created a large file. */
  readonly upload?: string
}

export function toHeaders({ attributes, checksums, upload }: StoredAttributes): Record<string, string> {
  const result: Record<string, string> = {
    'content-type': attributes.contentType,
    ...renameAttributes(attributes, headers),
  }
  for (const [name, header] of Object.entries(checksumKeys)) {
    const value = checksums[name as keyof typeof checksumKeys]
    if (value !== undefined) result[header] = value
  }
  if (upload !== undefined) result[uploadKey] = upload
  return Object.assign(result, metadataHeaders(attributes.metadata))
}

function metadataHeaders(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const result: Record<string, string> = {}
  const packed: [string, string][] = []
  for (const [key, value] of Object.entries(metadata)) {
    const bytes = Buffer.from(value)
    if (isNatural(key, bytes) && Object.keys(result).length < maxNaturalPairs) {
      result[prefix + key] = bytes.toString('latin1')
    } else {
      packed.push([key, value])
    }
  }
  const text = pack(packed)
  for (let offset = 0, number = 0; offset < text.length; offset += maxValueBytes, number++) {
    result[packedKey + String(number).padStart(2, '0')] = text.slice(offset, offset + maxValueBytes)
  }
  return result
}

/** Returns whether Swift, and any proxy in front of it, returns exactly this pair. */
function isNatural(key: string, value: Buffer): boolean {
  if (key.length > maxKeyBytes || !/^[a-z0-9][a-z0-9-]*$/.test(key) || key.startsWith(reserved)) return false
  if (value.length === 0 || value.length > maxValueBytes) return false
  if (value.some((byte) => byte < 0x20 || byte === 0x7f)) return false
  return !isBlank(value[0] as number) && !isBlank(value[value.length - 1] as number)
}

/** Returns whether software that reads the value as Latin-1 strips this byte. */
const isBlank = (byte: number) => byte === 0x20 || byte === 0x85 || byte === 0xa0

// Two bytes that do not occur in UTF-8: one ends a key that has a value, the other ends a pair.
const keyEnd = Buffer.from([0xff])
const pairEnd = Buffer.from([0xfe])

function pack(pairs: readonly (readonly [string, string])[]): string {
  return Buffer.concat(
    pairs.flatMap(([key, value]) =>
      value === '' ? [Buffer.from(key), pairEnd] : [Buffer.from(key), keyEnd, Buffer.from(value), pairEnd],
    ),
  ).toString('base64url')
}

function unpack(text: string): [string, string][] {
  const pairs: [string, string][] = []
  const bytes = Buffer.from(text, 'base64url')
  for (let start = 0, end = bytes.indexOf(pairEnd); end !== -1; start = end + 1, end = bytes.indexOf(pairEnd, start)) {
    const pair = bytes.subarray(start, end)
    const middle = pair.indexOf(keyEnd)
    if (middle === -1) pairs.push([pair.toString(), ''])
    else pairs.push([pair.subarray(0, middle).toString(), pair.subarray(middle + 1).toString()])
  }
  return pairs
}

/** Returns a file's properties from a response's headers. */
export function toInfo({ container, file }: FileLocation, response: ResponseHeaders, size: number): FileInfo {
  return {
    container,
    name: file,
    size,
    mtime: timeOf(response),
    etag: etagOf(response),
    contentType: response['content-type'] ?? unknownContentType,
    ...readAttributes(response, headers),
    metadata: metadataOf(response),
    checksums: checksumsOf(response),
  }
}

/** Returns the multipart upload that created a large file, if this provider created it. */
export const uploadOf = (response: ResponseHeaders): string | undefined => response[uploadKey]

export const isLargeObject = (response: ResponseHeaders): boolean =>
  response['x-static-large-object'] !== undefined || response['x-object-manifest'] !== undefined

function metadataOf(response: ResponseHeaders): Record<string, string> {
  const metadata = new Map<string, string>()
  let packed = ''
  // Sorted by name, so that the packed headers are joined in their order.
  for (const [header, value] of Object.entries(response).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (header.startsWith(packedKey)) packed += value
    else if (header.startsWith(prefix) && !header.startsWith(prefix + reserved)) {
      metadata.set(header.slice(prefix.length), fromHeader(value))
    }
  }
  for (const [key, value] of unpack(packed)) metadata.set(key, value)
  return Object.fromEntries(metadata)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes a header's bytes as UTF-8, or as Latin-1 if they are not UTF-8. */
function fromHeader(value: string): string {
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}

/**
 * The ETag of a plain object is its MD5. The ETag of a large object is computed from its parts'
 * ETags.
 */
function checksumsOf(response: ResponseHeaders): Checksums {
  const etag = etagOf(response).slice(1, -1)
  const md5 = response[checksumKeys.md5] ?? (isLargeObject(response) || !/^[0-9a-f]{32}$/.test(etag) ? undefined : etag)
  const sha256 = response[checksumKeys.sha256]
  return defined({ md5, sha256 })
}

export function etagOf(response: ResponseHeaders): string {
  const { etag } = response
  if (etag === undefined || etag === '') throw badResponse('a file has no ETag')
  return quoted(etag)
}

/**
 * Swift quotes the ETags of large objects, and with a certain middleware all of them. This quotes
 * the others.
 */
export const quoted = (etag: string): string => (etag.startsWith('"') ? etag : `"${etag}"`)

/**
 * Returns the modification time in milliseconds. `X-Timestamp` is exact; `Last-Modified` is rounded
 * up to the second.
 */
export function timeOf(response: ResponseHeaders): Date {
  const [, seconds, fraction = ''] = /^(\d{1,12})(?:\.(\d+))?$/.exec(response['x-timestamp'] ?? '') ?? []
  const time =
    seconds === undefined
      ? Date.parse(response['last-modified'] ?? '')
      : Number(seconds) * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'))
  if (Number.isNaN(time)) throw badResponse('a file has no modification time')
  return new Date(time)
}
