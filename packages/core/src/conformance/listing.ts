/**
 * M. Listing.
 */
import assert from 'node:assert/strict'
import type { FileEntry, FolderEntry, ListFilesOptions } from '../index.js'
import { type ConformanceCase, type ConformanceCategory, needs } from './case.js'
import type { CaseContext } from './context.js'
import { eachRejects, namesOf, rejects } from './expectations.js'
import { largeListing } from './large-listing.js'
import { expectedList, type ListedName } from './list-model.js'

const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const

/** Names around a common prefix, with every character that sorts near a slash. */
const trickyNames = [
  ...Array.from({ length: 5 }, (_, index) => `t-/${index}`),
  ...Array.from({ length: 5 }, (_, index) => `t/${index}`),
  't.txt',
  't-.txt',
  't0',
  't0.txt',
  't!/x',
  't/a/b',
  't/a-b',
  't/a/c',
  'T/0',
  'u',
  ' t/0',
]

/** A folder for each name that shares the delimiter; the delimiters are of all kinds. */
const delimited = (id: string, delimiter: string): ConformanceCase => ({
  id,
  name: `the delimiter ${JSON.stringify(delimiter)}`,
  async run(context) {
    const files = ['a', `b${delimiter}1`, `b${delimiter}2`, `b${delimiter}c${delimiter}3`, 'c', `d${delimiter}4`, 'e x']
    await context.putMany(files)
    for (const prefix of ['', 'b', `b${delimiter}`, `b${delimiter}c`, 'd', 'none']) {
      await likeTheModel(context, files, { prefix, delimiter })
    }
  },
})

