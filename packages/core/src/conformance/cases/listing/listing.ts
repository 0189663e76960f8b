/**
 * M. Listing.
 */
import assert from 'node:assert/strict'
import { defined } from '../../../kit/defined.js'
import { type ConformanceCase, type ConformanceCategory, needs } from '../../run/case.js'
import { namesOf } from '../../tools/expectations.js'
import { largeListing } from './large-listing.js'
import { inPages, letters, likeTheModel } from './list-model.js'
import { pageCases } from './list-pages.js'
import { pageLimits } from './page-limits.js'

/** Names with a common prefix, and with every character that sorts near a slash. */
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

/** A case that lists folders with this delimiter. */
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
      name: 'the second page of three, also if requested twice',
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
      name: 'a page as long as the list',
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
          assert.deepEqual(
            await inPages(context, {}, limit),
            letters.map((name) => ({ name })),
          )
        }
        const { provider, container, call } = context
        let next: string | undefined
        let pages = 0
        do {
          const page = await provider.listFiles(container, {
            ...call,
            prefix: '',
            limit: 1,
            ...defined({ next }),
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
      name: 'names are in the order of their UTF-8 bytes',
      async run(context) {
        const names = context.distinct([
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
        ])
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
      name: 'a prefix that ends with the delimiter lists the folder',
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
      name: 't-/ and t/, in pages of ten down to one',
      async run(context) {
        const names = context.distinct(trickyNames)
        await context.putMany(names)
        const pageSizes = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
        await likeTheModel(context, names, { delimiter: '/' }, pageSizes)
        await likeTheModel(context, names, { delimiter: '/', prefix: 't' }, pageSizes)
        await likeTheModel(context, names, {}, pageSizes)
      },
    },
    {
      id: 'M.19',
      name: 'a folder is listed once, also if its files would fill many pages',
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
      name: 'a folder disappears with its last file',
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
      id: 'M.23',
      name: 'start after a name',
      async run(context) {
        const names = context.distinct(trickyNames)
        await context.putMany(names)
        for (const startAfter of ['t/2', 't-/4', 'u', 't/a/b']) {
          await likeTheModel(context, names, { startAfter })
          await likeTheModel(context, names, { startAfter, prefix: 't/' })
          await likeTheModel(context, names, { startAfter, delimiter: '/' })
        }
      },
    },
    {
      id: 'M.24',
      name: 'start after a name that does not exist',
      async run(context) {
        const names = context.distinct(trickyNames)
        await context.putMany(names)
        for (const startAfter of ['t/', 't', 't-/', 't/22', 'a', 'zzz', 't/a/', '\u{10ffff}', ' ']) {
          await likeTheModel(context, names, { startAfter })
          await likeTheModel(context, names, { startAfter, prefix: 't' })
          await likeTheModel(context, names, { startAfter, prefix: 't/', delimiter: '/' })
          await likeTheModel(context, names, { startAfter, delimiter: '/' })
        }
      },
    },
    ...largeListing,
    ...pageCases,
    ...pageLimits,
    {
      id: 'M.31',
      name: 'an entry has the properties of its file',
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
      name: 'names that are also folders, in every page size',
      needs: needs.fileBesideFolder,
      async run(context) {
        const names = ['a', 'a/', 'a/b', 'a/b/', 'a/b/c', 'a-', 'a0', '/', '//', '/a', 'b//c', 'b/']
        await context.putMany(names)
        for (const prefix of ['', 'a', 'a/', '/', 'b/', 'b//']) {
          for (const delimiter of [undefined, '/', '//', 'a/']) {
            await likeTheModel(context, names, { prefix, ...defined({ delimiter }) })
            await likeTheModel(context, names, {
              prefix,
              startAfter: 'a/b',
              ...defined({ delimiter }),
            })
          }
        }
      },
    },
    {
      id: 'M.34',
      name: 'special characters in a prefix have no special meaning',
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
