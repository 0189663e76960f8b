/**
 * Names of files, and their paths on the disk.
 *
 * A file's name is its path below the container's directory. Names that a disk cannot store are
 * escaped, segment by segment:
 *
 * | in the name | on the disk |
 * |---|---|
 * | a NUL byte | `%00` |
 * | the segments `.` and `..` | `%2E` and `%2E.` |
 * | further slashes before a segment (`a//b`) | `%2F` for each (`a/%2Fb`) |
 * | an empty last segment (`a/`) | `%2F` for it and for each further slash before it (`a/%2F`) |
 * | a segment of over 255 bytes | a directory of its first bytes and `%FE`, with the rest in it |
 *
 * Text that looks like one of these gets `25` after its `%`, once more for each one that is there
 * already (`%00` is `%2500`, `%2500` is `%252500`). Any other `%` is unchanged. So every valid name
 * has exactly one path, and every path that other programs can create has exactly one name.
 * Exceptions, which are not files here: names that are not UTF-8, `%2F` at a container's top,
 * entries of a directory whose name consists only of `%2F`s, and entries of a directory with a name
 * of 252 to 255 bytes that ends in `%FE` without being such a continuation.
 *
 * On Windows, the entries that result are escaped further (`platform/windows-entries.ts`).
 */

import { maxFileNameBytes } from '@stowage/core/provider'
import type { EntryRules } from '../platform/entry-rules.js'
import { platform } from '../platform/platform.js'

/** Bytes of the longest entry of a directory on the file systems of Linux and macOS. */
const maxSegmentBytes = 255
const continuation = '%FE'
const maxChunkBytes = maxSegmentBytes - continuation.length

/**
 * Returns the path of a file below its container's directory, as segments. The last one is the
 * file's entry.
 */
export function diskSegments(name: string, rules: EntryRules = platform.entries): string[] {
  if (!rules.maybeEscaped.test(name)) return name.split('/')
  return segmentTexts(name).flatMap((text) => split(rules.escape(encodeText(text)), rules))
}

/**
 * Returns the directory of all files whose names begin with the prefix, and the part of the prefix
 * that names it. It is the deepest directory that contains all of them.
 */
export function prefixDirectory(
  prefix: string,
  rules: EntryRules = platform.entries,
): { readonly segments: string[]; readonly name: string } {
  const name = prefix.slice(0, prefix.length - (segmentTexts(`${prefix}x`).at(-1) ?? 'x').length + 1)
  return { segments: name === '' ? [] : diskSegments(name.slice(0, -1), rules), name }
}

/**
 * Returns the texts of the segments. Slashes after a separator, or at the beginning of the name,
 * belong to the segment after them.
 */
function segmentTexts(name: string): string[] {
  const texts: string[] = []
  let start = 0
  while (true) {
    let end = start
    while (name[end] === '/') end++
    end = name.indexOf('/', end)
    if (end === -1) {
      texts.push(name.slice(start))
      return texts
    }
    texts.push(name.slice(start, end))
    start = end + 1
  }
}

function encodeText(text: string): string {
  const rest = text.replace(/^\/+/, '')
  const slashes = text.length - rest.length
  if (rest === '') return '%2F'.repeat(slashes + 1)
  if (slashes === 0) {
    if (rest === '.') return '%2E'
    if (rest === '..') return '%2E.'
    if (/^%(?:25)*2E\.?$/.test(rest)) return `%25${rest.slice(1)}`
  }
  return (
    '%2F'.repeat(slashes) +
    rest
      .replace(/^%(?=(?:25)*2F)/, '%25')
      .replace(/%(?=(?:25)*00)/g, '%25')
      .replaceAll('\0', '%00')
  )
}

