/**
 * Names of containers and files at Azure, and the reversible escaping of file names that Azure cannot hold.
 */
import type { ContainerNameRule } from '@stowage/core/provider'

/** From "Naming and Referencing Containers, Blobs, and Metadata", with the two system containers that an account may use. */
export const containerNames: ContainerNameRule = {
  pattern: '[a-z0-9]+(-[a-z0-9]+)*|\\$root|\\$web',
  minBytes: 3,
  maxBytes: 63,
  rule: '3 to 63 lower-case letters, digits and single hyphens, beginning and ending with a letter or a digit (or $root, $web)',
}

/**
 * In front of every escaped name, and of nothing else: a name that begins with this or a greater UTF-16 unit is escaped
 * itself. Azure lists names by their UTF-16 units, so escaped names come after all natural ones.
 */
export const escapedPrefix = '\uffee'

/** In front of the blobs that hold unfinished uploads. Greater than every escaped name, so that lists end before them. */
export const bookkeepingPrefix = `${escapedPrefix}${escapedPrefix}stowage/`

/** Path segments of the longest path that Azure takes. */
const maxSegments = 254

/**
 * Control characters, the backslash (which Azure turns into a slash), and what is no character in Azure's eyes: the private
 * use area and the non-characters.
 */
const forbidden = /[\0-\x1f\x7f-\x9f\\\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff]/

/** Whether no natural name can begin with this. */
export const isUnnaturalPrefix = (prefix: string): boolean =>
  prefix.charCodeAt(0) >= escapedPrefix.charCodeAt(0) ||
  forbidden.test(prefix) ||
  // Azure's clients and proxies drop a dot at the end of a segment.
  prefix.includes('./') ||
  prefix.split('/', maxSegments + 1).length > maxSegments

const isUnnatural = (name: string): boolean => name.endsWith('.') || name.endsWith('/') || isUnnaturalPrefix(name)

/** The name of the blob that holds the file. */
export const blobName = (file: string): string => (isUnnatural(file) ? escapedPrefix + escapeName(file) : file)

/** The name of the file that a blob holds; nothing when it is a blob of our own, or one that no file's name leads to. */
export function fileName(blob: string): string | undefined {
  const file = blob.startsWith(escapedPrefix) ? unescapeName(blob.slice(escapedPrefix.length)) : blob
  return file !== undefined && file !== '' && blobName(file) === blob ? file : undefined
}

/**
 * What the escaped names of all files with this prefix begin with. It may be the beginning of others too when the prefix is
 * not readable.
 */
export const escapedPrefixOf = (prefix: string): string => escapedPrefix + escapeName(prefix, true)

/** Whether a prefix is escaped character by character, and its escaped form exact. */
export const isReadable = (prefix: string): boolean => Buffer.byteLength(prefix) <= readableBytes

/*
 * The escaping keeps the order: of two names the one whose UTF-8 bytes are smaller has the smaller UTF-16 units when
 * escaped. It is prefix-free by character, so prefixes stay prefixes. And it always fits: 1,024 bytes of anything become at
 * most 960 units of the 1,024 that Azure takes. That is why the first 200 bytes are escaped character by character, so that
 * people can read them, and the rest three bytes by three in two ideographs.
 */
const readableBytes = 200
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUV'
/** The last character that stands for itself is the one before; everything from it on to U+FFFF is written with it. */
const highMark = 0xd7a3
const ideographs = 0x4e00
/** Ideographs below this one tell how many bytes the last group has. */
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
  // A name that ends inside a group is padded; the last ideograph says with how much, and sorts before any longer name's.
  const left = rest.length - offset
  if (left > 0) escaped += ideographPair(rest.readUIntBE(offset, left) << (8 * (3 - left)))
  return escaped + String.fromCharCode(ideographs + (left === 0 ? 3 : left))
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

/** The character at this place, and the units that it takes. */
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

/** The smallest text that is greater, by UTF-16 units, than all that begin with this; nothing when there is none. */
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

/** The code point that follows in the order of UTF-16 units, where those past U+FFFF stand between U+D7FF and U+E000. */
function nextCodePoint(code: number): number | undefined {
  if (code === 0xd7ff) return 0x10000
  if (code === 0x10ffff) return 0xe000
  return code === 0xffff ? undefined : code + 1
}
