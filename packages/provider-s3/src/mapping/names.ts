/**
 * File names as object keys, and back.
 *
 * Almost every name is its own key. Two kinds of names are escaped:
 * - Characters that XML cannot contain, which breaks servers: control characters other than LF, CR
 *   and DEL, and U+FFFE and U+FFFF. TAB is escaped too, since it begins the escapes of some of
 *   them.
 * - The path segments `.` and `..`. Amazon rejects them at the beginning of a key. Every URL parser
 *   removes them, and so does every client of a signed URL.
 *
 * Escapes keep the order: keys sort as names do, so the provider does not sort lists. U+10FFFF is
 * the last character, so a character followed by U+10FFFF sorts after everything else that begins
 * with that character, and before the next character.
 * - U+0000 to U+0009: TAB, then the character 64 places further (`@` to `I`).
 * - U+000B and U+000C, U+000E to U+001F, U+FFFE and U+FFFF: the nearest preceding character that
 *   XML allows (LF, CR, U+FFFD), U+10FFFF, and the letter for their last five bits as above. To
 *   make this reversible, U+10FFFF itself is also followed by a letter if it follows one of the
 *   three.
 * - `.` and `..` before a slash: another dot and U+10FFFF are appended. At the end of a name: a TAB
 *   is appended.
 */
import { StorageError } from '@stowage/core/provider'

const lastCharacter = '\u{10ffff}'

/**
 * The prefix of hidden files. In keys of files, a TAB is followed by other letters, or ends the
 * key.
 */
export const hiddenPrefix = '\tstowage/'

/** A `StartAfter` that is greater than all hidden files and smaller than every later key. */
export const afterHiddenFiles = '\tstowage0'

/**
 * Returns whether a key, or a folder of a list, is one of hidden files. A delimiter may cut the
 * prefix off anywhere after its TAB.
 */
export const isHidden = (key: string): boolean => /^\t[a-z]/.test(key)

/** Amazon's limit, in bytes of UTF-8. */
const maxKeyBytes = 1024

/**
 * Returns the key of a file. Fails with `INVALID_NAME` if the key is longer than the service
 * allows.
 */
export function keyOf(file: string): string {
  const key = escapeName(file)
  if (key === file) return key
  const bytes = Buffer.byteLength(key)
  if (bytes > maxKeyBytes) {
    throw new StorageError(
      'INVALID_NAME',
      `the key of the file name has ${bytes} bytes, more than the ${maxKeyBytes} that the service allows (control characters and the segments "." and ".." are escaped)`,
    )
  }
  return key
}

/** Returns the key of a name of any length. */
export function escapeName(name: string): string {
  if (!needsEscape(name)) return name
  const segments = name.split('/')
  const end = segments.pop() ?? ''
  return [...segments.map(escapeSegment), /^\.{1,2}$/.test(end) ? `${end}\t` : escapeCharacters(end)].join('/')
}

/**
 * Returns a prefix of the keys of all names with this prefix. Keys of some other names may have it
 * too.
 */
export function keyPrefixOf(prefix: string): string {
  if (!needsEscape(prefix)) return prefix
  const segments = prefix.split('/')
  const end = segments.pop() ?? ''
  return searchablePrefix([...segments.map(escapeSegment), escapeCharacters(end)].join('/'))
}

/**
 * Removes what a service cannot search for from the end of a prefix: OpenStack Swift searches up to
 * the next character, and U+10FFFF has none.
 */
export function searchablePrefix(key: string): string {
  return key.replace(/\u{10ffff}+$/u, '')
}

/** Returns the name of a key from {@link escapeName}, or of a folder from {@link keyPrefixOf}. */
export function nameOf(key: string): string {
  if (!key.includes('\t') && !key.includes(lastCharacter)) return key
  return key
    .replace(/(^|\/)(\.{1,2})\t$/, '$1$2')
    .split('/')
    .map((segment, index, { length }) => unescapeCharacters(index < length - 1 ? unescapeSegment(segment) : segment))
    .join('/')
}

/**
 * Returns whether XML 1.0 can contain the key, which a batch deletion requires. It can contain all
 * keys from this module.
 */
export function isXmlText(key: string): boolean {
  return !/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(key)
}

/**
 * Decodes a key from a response to a request with `encoding-type=url`. The response does not
 * reliably declare its encoding: Ceph omits it from some lists. A key that contains characters
 * which are always encoded is not encoded.
 */
export function decodeKey(key: string): string {
  if (/[^!-~]/.test(key)) return key
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    return key
  }
}

const needsEscape = (name: string) => /[\0-\t\v\f\x0e-\x1f\ufffe\uffff\u{10ffff}]|(?:^|\/)\.{1,2}(?:\/|$)/u.test(name)

function escapeSegment(segment: string): string {
  if (segment === '.' || segment === '..') return `${segment}.${lastCharacter}`
  return looksEscaped(segment) ? segment + lastCharacter : escapeCharacters(segment)
}

function unescapeSegment(segment: string): string {
  if (!looksEscaped(segment)) return segment
  const shorter = segment.slice(0, -lastCharacter.length)
  return shorter.endsWith(lastCharacter) ? shorter : shorter.slice(0, -1)
}

const looksEscaped = (segment: string) => /^\.{2,3}\u{10ffff}+$/u.test(segment)

/**
 * The characters that begin escapes of others. Those of one base share all but the last five bits
 * of their code.
 */
const bases = ['\n', '\r', '\ufffd'] as const

const letterOf = (character: string) => String.fromCharCode(0x40 + (character.charCodeAt(0) & 0x1f))

function escapeCharacters(text: string): string {
  return text.replace(/[\0-\t\v\f\x0e-\x1f\ufffe\uffff]|[\n\r\ufffd]\u{10ffff}/gu, (found) => {
    const character = found.charAt(0)
    if (found.length > 1) return `${found}${letterOf(character)}`
    if (character <= '\t') return `\t${letterOf(character)}`
    const base = bases.findLast((candidate) => candidate < character) ?? '\n'
    return `${base}${lastCharacter}${letterOf(character)}`
  })
}

function unescapeCharacters(text: string): string {
  return text
    .replace(/([\n\r\ufffd])\u{10ffff}([@-_])/gu, (whole, base: string, letter: string) => {
      if (letter === letterOf(base)) return `${base}${lastCharacter}`
      const character = String.fromCharCode((base.charCodeAt(0) & ~0x1f) | (letter.charCodeAt(0) - 0x40))
      return bases.findLast((candidate) => candidate < character) === base ? character : whole
    })
    .replace(/\t([@-I])/g, (_, letter: string) => String.fromCharCode(letter.charCodeAt(0) - 0x40))
}
