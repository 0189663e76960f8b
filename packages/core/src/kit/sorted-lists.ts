/** Lists of a service that returns all names at once: pages, and folders. */
import { compareNames } from '../contract/names.js'
import { encodePosition } from './page-position.js'

export interface SortedPage<T> {
  readonly entries: readonly T[]
  readonly next?: string
}

/**
 * Returns the page after a key: at most `limit` of the sorted entries with greater keys. `next`
 * contains the last key of the page, so no other entry is repeated or left out if entries are added
 * or removed between pages.
 *
 * @param sorted Entries in the order of their keys' UTF-8 bytes ({@link compareNames}).
 *
 * @example
 * const page = pageAfter(['a', 'b', 'c'], (name) => name, { limit: 2, after: undefined })
 * page.entries // ['a', 'b']
 */
export function pageAfter<T>(
  sorted: Iterable<T>,
  keyOf: (entry: T) => string,
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): SortedPage<T> {
  const entries: T[] = []
  for (const entry of sorted) {
    if (after !== undefined && compareNames(keyOf(entry), after) <= 0) continue
    const last = entries.at(-1)
    // There is a next page only if there is an entry for it.
    if (entries.length === limit && last !== undefined) return { entries, next: encodePosition(keyOf(last)) }
    entries.push(entry)
  }
  return { entries }
}

/**
 * Returns the entries of a list: the names with the prefix. Names with the delimiter after the
 * prefix are replaced by their common folder. Begins at the first name that can be greater than
 * `after`.
 *
 * @param names In the order of their UTF-8 bytes ({@link compareNames}).
 *
 * @example
 * const names = ['a.txt', 'photos/1.jpg', 'photos/2.jpg']
 * const listed = listedNames(names, { prefix: '', delimiter: '/' })
 * Array.from(listed, ({ name }) => name) // ['a.txt', 'photos/']
 */
export function* listedNames(
  names: readonly string[],
  {
    prefix,
    delimiter,
    after,
  }: { readonly prefix: string; readonly delimiter?: string | undefined; readonly after?: string | undefined },
): Generator<{ readonly name: string; readonly folder: boolean }> {
  const start = after !== undefined && compareNames(after, prefix) > 0 ? after : prefix
  let folder: string | undefined
  for (let index = firstFrom(names, start); index < names.length; index++) {
    const name = names[index]
    if (name === undefined || !name.startsWith(prefix)) return
    if (folder !== undefined && name.startsWith(folder)) continue
    const end = delimiter === undefined ? -1 : name.indexOf(delimiter, prefix.length)
    folder = delimiter === undefined || end === -1 ? undefined : name.slice(0, end + delimiter.length)
    yield folder === undefined ? { name, folder: false } : { name: folder, folder: true }
  }
}

/** Returns the index of the first name that is not smaller than `start`. */
function firstFrom(names: readonly string[], start: string): number {
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareNames(names[middle] ?? '', start) < 0) low = middle + 1
    else high = middle
  }
  return low
}