function decodeText(disk: string): string {
  const escaped = /^(?:%2F)*/.exec(disk)?.[0] ?? ''
  const slashes = escaped.length / '%2F'.length
  const rest = disk.slice(escaped.length)
  if (rest === '' && slashes > 0) return '/'.repeat(slashes - 1)
  if (slashes === 0) {
    if (rest === '%2E') return '.'
    if (rest === '%2E.') return '..'
    if (/^%25(?:25)*2E\.?$/.test(rest)) return `%${rest.slice(3)}`
  }
  return (
    '/'.repeat(slashes) +
    rest
      .replace(/^%25(?=(?:25)*2F)/, '%')
      .replace(/%((?:25)*)00/g, (_, times: string) => (times === '' ? '\0' : `%${times.slice(2)}00`))
  )
}

/** Splits an encoded segment into the directory entries that represent it. */
function split(encoded: string, rules: EntryRules): string[] {
  const entries: string[] = []
  let bytes = Buffer.from(encoded)
  while (bytes.length > maxSegmentBytes || isContinued(bytes.toString(), rules)) {
    let end = startOfCharacter(bytes, Math.min(maxChunkBytes, bytes.length - 1))
    if (rules.isReserved(bytes.subarray(end).toString())) end = startOfCharacter(bytes, end - 1)
    entries.push(bytes.subarray(0, end).toString() + continuation)
    bytes = bytes.subarray(end)
  }
  entries.push(bytes.toString())
  return entries
}

/** Returns the position of the character to which a byte of UTF-8 belongs. */
function startOfCharacter(bytes: Uint8Array, position: number): number {
  let start = position
  // Bytes 10xxxxxx continue a character.
  while (((bytes[start] ?? 0) & 0xc0) === 0x80) start--
  return start
}

const isContinued = (directory: string, rules: EntryRules): boolean =>
  directory.endsWith(continuation) && Buffer.byteLength(directory) >= rules.minContinuedBytes

/**
 * Returns the beginning of a long segment that a directory represents, or `undefined` if it is an
 * ordinary directory.
 */
export const continuedChunk = (directory: string, rules: EntryRules = platform.entries): string | undefined =>
  isContinued(directory, rules) ? directory.slice(0, -continuation.length) : undefined

/**
 * Returns the text of one segment, or `undefined` if it has no name.
 *
 * @param entries The directory entries of the segment: several for a long segment.
 */
export function decodeSegment(
  entries: readonly string[],
  kind: 'file' | 'directory',
  atTop: boolean,
  rules: EntryRules = platform.entries,
): string | undefined {
  const last = entries.at(-1) ?? ''
  if (entries.length === 1 && rules.isPlain(last)) return last
  const chunks = entries.map((entry, index) => (index === entries.length - 1 ? entry : continuedChunk(entry, rules)))
  const text = decodeText(rules.unescape(chunks.join('')))
  const hasName = kind === 'directory' ? /[^/]/.test(text) : text !== '' || !atTop
  const canonical = split(rules.escape(encodeText(text)), rules)
  return hasName && canonical.length === entries.length && canonical.every((entry, index) => entry === entries[index])
    ? text
    : undefined
}

/**
 * Returns the name of a file at a path, if it has one.
 *
 * @param segments The file's directory, with the container first.
 */
export function fileNameAt(segments: readonly string[], entry: string): string | undefined {
  const texts: string[] = []
  let begun: string[] = []
  for (const segment of segments.slice(1)) {
    begun.push(segment)
    if (continuedChunk(segment) !== undefined) continue
    const text = decodeSegment(begun, 'directory', texts.length === 0)
    if (text === undefined) return undefined
    texts.push(text)
    begun = []
  }
  const text = entry.includes('\ufffd') ? undefined : decodeSegment([...begun, entry], 'file', texts.length === 0)
  return text === undefined ? undefined : [...texts, text].join('/')
}

/** Returns whether a name with this number of additional bytes is longer than the maximum. */
export const isTooLong = (name: string, further: number): boolean =>
  name.length * 3 + further > maxFileNameBytes && Buffer.byteLength(name) + further > maxFileNameBytes
