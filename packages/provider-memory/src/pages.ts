import { compareNames, encodePosition } from '@stowage/core/provider'

export interface SortedPage<T> {
  readonly entries: readonly T[]
  readonly next?: string
}

/**
 * The page that follows a key: at most `limit` of the sorted entries whose keys are greater. `next` holds the last key of
 * the page, so what is added or removed between pages makes nothing appear twice or be left out.
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
    // One more than the page holds tells that there is a next page, which is then not empty.
    if (entries.length === limit && last !== undefined) return { entries, next: encodePosition(keyOf(last)) }
    entries.push(entry)
  }
  return { entries }
}

/**
 * The names that a list shows: those with the prefix, and instead of those that hold the delimiter behind it the folder that
 * they share. Begins at the first one that can be greater than `after`.
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

/** The index of the first name that is not smaller. */
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
