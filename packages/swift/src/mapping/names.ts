/**
 * Names as Swift stores them, and in URLs.
 *
 * Swift accepts all names without NUL. U+0001 is the escape character: `\x01\x01` is NUL, and
 * `\x01\x02` is U+0001. The escapes keep the order of names, so Swift's lists are in the contract's
 * order.
 */
import { createHash } from 'node:crypto'
import { type ContainerNameRule, StorageError } from '@stowage/core/provider'

/** The maximum length of a name, in bytes of UTF-8 (`max_object_name_length`). */
export const maxNameBytes = 1024

/** The prefix of a segments container's name. The container's name follows. */
const segmentsPrefix = 'stowage-segments.'
/** The prefix if the container's name is too long to follow it. The hash of the name follows. */
const hashedSegmentsPrefix = 'stowage-segments:'
const maxContainerBytes = 256

export const containerNames: ContainerNameRule = Object.freeze({
  pattern: '(?!\\.{1,2}$)(?!stowage-segments[.:])[^/\\0]+',
  minBytes: 1,
  maxBytes: maxContainerBytes,
  rule: '1 to 256 bytes of UTF-8 without "/" and NUL, neither "." nor "..", and not beginning with "stowage-segments." or "stowage-segments:"',
})

/**
 * Returns the name of the segments container, which has the parts and unfinished uploads of a
 * container's files. Lists of containers leave it out.
 */
export function segmentsContainer(container: string): string {
  const name = segmentsPrefix + container
  if (Buffer.byteLength(name) <= maxContainerBytes) return name
  return hashedSegmentsPrefix + createHash('sha256').update(container).digest('hex')
}

/**
 * Returns the name after all segments containers with the same prefix, or `undefined` for another
 * container.
 */
export function afterHidden(container: string): string | undefined {
  const hidden = [segmentsPrefix, hashedSegmentsPrefix].find((prefix) => container.startsWith(prefix))
  return hidden === undefined ? undefined : lastKeyUnder(hidden)
}

/** Returns the object's name of a file. Throws `INVALID_NAME` if it is too long for Swift. */
export function objectName(file: string): string {
  const name = escapeName(file)
  if (name.length !== file.length && Buffer.byteLength(name) > maxNameBytes) {
    throw new StorageError(
      'INVALID_NAME',
      `the file's name is longer than ${maxNameBytes} bytes (on this service, NUL and U+0001 count as two bytes)`,
    )
  }
  return name
}

export const escapeName = (text: string): string =>
  text.replaceAll(/[\0\x01]/g, (character) => (character === '\0' ? '\x01\x01' : '\x01\x02'))

/** Returns the file's name of an object. */
export const fileName = (object: string): string =>
  object.replaceAll(/\x01[\x01\x02]/g, (pair) => (pair === '\x01\x01' ? '\0' : '\x01'))

/** Returns a key after all names with a prefix, and before all names that follow them. */
export const lastKeyUnder = (prefix: string): string => {
  const room = Math.max(0, maxNameBytes - Buffer.byteLength(prefix))
  return prefix + '\u{10ffff}'.repeat(Math.floor(room / 4) + 1)
}

/**
 * Returns the longest prefix that Swift can search for. Swift increments the last character, which
 * fails for these two. The caller compares the rest of the prefix.
 */
export const searchablePrefix = (prefix: string): string => prefix.replace(/[\ud7ff\u{10ffff}]+$/u, '')

/**
 * Returns the path of a container or an object in the account. If the name has segments that
 * clients and proxies remove from a URL (`.`, `..`, empty ones), its slashes are encoded. Swift
 * decodes them.
 */
export function pathOf(container: string, object?: string): string {
  const first = `/${encodeSegment(container)}`
  if (object === undefined) return first
  if (/^\/|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/.test(object)) return `${first}%2F${encodeSegment(object)}`
  return `${first}/${object.split('/').map(encodeSegment).join('/')}`
}

/** Encodes all bytes except the unreserved ones of RFC 3986. */
const encodeSegment = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
