/**
 * Names of files, and where they are on the disk.
 *
 * A file's name is its path below the container's directory. What a disk cannot hold is escaped, by segment of the path:
 *
 * | in the name | on the disk |
 * |---|---|
 * | a NUL byte | `%00` |
 * | the segments `.` and `..` | `%2E` and `%2E.` |
 * | further slashes before a segment (`a//b`) | `%2F` for each (`a/%2Fb`) |
 * | an empty last segment (`a/`) | `%2F` for it and for each further slash before it (`a/%2F`) |
 * | a segment of more than 255 bytes | a directory of its first bytes and `%FE`, which holds the rest |
 *
 * Text that reads like one of these gets `25` after its `%`, once more for every time it is there already (`%00` is
 * `%2500`, `%2500` is `%252500`). A `%` anywhere else stays as it is. So every valid name has exactly one place, and
 * every place that other programs can make has exactly one name, but for these, which are no files here: names that are not UTF-8,
 * `%2F` at a container's top, what is in a directory called by nothing but `%2F`s, and what is in a directory of 252 to 255 bytes that ends
 * in `%FE` without being our continuation.
 */

import { maxFileNameBytes } from '@stowage/core/provider'

/** Bytes: the longest entry of a directory on the file systems of Linux and macOS. */
const maxSegmentBytes = 255
const continuation = '%FE'
const maxChunkBytes = maxSegmentBytes - continuation.length

/** Names that hold none of this, and no segment that might be too long, stand on the disk as they are. */
const maybeEscaped = /^\/|\/$|\/\/|[\0%]|(?:^|\/)\.{1,2}(?:\/|$)|[^/]{86}/

/** The path of a file below its container's directory, as segments. The last one is the file itself. */
export function diskSegments(name: string): string[] {
  if (!maybeEscaped.test(name)) return name.split('/')
  return segmentTexts(name).flatMap((text) => split(encodeText(text)))
}

/**
 * The directory that holds all files whose names begin with the prefix, and the part of the prefix that names it: all
 * of those files, and no directory above it that they could be in.
 */
export function prefixDirectory(prefix: string): { readonly segments: string[]; readonly name: string } {
  const name = prefix.slice(0, prefix.length - (segmentTexts(`${prefix}x`).at(-1) ?? 'x').length + 1)
  return { segments: name === '' ? [] : diskSegments(name.slice(0, -1)), name }
}

/** The segments' own texts: slashes that follow a separator, or begin the name, belong to the segment after them. */
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

/** A segment of the disk's path as the entries of directories that hold it. */
function split(encoded: string): string[] {
  const entries: string[] = []
  let bytes = Buffer.from(encoded)
  while (bytes.length > maxSegmentBytes || (bytes.length >= maxChunkBytes && bytes.toString().endsWith(continuation))) {
    let end = Math.min(maxChunkBytes, bytes.length - 1)
    // Not within a character: bytes 10xxxxxx continue one.
    while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
    entries.push(bytes.subarray(0, end).toString() + continuation)
    bytes = bytes.subarray(end)
  }
  entries.push(bytes.toString())
  return entries
}

/** The beginning of a long segment that a directory stands for, when it does. */
export function continuedChunk(directory: string): string | undefined {
  if (!directory.endsWith(continuation) || Buffer.byteLength(directory) < maxChunkBytes) return undefined
  return directory.slice(0, -continuation.length)
}

/**
 * The text that one segment stands for. `entries` are the directory entries that hold it: one, or several for a long
 * segment. `undefined` when no name is kept there.
 */
export function decodeSegment(
  entries: readonly string[],
  kind: 'file' | 'directory',
  atTop: boolean,
): string | undefined {
  const last = entries.at(-1) ?? ''
  if (entries.length === 1 && !last.includes('%')) return last
  const encoded = entries.map((entry, index) => (index === entries.length - 1 ? entry : continuedChunk(entry))).join('')
  const text = decodeText(encoded)
  const hasName = kind === 'directory' ? /[^/]/.test(text) : text !== '' || !atTop
  const canonical = split(encodeText(text))
  return hasName && canonical.length === entries.length && canonical.every((entry, index) => entry === entries[index])
    ? text
    : undefined
}

/** The name of a file there, when it has one. `segments` is its directory, the container first. */
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

/** Whether the name, with so many further bytes, is longer than any name of a file may be. */
export const isTooLong = (name: string, further: number): boolean =>
  name.length * 3 + further > maxFileNameBytes && Buffer.byteLength(name) + further > maxFileNameBytes
