/**
 * Names of containers and files on Azure, and the reversible escaping of file names that Azure
 * cannot store.
 */
import type { ContainerNameRule } from '@stowage/core/provider'

/**
 * From "Naming and Referencing Containers, Blobs, and Metadata", with the two system containers
 * that an account can use.
 */
export const containerNames: ContainerNameRule = {
  pattern: '[a-z0-9]+(-[a-z0-9]+)*|\\$root|\\$web',
  minBytes: 3,
  maxBytes: 63,
  rule: '3 to 63 lower-case letters, digits and single hyphens; the first and the last are a letter or a digit (or $root, $web)',
}

/**
 * The prefix of every escaped name, and of no other: a name that begins with this or a greater
 * UTF-16 unit is escaped itself. Azure lists names by their UTF-16 units, so escaped names come
 * after all unescaped ones.
 */
export const escapedPrefix = '\uffee'

/**
 * The prefix of blobs of unfinished uploads. Greater than every escaped name, so that lists end
 * before them.
 */
export const bookkeepingPrefix = `${escapedPrefix}${escapedPrefix}stowage/`

/** The maximum number of path segments that Azure allows. */
const maxSegments = 254

/**
 * Control characters, the backslash (which Azure changes to a slash), and characters that Azure
 * rejects: the private use area and the non-characters.
 */
const forbidden = /[\0-\x1f\x7f-\x9f\\\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff]/

/** Returns whether only escaped names have this prefix. */
export const isOnlyEscaped = (prefix: string): boolean =>
  prefix.charCodeAt(0) >= escapedPrefix.charCodeAt(0) ||
  forbidden.test(prefix) ||
  // Clients of Azure and proxies remove a dot at the end of a segment.
  prefix.includes('./') ||
  prefix.split('/', maxSegments + 1).length > maxSegments

const needsEscape = (name: string): boolean => name.endsWith('.') || name.endsWith('/') || isOnlyEscaped(name)

/** Returns the name of a file's blob. */
export const blobName = (file: string): string => (needsEscape(file) ? escapedPrefix + escapeName(file) : file)

/**
 * Returns the name of a blob's file. Returns `undefined` for the provider's own blobs, and for a
 * blob that no file name produces.
 */
export function fileName(blob: string): string | undefined {
  const file = blob.startsWith(escapedPrefix) ? unescapeName(blob.slice(escapedPrefix.length)) : blob
  return file !== undefined && file !== '' && blobName(file) === blob ? file : undefined
}

/**
 * Returns a prefix of the escaped names of all files with this prefix. Others may have it too if
 * the prefix is not readable.
 */
export const escapedPrefixOf = (prefix: string): string => escapedPrefix + escapeName(prefix, true)

/**
 * Returns whether a prefix is escaped character by character, so that its escaped form is exact.
 */
export const isReadable = (prefix: string): boolean => Buffer.byteLength(prefix) <= readableBytes

/*
 * The escaping keeps the order: of two names, the one whose UTF-8 bytes are smaller has the smaller
 * UTF-16 units in escaped form. The code of each character is prefix-free, so prefixes stay
 * prefixes. And the escaped form always fits: 1,024 bytes become at most 960 of the 1,024 units
 * that Azure allows. For this, the first 200 bytes are escaped character by character, so that they
 * stay readable, and the rest in groups of three bytes, two ideographs each.
 */
const readableBytes = 200
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUV'
/**
 * The first character that is escaped with this mark; all characters up to U+FFFF are. Those before
 * it stay unchanged.
 */
const highMark = 0xd7a3
const ideographs = 0x4e00
/** Ideographs below this one encode the number of bytes of the last group. */
const bytesFrom = ideographs + 16

function escapeCodePoint(code: number): string {
  if (code < 0x20) return ` ${digits[code]}`
  if (code === 0x20) return ' _'
  if (code === 0x2d) return '--'
  if (code === 0x2e) return '-d'
  if (code === 0x2f) return '-s'
  if (code === 0x5b) return '[['
  if (code === 0x5c) return '[b'
  if (code === 0x7e) return '~0'
  if (code === 0x7f) return '~1'
  if (code >= 0x80 && code < 0xa0) return `~2${digits[code - 0x80]}`
  if (code >= highMark && code <= 0xffff) return String.fromCharCode(highMark, ideographs + code - highMark)
  return String.fromCodePoint(code)
}

