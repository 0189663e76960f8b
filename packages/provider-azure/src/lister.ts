/**
 * Lists of files, in the order of their names' UTF-8 bytes.
 *
 * Two lists of the service are merged: blobs with unescaped names, and blobs with escaped names.
 * Escaped names all begin with one character that no unescaped name begins with. The `next` of a
 * page contains the name from which each list continues (`startFrom`), and the last name returned.
 * Later pages return nothing at or before that name, whatever is created or deleted between pages.
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
import type { Account } from './client/account.js'
import { type ListedName, NameStream } from './listing/name-stream.js'
import { bookkeepingPrefix, escapedPrefix, escapedPrefixOf, isOnlyEscaped } from './mapping/names.js'

/**
 * The last name returned, and the name from which each list continues; `null` if the list has
 * ended.
 */
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
  const natural = unescapedNames(account, container, { ...options, after, from: start?.natural })
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
    // A folder may contain files of both kinds.
    if (order <= 0) natural.shift()
    if (order >= 0) escaped.shift()
    last = entry.name
    entries.push(entryOf(container, entry))
  }
}

/** Returns whether the container has a file. */
export async function holdsFiles(account: Account, container: string, { signal }: CallOptions): Promise<boolean> {
  const { entries } = await listFiles(account, container, { prefix: '', limit: 1, signal })
  return entries.length > 0
}

function entryOf(container: string, { name, blob }: ListedName): FileEntry | FolderEntry {
  return blob === undefined ? { container, name, folder: true } : { container, name, ...blob }
}

type StreamOptions = Pick<ListFilesCallOptions, 'prefix' | 'delimiter' | 'signal'> & {
  readonly after: string | undefined
  /** Where the previous page stopped: a blob's name; `null` if the list had ended. */
  readonly from: string | null | undefined
}

function unescapedNames(account: Account, container: string, options: StreamOptions): NameStream {
  const { prefix, delimiter, after, from } = options
  const ended = from === null || isOnlyEscaped(prefix)
  // The service supports delimiters of one character; Azurite uses only the first of several.
  const native = delimiter !== undefined && delimiter.length === 1 && !isOnlyEscaped(`-${delimiter}`)
  return new NameStream(account, container, {
    ...options,
    ended,
    from:
      from ?? (after === undefined ? undefined : firstUnescapedAfter(after, prefix, native ? delimiter : undefined)),
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
 * Returns where the unescaped names begin that are greater than this one. In UTF-16 units, the
 * service's order, names with characters past U+FFFF come before those with U+E000 to U+FFFF; in
 * UTF-8 bytes, after them.
 */
function firstUnescapedAfter(after: string, prefix: string, delimiter: string | undefined): string {
  const high = after.search(/[\ue000-\uffff]/)
  const start = high === -1 ? after : `${after.slice(0, high)}\u{10000}`
  // In a list with a delimiter, the service accepts a start of one level only.
  const end = delimiter === undefined || !start.startsWith(prefix) ? -1 : start.indexOf(delimiter, prefix.length)
  return end === -1 || delimiter === undefined ? start : start.slice(0, end + delimiter.length)
}