/** The list in one request, and in pages of several sizes, against what the names must give. */
async function likeTheModel(
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

/** All pages; each is as long as it may be at most, and none but a first is empty. */
async function inPages(
  { storage, container }: CaseContext,
  options: Pick<ListFilesOptions, 'prefix' | 'delimiter' | 'startAfter'>,
  limit: number,
  betweenPages: (number: number) => Promise<void> = async () => {},
): Promise<ListedName[]> {
  const listed: ListedName[] = []
  let cursor: string | undefined
  for (let number = 1; ; number++) {
    const page = await storage.filePage(container, { ...options, limit, ...(cursor === undefined ? {} : { cursor }) })
    assert.ok(page.entries.length <= limit, `a page of ${page.entries.length}, and ${limit} were asked for`)
    if (cursor !== undefined) assert.ok(page.entries.length > 0, 'an empty page after the first')
    listed.push(...shown(page.entries))
    if (page.cursor === undefined) return listed
    assert.ok(page.entries.length > 0, 'an empty page with a cursor')
    cursor = page.cursor
    await betweenPages(number)
  }
}

const files = (names: readonly string[]): ListedName[] => names.map((name) => ({ name }))

export const listing: ConformanceCategory = {
  title: 'Listing',
  cases: [
    {
      id: 'M.1',
      name: 'an empty container',
      async run({ storage, container }) {
        assert.deepEqual(await storage.getFiles(container), [])
        assert.deepEqual(await storage.filePage(container), { entries: [] })
        assert.deepEqual(await storage.getFiles(container, { prefix: 'a', delimiter: '/', startAfter: 'b' }), [])
      },
    },
    {
      id: 'M.2',
      name: 'a prefix that no name has',
      async run({ put, storage, container }) {
        await put('a/b')
        for (const prefix of ['b', 'a/c', 'a/b/', 'A', '/', '.', '..', 'a/../a/b']) {
          assert.deepEqual(await storage.getFiles(container, { prefix }), [], prefix)
          assert.deepEqual(await storage.getFiles(container, { prefix, delimiter: '/' }), [], prefix)
        }
      },
    },
    {
      id: 'M.3',
      name: 'a prefix that is a name',
      async run({ putMany, names }) {
        await putMany(['file', 'file.txt', 'file2', 'fil', 'x/file'])
        assert.deepEqual(await names({ prefix: 'file' }), ['file', 'file.txt', 'file2'])
      },
    },
    {
      id: 'M.4',
      name: 'a prefix that ends within a name or a folder',
      async run({ putMany, names }) {
        await putMany(['photos/2023/a', 'photos/2024/b', 'photos-old/c', 'phone', 'x'])
        assert.deepEqual(await names({ prefix: 'photos/202' }), ['photos/2023/a', 'photos/2024/b'])
        assert.deepEqual(await names({ prefix: 'pho' }), ['phone', 'photos-old/c', 'photos/2023/a', 'photos/2024/b'])
        assert.deepEqual(await names({ prefix: 'pho', delimiter: '/' }), ['phone', 'photos-old/', 'photos/'])
        assert.deepEqual(await names({ prefix: 'photos/20', delimiter: '/' }), ['photos/2023/', 'photos/2024/'])
      },
    },
    {
      id: 'M.5',
      name: 'the first page',
      async run({ putMany, storage, container }) {
        await putMany(letters)
        const page = await storage.filePage(container, { limit: 3 })
        assert.deepEqual(namesOf(page.entries), ['a', 'b', 'c'])
        assert.equal(typeof page.cursor, 'string')
      },
    },
    {
      id: 'M.6',
      name: 'the second page of three, and again the same by the same cursor',
      async run({ putMany, storage, secondStorage, container }) {
        await putMany(letters)
        const { cursor } = await storage.filePage(container, { limit: 3 })
        const page = await storage.filePage(container, { limit: 3, cursor: cursor as string })
        assert.deepEqual(namesOf(page.entries), ['d', 'e', 'f'])
        const again = await secondStorage.filePage(container, { limit: 2, cursor: cursor as string })
        assert.deepEqual(namesOf(again.entries), ['d', 'e'], 'another process continues with another limit')
        const last = await storage.filePage(container, { limit: 3, cursor: page.cursor as string })
        assert.deepEqual(last, { entries: last.entries })
        assert.deepEqual(namesOf(last.entries), ['g'])
      },
    },
    {
      id: 'M.7',
      name: 'a page as long as the list has no cursor, or one to nothing',
      async run(context) {
        await context.putMany(letters)
        const page = await context.storage.filePage(context.container, { limit: letters.length })
        assert.deepEqual(namesOf(page.entries), letters)
        assert.deepEqual(await context.storage.filePage(context.container, { limit: letters.length + 1 }), {
          entries: page.entries,
        })
      },
    },
    {
      id: 'M.8',
      name: 'no page after the first is empty',
      async run(context) {
        await context.putMany(letters)
        for (const limit of [1, 2, 3, 4, 5, 6, 7, 8]) {
          assert.deepEqual(await inPages(context, {}, limit), files(letters))
        }
        const { provider, container, call } = context
        let next: string | undefined
        let pages = 0
        do {
          const page = await provider.listFiles(container, {
            ...call,
            prefix: '',
            limit: 1,
            ...(next === undefined ? {} : { next }),
          })
          assert.ok(page.next !== undefined || page.entries.length > 0, 'the provider’s last page is empty')
          next = page.next
          pages++
        } while (next !== undefined && pages < 100)
        assert.ok(pages >= letters.length, 'pages of one entry each')
      },
    },
    {
      id: 'M.9',
      name: 'the order is that of the names’ UTF-8 bytes',
      async run(context) {
        const names = [
          'é',
          'z',
          'Z',
          'a',
          'ä',
          '\ufffd',
          '😀',
          '\uff5e',
          '1',
          '10',
          '2',
          ' ',
          '~',
          '-',
          '.a',
          '_',
          'aa',
          'a a',
        ]
        await context.putMany(names)
        const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        assert.deepEqual(await context.names(), sorted)
        await likeTheModel(context, names, {})
        for (const name of names) await likeTheModel(context, names, { startAfter: name }, [3])
      },
    },
    delimited('M.10', '/'),
    delimited('M.11', '\\'),
    delimited('M.12', 'abc'),
    {
      id: 'M.13',
      name: 'a delimiter that no name has',
      async run(context) {
        const names = ['a/b', 'a/c', 'd']
        await context.putMany(names)
        await likeTheModel(context, names, { delimiter: '|' })
        await likeTheModel(context, names, { delimiter: 'abcdefgh' })
        await likeTheModel(context, names, { delimiter: '/', prefix: 'a/' })
      },
    },
    delimited('M.14', '%'),
    delimited('M.15', ' '),
    delimited('M.16', '.'),
    {
      id: 'M.17',
      name: 'a prefix that ends with the delimiter shows what is in the folder',
      async run(context) {
        const names = ['a/1', 'a/2', 'a/b/3', 'a/b/4', 'a/c/5', 'a-6', 'ab/7']
        await context.putMany(names)
        assert.deepEqual(await context.names({ prefix: 'a/', delimiter: '/' }), ['a/1', 'a/2', 'a/b/', 'a/c/'])
        assert.deepEqual(await context.names({ prefix: 'a/b/', delimiter: '/' }), ['a/b/3', 'a/b/4'])
        assert.deepEqual(await context.names({ prefix: 'a', delimiter: '/' }), ['a-6', 'a/', 'ab/'])
        for (const prefix of ['a/', 'a/b', 'a/b/', 'a']) await likeTheModel(context, names, { prefix, delimiter: '/' })
      },
    },
    {
      id: 'M.18',
      name: 't-/ beside t/, in pages of ten down to one',
      async run(context) {
        await context.putMany(trickyNames)
        const pageSizes = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
        await likeTheModel(context, trickyNames, { delimiter: '/' }, pageSizes)
        await likeTheModel(context, trickyNames, { delimiter: '/', prefix: 't' }, pageSizes)
        await likeTheModel(context, trickyNames, {}, pageSizes)
      },
    },
    {
      id: 'M.19',
      name: 'a folder is shown once, also when its files would fill many pages',
      async run(context) {
        const names = ['a', ...Array.from({ length: 30 }, (_, index) => `b/${index}`), 'c/d/e', 'c/f', 'd']
        await context.putMany(names)
        await likeTheModel(context, names, { delimiter: '/' }, [1, 2, 3, 5, 30])
        const faulty = context.faulty()
        await Array.fromAsync(context.over(faulty).files(context.container, { delimiter: '/', pageSize: 4 }))
        assert.ok(faulty.count('listFiles') <= 3, `${faulty.count('listFiles')} requests for four entries`)
      },
    },
    {
      id: 'M.20',
      name: 'a folder is gone with its last file',
      async run({ putMany, names, storage, container }) {
        await putMany(['a/b/c', 'a/b/d', 'e'])
        await storage.removeFile(container, 'a/b/c')
        assert.deepEqual(await names({ delimiter: '/' }), ['a/', 'e'])
        await storage.removeFile(container, 'a/b/d')
        assert.deepEqual(await names({ delimiter: '/' }), ['e'])
        assert.deepEqual(await names({ prefix: 'a/', delimiter: '/' }), [])
      },
    },
    {
      id: 'M.21',
      name: 'a name added between pages makes no other appear twice or be left out',
      async run(context) {
        await context.putMany(letters)
        const listed = await inPages(context, {}, 2, async (number) => {
          if (number === 1) await context.putMany(['a0', 'aa', 'b0', 'd0'])
          if (number === 2) await context.putMany(['b1', 'A'])
        })
        assert.equal(new Set(listed.map(({ name }) => name)).size, listed.length, 'a name appears twice')
        const old = listed.map(({ name }) => name).filter((name) => (letters as readonly string[]).includes(name))
        assert.deepEqual(old, letters)
      },
    },
    {
      id: 'M.22',
      name: 'a name removed between pages makes no other appear twice or be left out',
      async run(context) {
        const { storage, container } = context
        await context.putMany([...letters, 'x/1', 'x/2', 'y'])
        // Also the very name that the page ended with, on which a cursor may rest.
        const listed = await inPages(context, { delimiter: '/' }, 2, async (number) => {
          if (number === 1) await storage.removeFiles(container, ['b', 'a'])
          if (number === 2) await storage.removeFiles(container, ['d', 'e'])
          if (number === 4) await storage.removeFiles(container, ['x/1', 'x/2'])
        })
        const names = listed.map(({ name }) => name).filter((name) => name !== 'x/')
        assert.deepEqual(names, ['a', 'b', 'c', 'd', 'f', 'g', 'y'])
      },
    },
    {
      id: 'M.23',
      name: 'start after a name',
      async run(context) {
        await context.putMany(trickyNames)
        for (const startAfter of ['t/2', 't-/4', 'u', 't/a/b']) {
          await likeTheModel(context, trickyNames, { startAfter })
          await likeTheModel(context, trickyNames, { startAfter, prefix: 't/' })
          await likeTheModel(context, trickyNames, { startAfter, delimiter: '/' })
        }
      },
    },
    {
      id: 'M.24',
      name: 'start after a name that is not there',
      async run(context) {
        await context.putMany(trickyNames)
        for (const startAfter of ['t/', 't', 't-/', 't/22', 'a', 'zzz', 't/a/', '\u{10ffff}', ' ']) {
          await likeTheModel(context, trickyNames, { startAfter })
          await likeTheModel(context, trickyNames, { startAfter, prefix: 't' })
          await likeTheModel(context, trickyNames, { startAfter, prefix: 't/', delimiter: '/' })
          await likeTheModel(context, trickyNames, { startAfter, delimiter: '/' })
        }
      },
    },
    {
      id: 'M.25',
      name: 'an invalid cursor is refused',
      async run({ putMany, storage, container, provider, call }) {
        await putMany(letters)
        const { cursor = '' } = await storage.filePage(container, { limit: 2 })
        const invalid = ['', 'x', `${cursor}x`, cursor.slice(1), cursor.slice(0, -1), 7, 'ä', '../..', '\0']
        for (const wrong of invalid as string[]) {
          await rejects(storage.filePage(container, { limit: 2, cursor: wrong }), 'INVALID_ARGUMENT')
          await rejects(storage.containerPage({ limit: 2, cursor: wrong }), 'INVALID_ARGUMENT')
        }
        await rejects(
          provider.listFiles(container, { ...call, prefix: '', limit: 2, next: 'not given by any page' }),
          'INVALID_ARGUMENT',
        )
      },
    },
    {
      id: 'M.26',
      name: 'a cursor of another list is refused',
      async run({ putMany, storage, container, newContainer }) {
        await putMany(['a/1', 'a/2', 'b/1', 'b/2'])
        const other = await newContainer()
        const { cursor = '' } = await storage.filePage(container, { limit: 1, prefix: 'a/' })
        const operations = {
          'another prefix': () => storage.filePage(container, { cursor, prefix: 'b/' }),
          'no prefix': () => storage.filePage(container, { cursor }),
          'a delimiter': () => storage.filePage(container, { cursor, prefix: 'a/', delimiter: '/' }),
          'another container': () => storage.filePage(other, { cursor, prefix: 'a/' }),
          containers: () => storage.containerPage({ cursor }),
        }
        await eachRejects(operations, 'INVALID_ARGUMENT')
        assert.deepEqual(namesOf((await storage.filePage(container, { cursor, prefix: 'a/' })).entries), ['a/2'])
      },
    },
    {
      id: 'M.27',
      name: 'leaving the iterator stops the requests',
      async run(context) {
        await context.putMany(letters)
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const untouched = storage.files(context.container, { pageSize: 2 })
        assert.deepEqual(faulty.calls, [], 'a request before the first entry is asked for')
        for await (const { name } of untouched) if (name === 'c') break
        assert.equal(faulty.count('listFiles'), 2)
        for await (const _container of storage.containers({ pageSize: 1 })) break
        assert.equal(faulty.count('listContainers'), 1)
      },
    },
    ...largeListing,
    {
      id: 'M.31',
      name: 'an entry’s facts are the file’s',
      async run({ put, storage, container }) {
        await put('a/b', Buffer.alloc(123))
        await put('c', Buffer.alloc(0))
        for (const entry of await storage.getFiles(container)) {
          const info = await storage.getFile(container, entry.name)
          assert.ok(entry.folder === undefined)
          assert.deepEqual([entry.container, entry.size, entry.mtime], [container, info.size, info.mtime])
          if (entry.etag !== undefined) assert.equal(entry.etag, info.etag)
        }
        const [folder] = await storage.getFiles(container, { delimiter: '/' })
        assert.deepEqual(folder, { container, name: 'a/', folder: true })
      },
    },
    {
      id: 'M.32',
      name: 'names that are a folder too, in every order and page size',
      needs: needs.fileBesideFolder,
      async run(context) {
        const names = ['a', 'a/', 'a/b', 'a/b/', 'a/b/c', 'a-', 'a0', '/', '//', '/a', 'b//c', 'b/']
        await context.putMany(names)
        for (const prefix of ['', 'a', 'a/', '/', 'b/', 'b//']) {
          for (const delimiter of [undefined, '/', '//', 'a/']) {
            await likeTheModel(context, names, { prefix, ...(delimiter === undefined ? {} : { delimiter }) })
            await likeTheModel(context, names, {
              prefix,
              startAfter: 'a/b',
              ...(delimiter === undefined ? {} : { delimiter }),
            })
          }
        }
      },
    },
    {
      id: 'M.33',
      name: 'unusual arguments: refused before any I/O, or cut to the page’s limit',
      async run(context) {
        await context.putMany(letters)
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const { container } = context
        for (const options of [
          { delimiter: '' },
          { prefix: '\ud800' },
          { prefix: 7 },
          { startAfter: '\udfff' },
          { delimiter: 7 },
        ] as ListFilesOptions[]) {
          await rejects(storage.getFiles(container, options), 'INVALID_ARGUMENT')
          await rejects(storage.filePage(container, options), 'INVALID_ARGUMENT')
        }
        for (const limit of [0, -1, 1.5, Number.NaN, '5'] as number[]) {
          await rejects(storage.filePage(container, { limit }), 'INVALID_ARGUMENT')
          await rejects(storage.containerPage({ limit }), 'INVALID_ARGUMENT')
          await rejects(storage.getFiles(container, { pageSize: limit }), 'INVALID_ARGUMENT')
        }
        assert.deepEqual(faulty.calls, [])
        const page = await storage.filePage(container, { limit: 1_000_000_000 })
        assert.deepEqual(namesOf(page.entries), letters)
      },
    },
    {
      id: 'M.34',
      name: 'prefixes with every odd character stand for themselves',
      async run(context) {
        const names = [
          '100%/a',
          '100%25/b',
          'a*b/c',
          'a?b/d',
          'a[b]/e',
          'a+b/f',
          'a b/g',
          'a\\b/h',
          'a.b/i',
          'axb/j',
          'ä/k',
          'a\u0308/l',
        ]
        await context.putMany(names)
        for (const name of names) {
          const prefix = name.slice(0, name.indexOf('/') + 1)
          assert.deepEqual(await context.names({ prefix }), [name])
          await likeTheModel(context, names, { prefix: prefix.slice(0, -1), delimiter: '/' }, [1])
        }
      },
    },
  ],
}