function escapeName(text: string, isPrefix = false): string {
  let escaped = ''
  let bytes = 0
  let index = 0
  for (; index < text.length && bytes < readableBytes; ) {
    const code = text.codePointAt(index) as number
    const character = String.fromCodePoint(code)
    escaped += escapeCodePoint(code)
    bytes += Buffer.byteLength(character)
    index += character.length
  }
  const rest = Buffer.from(text.slice(index))
  if (rest.length === 0) return escaped
  let offset = 0
  for (; offset + 3 <= rest.length; offset += 3) escaped += ideographPair(rest.readUIntBE(offset, 3))
  if (isPrefix) return escaped
  // A name that ends inside a group is padded. The last ideograph is the number of bytes, and sorts
  // before any longer name's.
  const remaining = rest.length - offset
  if (remaining > 0) escaped += ideographPair(rest.readUIntBE(offset, remaining) << (8 * (3 - remaining)))
  return escaped + String.fromCharCode(ideographs + (remaining === 0 ? 3 : remaining))
}

const ideographPair = (group: number) => String.fromCharCode(bytesFrom + (group >> 12), bytesFrom + (group & 0xfff))

function unescapeName(escaped: string): string | undefined {
  let text = ''
  let bytes = 0
  let index = 0
  while (index < escaped.length && bytes < readableBytes) {
    const [character, length] = unescapeOne(escaped, index)
    if (character === undefined) return undefined
    text += character
    bytes += Buffer.byteLength(character)
    index += length
  }
  const rest = unescapeBytes(escaped.slice(index))
  return rest === undefined ? undefined : text + rest
}

/** Returns the character at an index, and its number of units. */
function unescapeOne(escaped: string, index: number): [string | undefined, number] {
  const unit = escaped.charCodeAt(index)
  const second = escaped[index + 1] ?? ''
  if (unit === 0x20) {
    if (second === '_') return [' ', 2]
    const digit = second === '' ? -1 : digits.indexOf(second)
    return [digit === -1 ? undefined : String.fromCharCode(digit), 2]
  }
  if (unit === 0x2d) return [{ '-': '-', d: '.', s: '/' }[second], 2]
  if (unit === 0x5b) return [{ '[': '[', b: '\\' }[second], 2]
  if (unit === 0x7e) {
    if (second !== '2') return [{ '0': '~', '1': '\x7f' }[second], 2]
    const third = escaped[index + 2] ?? ''
    const digit = third === '' ? -1 : digits.indexOf(third)
    return [digit === -1 ? undefined : String.fromCharCode(0x80 + digit), 3]
  }
  if (unit === highMark) {
    const code = second.charCodeAt(0) - ideographs + highMark
    return [code >= highMark && code <= 0xffff ? String.fromCharCode(code) : undefined, 2]
  }
  const character = String.fromCodePoint(escaped.codePointAt(index) as number)
  return [character, character.length]
}

function unescapeBytes(escaped: string): string | undefined {
  if (escaped === '') return ''
  const last = escaped.charCodeAt(escaped.length - 1) - ideographs
  const groups = (escaped.length - 1) / 2
  if (last < 1 || last > 3 || !Number.isInteger(groups)) return undefined
  const bytes = Buffer.alloc(groups * 3)
  for (let group = 0; group < groups; group++) {
    const high = escaped.charCodeAt(group * 2) - bytesFrom
    const low = escaped.charCodeAt(group * 2 + 1) - bytesFrom
    if (high < 0 || high > 0xfff || low < 0 || low > 0xfff) return undefined
    bytes.writeUIntBE((high << 12) | low, group * 3, 3)
  }
  return bytes.subarray(0, bytes.length - (3 - last)).toString()
}

/**
 * Returns the smallest text that is greater, by UTF-16 units, than all with this prefix;
 * `undefined` if there is none.
 */
export function afterPrefix(prefix: string): string | undefined {
  for (let end = prefix.length; end > 0; ) {
    const start = end >= 2 && prefix.charCodeAt(end - 2) >> 10 === 0x36 ? end - 2 : end - 1
    const code = prefix.codePointAt(start) as number
    const next = nextCodePoint(code)
    if (next !== undefined) return prefix.slice(0, start) + String.fromCodePoint(next)
    end = start
  }
  return undefined
}

/**
 * Returns the next code point in the order of UTF-16 units, where those past U+FFFF are between
 * U+D7FF and U+E000.
 */
function nextCodePoint(code: number): number | undefined {
  if (code === 0xd7ff) return 0x10000
  if (code === 0x10ffff) return 0xe000
  return code === 0xffff ? undefined : code + 1
}
