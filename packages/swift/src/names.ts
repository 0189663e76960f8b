/**
 * Names as Swift holds them, and as they stand in a URL.
 *
 * Swift takes every name but those with a NUL. U+0001, which nobody uses, stands for two: `\x01\x01` is NUL, and
 * `\x01\x02` is U+0001 itself. This keeps the order of names, so that Swift's lists are in ours.
 */
import { createHash } from 'node:crypto'
import { type ContainerNameRule, StorageError } from '@stowage/core/provider'

/** Bytes of UTF-8 (`max_object_name_length`). */
export const maxNameBytes = 1024

/** What follows a container's name in the name of the container that holds its parts is the container's own. */
const segmentsPrefix = 'stowage-segments.'
/** For names so long that the prefix does not fit before them. */
const hashedSegmentsPrefix = 'stowage-segments:'
const maxContainerBytes = 256

export const containerNames: ContainerNameRule = Object.freeze({
  pattern: '(?!\\.{1,2}$)(?!stowage-segments[.:])[^/\\0]+',
  minBytes: 1,
  maxBytes: maxContainerBytes,
  rule: '1 to 256 bytes of UTF-8 without "/" and NUL, neither "." nor "..", and not beginning with "stowage-segments." or "stowage-segments:"',
})

/** The container beside it that holds its parts and unfinished uploads, and that lists of containers hide. */
export function segmentsOf(container: string): string {
  const name = segmentsPrefix + container
  if (Buffer.byteLength(name) <= maxContainerBytes) return name
  return hashedSegmentsPrefix + createHash('sha256').update(container).digest('hex')
}

/** If the container is one that lists hide, the first name after all of those that share its beginning. */
export function afterHidden(container: string): string | undefined {
  const hidden = [segmentsPrefix, hashedSegmentsPrefix].find((prefix) => container.startsWith(prefix))
  return hidden === undefined ? undefined : beyond(hidden)
}

/** A file's name as Swift's object name; `INVALID_NAME` when it is too long there. */
export function objectName(file: string): string {
  const name = escaped(file)
  if (name.length !== file.length && Buffer.byteLength(name) > maxNameBytes) {
    throw new StorageError(
      'INVALID_NAME',
      `NUL and U+0001 count as two bytes in a file's name on this service, and it is longer than ${maxNameBytes} bytes`,
    )
  }
  return name
}

export const escaped = (text: string): string =>
  text.replaceAll(/[\0\x01]/g, (character) => (character === '\0' ? '\x01\x01' : '\x01\x02'))

/** The file's name that an object's name stands for. */
export const fileName = (object: string): string =>
  object.replaceAll(/\x01[\x01\x02]/g, (pair) => (pair === '\x01\x01' ? '\0' : '\x01'))

/** Greater than every name that begins so, and smaller than every other one that is greater. */
export const beyond = (beginning: string): string => {
  const room = Math.max(0, maxNameBytes - Buffer.byteLength(beginning))
  return beginning + '\u{10ffff}'.repeat(Math.floor(room / 4) + 1)
}

/**
 * What Swift can be asked for that names begin with: it counts up the last character, and past these two there is none. What
 * is left out has to be looked at here.
 */
export const askablePrefix = (prefix: string): string => prefix.replace(/[\ud7ff\u{10ffff}]+$/u, '')

/**
 * The path of a container or an object below the account. Segments that clients and proxies would take out of a URL (`.`,
 * `..`, empty ones) are kept by encoding the slashes around them, which Swift decodes.
 */
export function pathOf(container: string, object?: string): string {
  const first = `/${encodeSegment(container)}`
  if (object === undefined) return first
  if (/^\/|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/.test(object)) return `${first}%2F${encodeSegment(object)}`
  return `${first}/${object.split('/').map(encodeSegment).join('/')}`
}

/** Every byte but the unreserved ones of RFC 3986. */
const encodeSegment = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
