/**
 * What a list must show, worked out from the names in the plainest way.
 */
import type { ListFilesOptions } from '../index.js'

export interface ListedName {
  readonly name: string
  readonly folder?: true
}

export function expectedList(
  names: readonly string[],
  { prefix = '', delimiter, startAfter }: Pick<ListFilesOptions, 'prefix' | 'delimiter' | 'startAfter'>,
): ListedName[] {
  const shown = new Map<string, ListedName>()
  for (const name of names) {
    if (!name.startsWith(prefix)) continue
    const at = delimiter === undefined ? -1 : name.indexOf(delimiter, prefix.length)
    const folder = delimiter === undefined || at === -1 ? undefined : name.slice(0, at + delimiter.length)
    const entry: ListedName = folder === undefined ? { name } : { name: folder, folder: true }
    if (startAfter === undefined || compareBytes(entry.name, startAfter) > 0) shown.set(entry.name, entry)
  }
  return [...shown.values()].toSorted((a, b) => compareBytes(a.name, b.name))
}

const compareBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
