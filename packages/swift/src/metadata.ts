/**
 * Attributes as Swift's headers, and back.
 *
 * A pair of metadata that a header can hold is one: `X-Object-Meta-Name: value`, the value in UTF-8 as Swift takes it. All
 * others (keys that are no header's name, empty or long values, control characters, blanks at an end) are packed together
 * into `X-Object-Meta-Stowage-Metadata-<n>`. Beside them stand the checksums that the writer gave, and, on a large file,
 * the upload that it came from.
 */
import { unknownContentType } from '@stowage/core'
import {
  type Checksums,
  type FileInfo,
  type FileLocation,
  headerAttributes,
  mapHeaderAttributes,
  readAttributes,
  renameAttributes,
  type WriteCallOptions,
} from '@stowage/core/provider'
import type { ResponseHeaders } from '@stowage/http-transport'
import { badAnswer } from './errors.js'

/**
 * Bytes of keys and values. Swift keeps 4,096 of all headers together (`max_meta_overall_size`); pairs that have to be packed
 * take up to 2.4 times their own.
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
/** Of the 90 that Swift keeps (`max_meta_count`); the rest is packed. */
const maxNaturalPairs = 60

/** Swift's headers are HTTP's own. */
const headers = mapHeaderAttributes((name) => headerAttributes[name].header.toLowerCase())

type Attributes = WriteCallOptions['attributes']

/** What is written with a file, beside its content. */
export interface Description {
  readonly attributes: Attributes
  readonly checksums: Checksums
  /** The part upload that a large file came from. */
  readonly upload?: string
}

export function toHeaders({ attributes, checksums, upload }: Description): Record<string, string> {
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

/** Whether Swift, and whatever stands before it, gives back exactly this pair. */
function isNatural(key: string, value: Buffer): boolean {
  if (key.length > maxKeyBytes || !/^[a-z0-9][a-z0-9-]*$/.test(key) || key.startsWith(reserved)) return false
  if (value.length === 0 || value.length > maxValueBytes) return false
  if (value.some((byte) => byte < 0x20 || byte === 0x7f)) return false
  return !isBlank(value[0] as number) && !isBlank(value[value.length - 1] as number)
}

/** What is stripped off a header's value by software that takes its bytes for Latin-1. */
const isBlank = (byte: number) => byte === 0x20 || byte === 0x85 || byte === 0xa0

// Two bytes that UTF-8 never has: one ends a key that has a value, one ends a pair.
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

/** All that an answer's headers say of a file. */
export function toInfo({ container, file }: FileLocation, answer: ResponseHeaders, size: number): FileInfo {
  return {
    container,
    name: file,
    size,
    mtime: timeOf(answer),
    etag: etagOf(answer),
    contentType: answer['content-type'] ?? unknownContentType,
    ...readAttributes(answer, headers),
    metadata: metadataOf(answer),
    checksums: checksumsOf(answer),
  }
}

/** The part upload that a large file of ours came from. */
export const uploadOf = (answer: ResponseHeaders): string | undefined => answer[uploadKey]

export const isLargeObject = (answer: ResponseHeaders): boolean =>
  answer['x-static-large-object'] !== undefined || answer['x-object-manifest'] !== undefined

function metadataOf(answer: ResponseHeaders): Record<string, string> {
  const metadata = new Map<string, string>()
  let packed = ''
  // In the order of their names, so that what was packed is joined in its order.
  for (const [header, value] of Object.entries(answer).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (header.startsWith(packedKey)) packed += value
    else if (header.startsWith(prefix) && !header.startsWith(prefix + reserved)) {
      metadata.set(header.slice(prefix.length), fromHeader(value))
    }
  }
  for (const [key, value] of unpack(packed)) metadata.set(key, value)
  return Object.fromEntries(metadata)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** A header's bytes as UTF-8, or as Latin-1 when somebody wrote that. */
function fromHeader(value: string): string {
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}

/** Swift keeps the MD5 of every plain object as its ETag; those of large ones are made of their parts'. */
function checksumsOf(answer: ResponseHeaders): Checksums {
  const etag = etagOf(answer).slice(1, -1)
  const md5 = answer[checksumKeys.md5] ?? (isLargeObject(answer) || !/^[0-9a-f]{32}$/.test(etag) ? undefined : etag)
  const sha256 = answer[checksumKeys.sha256]
  return { ...(md5 === undefined ? {} : { md5 }), ...(sha256 === undefined ? {} : { sha256 }) }
}

export function etagOf(answer: ResponseHeaders): string {
  const { etag } = answer
  if (etag === undefined || etag === '') throw badAnswer('a file without an ETag')
  return quoted(etag)
}

/** Swift gives ETags of plain objects bare, those of large ones quoted, and with a middleware all of them quoted. */
export const quoted = (etag: string): string => (etag.startsWith('"') ? etag : `"${etag}"`)

/** The time of change, to the millisecond: `X-Timestamp` has it in full, `Last-Modified` rounded up to the second. */
export function timeOf(answer: ResponseHeaders): Date {
  const [, seconds, fraction = ''] = /^(\d{1,12})(?:\.(\d+))?$/.exec(answer['x-timestamp'] ?? '') ?? []
  const time =
    seconds === undefined
      ? Date.parse(answer['last-modified'] ?? '')
      : Number(seconds) * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'))
  if (Number.isNaN(time)) throw badAnswer('a file without a time')
  return new Date(time)
}
