/**
 * M. Listing page by page: while names are added and removed, with invalid cursors, and stopped
 * before the end.
 */
import assert from 'node:assert/strict'
import type { ListFilesOptions } from '../../../index.js'
import type { ConformanceCase } from '../../run/case.js'
import { eachRejects, namesOf, rejects } from '../../tools/expectations.js'
import { inPages, letters } from './list-model.js'

export const pageCases: readonly ConformanceCase[] = [
  {
    id: 'M.21',
    name: 'a name added between pages neither repeats nor hides another',
    async run(context) {
      await context.putMany(letters)
      const listed = await inPages(context, {}, 2, async (number) => {
        if (number === 1) await context.putMany(['a0', 'aa', 'b0', 'd0'])
        if (number === 2) await context.putMany(['b1', 'Z'])
      })
      assert.equal(new Set(listed.map(({ name }) => name)).size, listed.length, 'a name appears twice')
      const old = listed.map(({ name }) => name).filter((name) => (letters as readonly string[]).includes(name))
      assert.deepEqual(old, letters)
    },
  },
  {
    id: 'M.22',
    name: 'a name removed between pages neither repeats nor hides another',
    async run(context) {
      const { storage, container } = context
      await context.putMany([...letters, 'x/1', 'x/2', 'y'])
      // Includes the last name of the page, which a cursor may contain.
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
    id: 'M.25',
    name: 'an invalid cursor is rejected',
    async run({ putMany, storage, container, provider, call }) {
      await putMany(letters)
      const { cursor = '' } = await storage.filePage(container, { limit: 2 })
      const invalid = ['', 'x', `${cursor}x`, cursor.slice(1), cursor.slice(0, -1), 7, 'ä', '../..', '\0']
      for (const wrong of invalid as string[]) {
        await rejects(storage.filePage(container, { limit: 2, cursor: wrong }), 'INVALID_ARGUMENT')
        await rejects(storage.containerPage({ limit: 2, cursor: wrong }), 'INVALID_ARGUMENT')
      }
      await rejects(
        provider.listFiles(container, { ...call, prefix: '', limit: 2, next: 'from no page' }),
        'INVALID_ARGUMENT',
      )
    },
  },
  {
    id: 'M.26',
    name: 'a cursor of another list is rejected',
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
      assert.deepEqual(faulty.calls, [], 'a request before the first entry is read')
      for await (const { name } of untouched) if (name === 'c') break
      assert.equal(faulty.count('listFiles'), 2)
      for await (const _container of storage.containers({ pageSize: 1 })) break
      assert.equal(faulty.count('listContainers'), 1)
    },
  },
  {
    id: 'M.33',
    name: 'unusual arguments are rejected before any I/O, or limited to the size of a page',
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
]
