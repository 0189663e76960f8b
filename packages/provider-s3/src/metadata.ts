import type { Checksums, HeaderAttribute } from '@stowage/core/provider'

/**
 * How metadata becomes `x-amz-meta-` headers, and back.
 *
 * Ordinary pairs are their own headers. In a key, what is not a lower-case ASCII letter, a digit, `-` or `.` becomes `%XX` for
 * each byte of UTF-8; `_` stays on Amazon, while other servers turn it into `-`. A value that is not visible ASCII with blanks inside, or that
 * holds `=?`, becomes encoded words (RFC 2047), which is what Amazon itself makes of such values.
 *
 * Two keys are kept for the checksums that a writer gave: `md5chksum` in Base64, where rclone keeps it too, and `sha256chksum`
 * in the same way. A user's own pair with such a key is escaped, so it is never taken for one.
 */

/** Keys that are ours, and one that JavaScript treats in its own way. */
const reserved: ReadonlySet<string> = new Set(['md5chksum', 'sha256chksum', '__proto__'])

const stored = [
  { algorithm: 'md5', key: 'md5chksum', bytes: 16 },
  { algorithm: 'sha256', key: 'sha256chksum', bytes: 32 },
] as const

export function encodeMetadata(
  metadata: Readonly<Record<string, string>>,
  checksums: Checksums,
  keepsUnderscores: boolean,
): Record<string, string> {
  const encoded = Object.entries(metadata).map(([key, value]) => [encodeKey(key, keepsUnderscores), encodeValue(value)])
  for (const { algorithm, key } of stored) {
    const checksum = checksums[algorithm]
    if (checksum !== undefined) encoded.push([key, toBase64(checksum)])
  }
  return Object.fromEntries(encoded)
}

export function decodeMetadata(headers: Readonly<Record<string, string>> = {}): {
  readonly metadata: Record<string, string>
  readonly checksums: Checksums
} {
  const checksums: Record<string, string> = {}
  const metadata: [string, string][] = []
  for (const [key, value] of Object.entries(headers)) {
    const checksum = stored.find((candidate) => candidate.key === key && isBase64(value, candidate.bytes))
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

/** A key of another program's that is not escaped as ours are stays as it is. */
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

/** Encoded words of either kind; Amazon gives back Q for B. White space between two of them does not count. */
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

/** The SDK's names of the attributes that are headers. `Expires` is apart: the SDK writes it as a date, and reads it as text. */
export const headerNames = {
  cacheControl: 'CacheControl',
  contentDisposition: 'ContentDisposition',
  contentEncoding: 'ContentEncoding',
  contentLanguage: 'ContentLanguage',
} as const satisfies Record<Exclude<HeaderAttribute, 'expires'>, string>
