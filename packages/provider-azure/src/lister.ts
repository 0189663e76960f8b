/**
 * Lists of files, in the order of their names' UTF-8 bytes.
 *
 * Two lists of the service are merged: that of the blobs with natural names, and that of those with escaped ones, which all
 * begin with one character that no natural name begins with. What a page's `next` keeps of each is the name to go on from
 * (`startFrom`), and the last name shown: nothing at or before that is shown again, whatever comes and goes between pages.
 */
import {
  type CallOptions,
  compareNames,
  decodePosition,
  encodePosition,
  type FileEntry,
  type FilePage,
  type FolderEntry,
  type ListFilesCallOptions,
} from '@stowage/core/provider'
import * as v from 'valibot'
import type { Account } from './account.js'
import { type ListedName, NameStream } from './name-stream.js'
import { bookkeepingPrefix, escapedPrefix, escapedPrefixOf, isUnnaturalPrefix } from './names.js'

/** The last name shown, and where each of the two lists goes on; `null` where it has ended. */
const pageStart = v.strictObject({
  after: v.string(),
  natural: v.nullable(v.string()),
  escaped: v.nullable(v.string()),
})

const isPageStart = (value: unknown): value is v.InferOutput<typeof pageStart> => v.is(pageStart, value)

export async function listFiles(account: Account, container: string, options: ListFilesCallOptions): Promise<FilePage> {
  const { limit } = options
  const start = decodePosition(options.next, isPageStart)
  const after = start?.after ?? options.startAfter
  const natural = naturalNames(account, container, { ...options, after, from: start?.natural })
  const escaped = escapedNames(account, container, { ...options, after, from: start?.escaped })
  const entries: (FileEntry | FolderEntry)[] = []
  let last: string | undefined
  for (;;) {
    const wanted = limit - entries.length + 1
    const [first, second] = await Promise.all([natural.head(wanted), escaped.head(wanted)])
    if (first === undefined && second === undefined) return { entries }
    if (entries.length === limit && last !== undefined) {
      return { entries, next: encodePosition({ after: last, natural: natural.position, escaped: escaped.position }) }
    }
    const order = first === undefined ? 1 : second === undefined ? -1 : compareNames(first.name, second.name)
    const entry = (order <= 0 ? first : second) as ListedName
    // A folder may have files of both kinds.
    if (order <= 0) natural.shift()
    if (order >= 0) escaped.shift()
    last = entry.name
    entries.push(entryOf(container, entry))
  }
}

/** Whether the container holds a file. */
export async function holdsFiles(account: Account, container: string, { signal }: CallOptions): Promise<boolean> {
  const { entries } = await listFiles(account, container, { prefix: '', limit: 1, signal })
  return entries.length > 0
}

function entryOf(container: string, { name, blob }: ListedName): FileEntry | FolderEntry {
  return blob === undefined ? { container, name, folder: true } : { container, name, ...blob }
}

type StreamOptions = Pick<ListFilesCallOptions, 'prefix' | 'delimiter' | 'signal'> & {
  readonly after: string | undefined
  /** Where the page before stopped: a blob's name; `null` when there was nothing more. */
  readonly from: string | null | undefined
}

function naturalNames(account: Account, container: string, options: StreamOptions): NameStream {
  const { prefix, delimiter, after, from } = options
  const ended = from === null || isUnnaturalPrefix(prefix)
  // The service collapses by one character; Azurite takes only the first of several.
  const native = delimiter !== undefined && delimiter.length === 1 && !isUnnaturalPrefix(`-${delimiter}`)
  return new NameStream(account, container, {
    ...options,
    ended,
    from: from ?? (after === undefined ? undefined : firstNaturalAfter(after, prefix, native ? delimiter : undefined)),
    servicePrefix: prefix,
    serviceDelimiter: native ? delimiter : undefined,
    end: escapedPrefix,
  })
}

function escapedNames(account: Account, container: string, options: StreamOptions): NameStream {
  const { prefix, after, from } = options
  return new NameStream(account, container, {
    ...options,
    ended: from === null,
    from: from ?? (after === undefined ? undefined : escapedPrefixOf(after)),
    servicePrefix: escapedPrefixOf(prefix),
    end: bookkeepingPrefix,
  })
}

/**
 * Where the natural names begin that are greater than this one. By UTF-16 units, as the service sorts, names with
 * characters past U+FFFF come before those with U+E000 to U+FFFF; by UTF-8 bytes after them.
 */
function firstNaturalAfter(after: string, prefix: string, delimiter: string | undefined): string {
  const high = after.search(/[\ue000-\uffff]/)
  const start = high === -1 ? after : `${after.slice(0, high)}\u{10000}`
  // Of a list with a delimiter the service takes one level.
  const end = delimiter === undefined || !start.startsWith(prefix) ? -1 : start.indexOf(delimiter, prefix.length)
  return end === -1 || delimiter === undefined ? start : start.slice(0, end + delimiter.length)
}
