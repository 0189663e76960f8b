import { type Checksums, defined, renameAttributes, StorageError, type WriteCallOptions } from '@stowage/core/provider'
import type { Connection } from '../client/connection.js'
import { type CustomerKey, customerKeyOf } from '../client/customer-key.js'
import { headerNames } from './header-names.js'

/**
 * Attributes, metadata and checksums as headers, and back.
 *
 * Each metadata pair is an `x-amz-meta-` header. In a key, every character other than a lower-case
 * ASCII letter, a digit, `-` or `.` becomes `%XX` for each byte of UTF-8. `_` stays on Amazon;
 * other services change it to `-`. A value becomes encoded words (RFC 2047), the form that Amazon
 * itself uses, if it is not visible ASCII with blanks inside, or contains `=?`.
 *
 * Two keys are reserved for the checksums that a writer provides: `md5chksum`, in Base64, which
 * rclone also uses, and `sha256chksum`, in the same form. A user's pair with such a key is escaped,
 * so it is never read as a checksum.
 */

/** The keys of checksums, and one that JavaScript treats specially. */
const reserved: ReadonlySet<string> = new Set(['md5chksum', 'sha256chksum', '__proto__'])

const checksumKeys = [
  { algorithm: 'md5', key: 'md5chksum', bytes: 16 },
  { algorithm: 'sha256', key: 'sha256chksum', bytes: 32 },
] as const

/** Returns the `x-amz-meta-` headers, without that prefix. */
function encodeMetadata(
  metadata: Readonly<Record<string, string>>,
  checksums: Checksums,
  keepsUnderscores: boolean,
): Record<string, string> {
  const encoded = Object.entries(metadata).map(([key, value]) => [encodeKey(key, keepsUnderscores), encodeValue(value)])
  for (const { algorithm, key } of checksumKeys) {
    const checksum = checksums[algorithm]
    if (checksum !== undefined) encoded.push([key, toBase64(checksum)])
  }
  return Object.fromEntries(encoded)
}

/** Returns the metadata and the checksums of such headers. */
export function decodeMetadata(headers: Readonly<Record<string, string>> = {}): {
  readonly metadata: Record<string, string>
  readonly checksums: Checksums
} {
  const checksums: Record<string, string> = {}
  const metadata: [string, string][] = []
  for (const [key, value] of Object.entries(headers)) {
    const checksum = checksumKeys.find((candidate) => candidate.key === key && isBase64(value, candidate.bytes))
    if (checksum === undefined) metadata.push([decodeKey(key), decodeValue(value)])
    else checksums[checksum.algorithm] = toHex(value)
  }
  return { metadata: Object.fromEntries(metadata), checksums }
}

export const toBase64 = (hexadecimal: string): string => Buffer.from(hexadecimal, 'hex').toString('base64')
export const toHex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')

const isBase64 = (value: string, bytes: number) =>
  Buffer.from(value, 'base64').length === bytes && Buffer.from(value, 'base64').toString('base64') === value

function encodeKey(key: string, keepsUnderscores: boolean): string {
  const escaped = key.replace(keepsUnderscores ? /[^a-z0-9._-]/gu : /[^a-z0-9.-]/gu, percentEncode)
  return reserved.has(escaped) ? percentEncode(escaped.charAt(0)) + escaped.slice(1) : escaped
}

const percentEncode = (text: string) =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

/**
 * Decodes a key. One that another program wrote, and that is not escaped this way, is unchanged.
 */
function decodeKey(key: string): string {
  if (!/%[0-9a-f]{2}/.test(key)) return key
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

const plainValue = /^(?:[!-~](?:[ !-~]*[!-~])?)?$/

/** Bytes of UTF-8 in one encoded word, which has at most 75 characters. */
const wordBytes = 45

function encodeValue(value: string): string {
  if (plainValue.test(value) && !value.includes('=?')) return value
  const words: string[] = []
  let word = ''
  for (const character of value) {
    if (Buffer.byteLength(word) + Buffer.byteLength(character) > wordBytes) {
      words.push(word)
      word = ''
    }
    word += character
  }
  words.push(word)
  return words.map((text) => `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`).join(' ')
}

const encodedWord = /=\?utf-8\?([bq])\?([^? ]*)\?=/gi

/**
 * Decodes encoded words, B and Q: Amazon returns Q for B. White space between two of them is
 * dropped.
 */
function decodeValue(value: string): string {
  if (!value.includes('=?')) return value
  const bytes: Buffer[] = []
  let end = 0
  for (const match of value.matchAll(encodedWord)) {
    const between = value.slice(end, match.index)
    if (end === 0 || between.trim() !== '') bytes.push(Buffer.from(between))
    bytes.push(match[1]?.toLowerCase() === 'b' ? Buffer.from(match[2] ?? '', 'base64') : decodeQuoted(match[2] ?? ''))
    end = match.index + match[0].length
  }
  bytes.push(Buffer.from(value.slice(end)))
  return Buffer.concat(bytes).toString()
}

const decodeQuoted = (text: string) =>
  Buffer.from(
    text.replaceAll('_', ' ').replace(/=([0-9a-f]{2})/gi, (_, byte) => String.fromCharCode(Number.parseInt(byte, 16))),
    'latin1',
  )

/**
 * Returns the attributes, the access list and the native options as parameters of the commands that
 * create files.
 */
export function nativeAttributes(
  connection: Connection,
  { attributes, checksums, acl, native }: Pick<WriteCallOptions, 'attributes' | 'checksums' | 'acl' | 'native'>,
) {
  const { contentType, expires, metadata } = attributes
  return {
    ContentType: contentType,
    ...renameAttributes(attributes, headerNames),
    ...defined({ Expires: expires === undefined ? undefined : new Date(expires) }),
    Metadata: encodeMetadata(metadata, checksums, connection.options.amazon),
    ...accessAndEncryption(connection, { acl, native }),
  }
}

/**
 * Returns the access list and the native options. The service decides which values are valid, not
 * the SDK's types.
 */
export function accessAndEncryption(
  connection: Connection,
  { acl, native }: Pick<WriteCallOptions, 'acl' | 'native'>,
): Record<string, never> {
  for (const [name, value] of Object.entries(native)) {
    if (typeof value === 'string') continue
    throw new StorageError('INVALID_ARGUMENT', `${name} must be a string`, { details: { property: name } })
  }
  const key = native['SSECustomerKey'] as string | undefined
  return {
    ...(key === undefined ? connection.customerKey : customerKeyOf(key)),
    ...native,
    ...defined({ ACL: acl }),
  } as Record<string, never>
}

/** Returns the customer's key of a write that has its own. */
export const customerKeyOption = ({ native }: Pick<WriteCallOptions, 'native'>): CustomerKey | undefined =>
  typeof native['SSECustomerKey'] === 'string' ? customerKeyOf(native['SSECustomerKey']) : undefined
