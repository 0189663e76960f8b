import { StorageError } from '@stowage/core/provider'

/**
 * How a file's name becomes an object's key, and back.
 *
 * Nearly every name is its own key. Two kinds are not:
 * - Characters that XML can't hold, and servers therefore break on: the control characters but LF, CR and DEL, with TAB as the first
 *   character of what stands for some of them, and U+FFFE and U+FFFF.
 * - The path segments `.` and `..`, which Amazon refuses at a key's beginning, and which every URL parser, and so every
 *   user of a signed URL, removes.
 *
 * What stands for them keeps the order of names: keys sort as the names do, so a list needs no sorting of ours. It uses that
 * U+10FFFF is the last of all characters: what follows a character and U+10FFFF sorts behind all else that begins with that character,
 * and before the next one.
 * - U+0000 to U+0009: TAB, then the character 64 places further (`@` to `I`).
 * - U+000B and U+000C, U+000E to U+001F, U+FFFE and U+FFFF: the nearest character before them that XML has (LF, CR, U+FFFD), U+10FFFF, and
 *   the letter for their last five bits as above. So that this is reversible, U+10FFFF itself behind one of the three has a letter too.
 * - `.` and `..` before a slash: with one more dot and U+10FFFF behind. At a name's end: with a TAB behind.
 */

const last = '\u{10ffff}'

/** Amazon's limit, in bytes of UTF-8. */
const maxKeyBytes = 1024

/** `INVALID_NAME` when the key would be longer than the service allows. */
export function keyOf(file: string): string {
  const key = escapeName(file)
  if (key === file) return key
  const bytes = Buffer.byteLength(key)
  if (bytes > maxKeyBytes) {
    throw new StorageError(
      'INVALID_NAME',
      `the file's name needs ${bytes} bytes on this service, which allows ${maxKeyBytes}: control characters and the segments "." and ".." need more than one`,
    )
  }
  return key
}

/** The key of a name of any length. */
export function escapeName(name: string): string {
  if (!needsEscape(name)) return name
  const segments = name.split('/')
  const end = segments.pop() ?? ''
  return [...segments.map(escapeSegment), /^\.{1,2}$/.test(end) ? `${end}\t` : escapeCharacters(end)].join('/')
}

/** What the keys of all names with this beginning begin with; those of some other names may too. */
export function keyPrefixOf(prefix: string): string {
  if (!needsEscape(prefix)) return prefix
  const segments = prefix.split('/')
  const end = segments.pop() ?? ''
  return searchableKey([...segments.map(escapeSegment), escapeCharacters(end)].join('/'))
}

/** The beginning of a key that a service can look for: OpenStack Swift looks up to the next character, and the last one has none. */
export function searchableKey(key: string): string {
  return key.replace(/\u{10ffff}+$/u, '')
}

/** The name that {@link escapeName} made the key from, and the folder that {@link keyPrefixOf} did. */
export function nameOf(key: string): string {
  if (!key.includes('\t') && !key.includes(last)) return key
  return key
    .replace(/(^|\/)(\.{1,2})\t$/, '$1$2')
    .split('/')
    .map((segment, index, { length }) => unescapeCharacters(index < length - 1 ? unescapeSegment(segment) : segment))
    .join('/')
}

/** Whether XML 1.0 can say the key, as the batch removal's request must. Those that are made here it can. */
export function isXmlText(key: string): boolean {
  return !/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(key)
}

/**
 * A key in an answer that was asked for with `encoding-type=url`. Whether the answer is so encoded can't be told by what it says:
 * Ceph leaves that out of some lists. A key with characters that are always encoded is one that is not.
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
  if (segment === '.' || segment === '..') return `${segment}.${last}`
  return looksEscaped(segment) ? segment + last : escapeCharacters(segment)
}

function unescapeSegment(segment: string): string {
  if (!looksEscaped(segment)) return segment
  const shorter = segment.slice(0, -last.length)
  return shorter.endsWith(last) ? shorter : shorter.slice(0, -1)
}

const looksEscaped = (segment: string) => /^\.{2,3}\u{10ffff}+$/u.test(segment)

/** The characters that others stand behind, by what they have in common: all but the last five bits of their code. */
const bases = ['\n', '\r', '\ufffd'] as const

const letterOf = (character: string) => String.fromCharCode(0x40 + (character.charCodeAt(0) & 0x1f))

function escapeCharacters(text: string): string {
  return text.replace(/[\0-\t\v\f\x0e-\x1f\ufffe\uffff]|[\n\r\ufffd]\u{10ffff}/gu, (found) => {
    const character = found.charAt(0)
    if (found.length > 1) return `${found}${letterOf(character)}`
    if (character <= '\t') return `\t${letterOf(character)}`
    const base = bases.findLast((candidate) => candidate < character) ?? '\n'
    return `${base}${last}${letterOf(character)}`
  })
}

function unescapeCharacters(text: string): string {
  return text
    .replace(/([\n\r\ufffd])\u{10ffff}([@-_])/gu, (whole, base: string, letter: string) => {
      if (letter === letterOf(base)) return `${base}${last}`
      const character = String.fromCharCode((base.charCodeAt(0) & ~0x1f) | (letter.charCodeAt(0) - 0x40))
      return bases.findLast((candidate) => candidate < character) === base ? character : whole
    })
    .replace(/\t([@-I])/g, (_, letter: string) => String.fromCharCode(letter.charCodeAt(0) - 0x40))
}
