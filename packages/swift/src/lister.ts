/** Lists of files, in pages. Swift returns names after a marker, in the contract's order. */
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
import type { SwiftClient } from './client/client.js'
import { modificationTime, requireContainer } from './containers.js'
import { quoted } from './mapping/attributes.js'
import { badResponse } from './mapping/errors.js'
import { escapeName, fileName, lastKeyUnder, maxNameBytes, searchablePrefix } from './mapping/names.js'
import type { ListedObject } from './segments/layout.js'

type ListedEntry = ListedObject | { readonly subdir: string }

/**
 * The minimum page size if this module collapses names into folders: most of a page may be in one
 * folder.
 */
const minUnfoldedPage = 1000

export async function listFiles(
  client: SwiftClient,
  container: string,
  options: ListFilesCallOptions,
): Promise<FilePage> {
  const { limit, signal } = options
  const prefix = escapeName(options.prefix)
  const delimiter = options.delimiter === undefined ? undefined : escapeName(options.delimiter)
  if (Buffer.byteLength(prefix) > maxNameBytes) {
    await requireContainer(client, container, signal)
    return { entries: [] }
  }
  const after = decodePosition(options.next, isName) ?? options.startAfter
  const reader = new ListReader(client, container, prefix, delimiter, signal)
  const found = await reader.after(after === undefined ? undefined : escapeName(after), limit + 1)
  const shown = found.slice(0, limit).map((entry) => toEntry(container, entry))
  const last = shown.at(-1)
  return found.length > limit && last !== undefined
    ? { entries: shown, next: encodePosition(last.name) }
    : { entries: shown }
}

class ListReader {
  readonly #client: SwiftClient
  readonly #container: string
  readonly #prefix: string
  readonly #delimiter: string | undefined
  readonly #signal: AbortSignal
  /** The parameters of each request, with the longest prefix that Swift accepts. */
  readonly #query: Readonly<Record<string, string | number | undefined>>
  /** Whether Swift collapses names into folders. */
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
    const servicePrefix = searchablePrefix(prefix)
    // Older versions of Swift accept only delimiters of one character, and U+0001 may be half of an
    // escape.
    this.#native = this.#delimiter === undefined || (servicePrefix === prefix && /^[\x03-\x7e]$/.test(this.#delimiter))
    this.#query = { prefix: servicePrefix, delimiter: this.#native ? this.#delimiter : undefined }
  }

  /** Returns `count` entries after a name, or as many as exist. */
  async after(name: string | undefined, count: number): Promise<ListedEntry[]> {
    const found: ListedEntry[] = []
    let marker = name === undefined ? undefined : this.#markerAfter(name)
    for (;;) {
      const limit = this.#native ? count - found.length : Math.max(minUnfoldedPage, count - found.length)
      const entries = await this.#list(marker, limit)
      for (const entry of entries) {
        const listed = this.#native ? entry : this.#asFolder(entry)
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
      query: { ...this.#query, marker: marker === undefined ? undefined : shortenMarker(marker), limit },
      signal: this.#signal,
      allow: [404],
    })
    if (status === 404) throw containerNotFound(this.#container)
    return entries
  }

  /** Returns the marker after a name: the end of the folder, if the name is in one or is one. */
  #markerAfter(name: string): string {
    const folder = this.#folderOf(name)
    return folder === undefined ? name : lastKeyUnder(folder)
  }

  #asFolder(entry: ListedEntry): ListedEntry {
    const folder = this.#folderOf(nameOf(entry))
    return folder === undefined ? entry : { subdir: folder }
  }

  #folderOf(name: string): string | undefined {
    if (this.#delimiter === undefined || !name.startsWith(this.#prefix)) return undefined
    const index = indexOfDelimiter(name, this.#delimiter, this.#prefix.length)
    return index === -1 ? undefined : name.slice(0, index + this.#delimiter.length)
  }
}

/** Returns the index of the delimiter, except inside an escape. */
function indexOfDelimiter(name: string, delimiter: string, from: number): number {
  for (let at = name.indexOf(delimiter, from); at !== -1; at = name.indexOf(delimiter, at + 1)) {
    let before = at
    while (before > from && name[before - 1] === '\x01') before--
    if ((at - before) % 2 === 0) return at
  }
  return -1
}

const nameOf = (entry: ListedEntry): string => ('subdir' in entry ? entry.subdir : entry.name)

/**
 * Shortens a marker so that it fits into a request line. It stays longer than any name, so its
 * position is the same.
 */
function shortenMarker(marker: string): string {
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
  const mtime = modificationTime(entry)
  if (typeof bytes !== 'number' || Number.isNaN(mtime.getTime())) throw badResponse('a list has an invalid entry')
  return { container, name: fileName(name), size: bytes, mtime, etag: quoted(slo_etag ?? hash) }
}
