/**
 * The expected list, computed from the names, and the comparison of lists with it.
 */
import assert from 'node:assert/strict'
import type { ListFilesOptions } from '../../../index.js'
import { defined } from '../../../kit/defined.js'
import type { FileEntry, FolderEntry } from '../../../provider.js'
import type { CaseContext } from '../../run/context.js'

/** The names of the files that most cases list. */
export const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const

export interface ListedName {
  readonly name: string
  readonly folder?: true
}

function expectedList(
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

/** Compares the complete list, and the list in pages of several sizes, with the expected one. */
export async function likeTheModel(
  context: CaseContext,
  files: readonly string[],
  options: Pick<ListFilesOptions, 'prefix' | 'delimiter' | 'startAfter'>,
  pageSizes: readonly number[] = [1, 2, 3, 100],
): Promise<void> {
  const expected = expectedList(files, options)
  const told = JSON.stringify(options)
  assert.deepEqual(shown(await context.storage.getFiles(context.container, options)), expected, `all with ${told}`)
  for (const limit of pageSizes) {
    assert.deepEqual(await inPages(context, options, limit), expected, `pages of ${limit} with ${told}`)
  }
}

const shown = (entries: readonly (FileEntry | FolderEntry)[]): ListedName[] =>
  entries.map(({ name, folder }) => (folder ? { name, folder: true } : { name }))

/** Returns the entries of all pages. Asserts their limit, and that only a first page is empty. */
export async function inPages(
  { storage, container }: CaseContext,
  options: Pick<ListFilesOptions, 'prefix' | 'delimiter' | 'startAfter'>,
  limit: number,
  betweenPages: (number: number) => Promise<void> = async () => {},
): Promise<ListedName[]> {
  const listed: ListedName[] = []
  let cursor: string | undefined
  for (let number = 1; ; number++) {
    const page = await storage.filePage(container, { ...options, limit, ...defined({ cursor }) })
    assert.ok(page.entries.length <= limit, `a page of ${page.entries.length} entries exceeds its limit of ${limit}`)
    if (cursor !== undefined) assert.ok(page.entries.length > 0, 'an empty page after the first')
    listed.push(...shown(page.entries))
    if (page.cursor === undefined) return listed
    assert.ok(page.entries.length > 0, 'an empty page with a cursor')
    cursor = page.cursor
    await betweenPages(number)
  }
}
