import { StorageError } from '@stowage/core'

/**
 * How a file's name becomes an object's key, and back.
 *
 * Nearly every name is its own key. Two kinds are not:
 * - NUL, which servers cut or refuse: it becomes U+0001 U+0001, and U+0001 itself U+0001 U+0002.
 * - The path segments `.` and `..`, which Amazon refuses at a key's beginning, and which every URL parser, and so every
 *   user of a signed URL, removes: `.` becomes `..` and `..` becomes `...`, each followed by U+10FFFF; at a name's end they
 *   are followed by U+0001.
 *
 * All of these keep the order of names: keys sort as the names do, so a list needs no sorting of ours, and the beginning of a name
 * becomes the beginning of its key.
 */

/** The last of all characters: `..` followed by it sorts where `./` does, behind everything that begins with `..`. */
const marker = '\u{10ffff}'

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
      `the file's name needs ${bytes} bytes on this service, which allows ${maxKeyBytes}: NUL and the segments "." and ".." need more than one`,
    )
  }
  return key
}

/** The key of a name of any length. */
export function escapeName(name: string): string {
  if (!needsEscape(name)) return name
  const segments = name.split('/')
  const last = segments.pop() ?? ''
  const escaped = /^\.{1,2}$/.test(last) ? `${last}\u0001` : escapeCharacters(last)
  return [...segments.map(escapeSegment), escaped].join('/')
}

/** The key's beginning for all names with this beginning. */
export function keyPrefixOf(prefix: string): string {
  if (!needsEscape(prefix)) return prefix
  const segments = prefix.split('/')
  const last = segments.pop() ?? ''
  return [...segments.map(escapeSegment), escapeCharacters(last)].join('/')
}

/** The name that {@link keyOf} made the key from, and the folder that {@link keyPrefixOf} did. */
export function nameOf(key: string): string {
  if (!key.includes('\u0001') && !key.includes(marker)) return key
  return key
    .replace(/(^|\/)(\.{1,2})\u0001$/, '$1$2')
    .split('/')
    .map(unescapeSegment)
    .join('/')
    .replace(/\u0001([\u0001\u0002])/g, (_, character) => (character === '\u0001' ? '\0' : '\u0001'))
}

/** Whether XML 1.0 can say the key, as the batch removal's request must. */
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

const needsEscape = (name: string) => /[\0\u0001]|(?:^|\/)\.{1,3}(?:\/|$|\u{10ffff})/u.test(name)

function escapeSegment(segment: string): string {
  if (segment === '.' || segment === '..') return `${segment}.${marker}`
  if (looksEscaped(segment)) return segment + marker
  return escapeCharacters(segment)
}

function unescapeSegment(segment: string, index: number, segments: readonly string[]): string {
  if (index === segments.length - 1 || !looksEscaped(segment)) return segment
  const shorter = segment.slice(0, -marker.length)
  return shorter.endsWith(marker) ? shorter : shorter.slice(0, -1)
}

const looksEscaped = (segment: string) => /^\.{2,3}\u{10ffff}+$/u.test(segment)

const escapeCharacters = (text: string) =>
  text.replace(/[\0\u0001]/g, (character) => (character === '\0' ? '\u0001\u0001' : '\u0001\u0002'))
