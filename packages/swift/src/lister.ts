/**
 * Lists of files, in pages. Swift gives names after a marker, in our order.
 */
import {
  containerNotFound,
  decodePosition,
  encodePosition,
  type FileEntry,
  type FilePage,
  type FolderEntry,
  isName,
  type ListFilesCallOptions,
} from '@stowage/core/provider'
import type { SwiftClient } from './client.js'
import { changedAt, requireContainer } from './containers.js'
import { badAnswer } from './errors.js'
import { quoted } from './metadata.js'
import { askablePrefix, beyond, escaped, fileName, maxNameBytes } from './names.js'
import type { ListedObject } from './segments.js'

type ListedEntry = ListedObject | { readonly subdir: string }

/** Objects asked for at once where folders are made here, and most of what comes may be inside one. */
const rawLimit = 1000

export async function listFiles(
  client: SwiftClient,
  container: string,
  options: ListFilesCallOptions,
): Promise<FilePage> {
  const { limit, signal } = options
  const prefix = escaped(options.prefix)
  const delimiter = options.delimiter === undefined ? undefined : escaped(options.delimiter)
  if (Buffer.byteLength(prefix) > maxNameBytes) {
    await requireContainer(client, container, signal)
    return { entries: [] }
  }
  const after = decodePosition(options.next, isName) ?? options.startAfter
  const walk = new Walk(client, container, prefix, delimiter, signal)
  const found = await walk.after(after === undefined ? undefined : escaped(after), limit + 1)
  const shown = found.slice(0, limit).map((entry) => toEntry(container, entry))
  const last = shown.at(-1)
  return found.length > limit && last !== undefined
    ? { entries: shown, next: encodePosition(last.name) }
    : { entries: shown }
}

class Walk {
  readonly #client: SwiftClient
  readonly #container: string
  readonly #prefix: string
  readonly #delimiter: string | undefined
  readonly #signal: AbortSignal
  /** What Swift is asked for: all of the prefix that it can take. */
  readonly #query: Readonly<Record<string, string | number | undefined>>
  readonly #native: boolean

  constructor(
    client: SwiftClient,
    container: string,
    prefix: string,
    delimiter: string | undefined,
    signal: AbortSignal,
  ) {
    this.#client = client
    this.#container = container
    this.#prefix = prefix
    this.#delimiter = delimiter !== undefined && Buffer.byteLength(delimiter) > maxNameBytes ? undefined : delimiter
    this.#signal = signal
    const taken = askablePrefix(prefix)
    // Older Swifts take delimiters of one character alone, and U+0001 may be half of an escape.
    this.#native = this.#delimiter === undefined || (taken === prefix && /^[\x03-\x7e]$/.test(this.#delimiter))
    this.#query = { prefix: taken, delimiter: this.#native ? this.#delimiter : undefined }
  }

  /** So many entries after a name, or as many as there are. */
  async after(name: string | undefined, count: number): Promise<ListedEntry[]> {
    const found: ListedEntry[] = []
    let marker = name === undefined ? undefined : this.#markerAfter(name)
    for (;;) {
      const limit = this.#native ? count - found.length : Math.max(rawLimit, count - found.length)
      const entries = await this.#list(marker, limit)
      for (const entry of entries) {
        const listed = this.#native ? entry : this.#folded(entry)
        if (!nameOf(listed).startsWith(this.#prefix)) continue
        const previous = found.at(-1)
        if (previous !== undefined && nameOf(previous) === nameOf(listed)) continue
        found.push(listed)
        if (found.length === count) return found
      }
      const last = entries.at(-1)
      if (last === undefined || entries.length < limit) return found
      marker = this.#markerAfter(nameOf(last))
    }
  }

  async #list(marker: string | undefined, limit: number): Promise<ListedEntry[]> {
    const { status, entries } = await this.#client.list<ListedEntry>({
      container: this.#container,
      query: { ...this.#query, marker: marker === undefined ? undefined : shortened(marker), limit },
      signal: this.#signal,
      allow: [404],
    })
    if (status === 404) throw containerNotFound(this.#container)
    return entries
  }

  /** The name after which the rest of the list comes: past the whole folder, when the name is in one or is one. */
  #markerAfter(name: string): string {
    const folder = this.#folderOf(name)
    return folder === undefined ? name : beyond(folder)
  }

  #folded(entry: ListedEntry): ListedEntry {
    const folder = this.#folderOf(nameOf(entry))
    return folder === undefined ? entry : { subdir: folder }
  }

  #folderOf(name: string): string | undefined {
    if (this.#delimiter === undefined || !name.startsWith(this.#prefix)) return undefined
    const place = indexOfWhole(name, this.#delimiter, this.#prefix.length)
    return place === -1 ? undefined : name.slice(0, place + this.#delimiter.length)
  }
}

/** Where the delimiter begins, but not in the middle of an escape. */
function indexOfWhole(name: string, delimiter: string, from: number): number {
  for (let at = name.indexOf(delimiter, from); at !== -1; at = name.indexOf(delimiter, at + 1)) {
    let before = at
    while (before > from && name[before - 1] === '\x01') before--
    if ((at - before) % 2 === 0) return at
  }
  return -1
}

const nameOf = (entry: ListedEntry): string => ('subdir' in entry ? entry.subdir : entry.name)

/** A marker that fits into a request's line: longer than any name, so it stands at the same place among them. */
function shortened(marker: string): string {
  if (Buffer.byteLength(marker) <= maxNameBytes) return marker
  let beginning = ''
  let length = 0
  for (const character of marker) {
    beginning += character
    length += Buffer.byteLength(character)
    if (length > maxNameBytes) break
  }
  return beginning
}

function toEntry(container: string, entry: ListedEntry): FileEntry | FolderEntry {
  if ('subdir' in entry) return { container, name: fileName(entry.subdir), folder: true }
  const { name, bytes, hash, slo_etag } = entry
  const mtime = changedAt(entry)
  if (typeof bytes !== 'number' || Number.isNaN(mtime.getTime())) throw badAnswer('an entry of a list')
  return { container, name: fileName(name), size: bytes, mtime, etag: quoted(slo_etag ?? hash) }
}
