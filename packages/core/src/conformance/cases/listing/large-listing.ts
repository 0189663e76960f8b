/**
 * M. Listing more files than a page holds. The cases share one container, which none of them
 * changes.
 */
import assert from 'node:assert/strict'
import { defined } from '../../../kit/defined.js'
import type { ConformanceCase } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { namesOf } from '../../tools/expectations.js'

/** 1,001 files in one folder, 5,001 in another, and 10,001 in total. */
const folders = { 'a/': 1001, 'b/': 5001, '': 3999 } as const

const fileNames = (folder: keyof typeof folders): string[] =>
  Array.from({ length: folders[folder] }, (_, index) => `${folder}file ${String(index).padStart(4, '0')}`)

const everyName = () => [...fileNames('a/'), ...fileNames('b/'), ...fileNames('')]

const filled = (context: CaseContext): Promise<string> =>
  context.fixture('10,001 files', (container) => context.putMany(everyName(), container))

export const largeListing: readonly ConformanceCase[] = [
  {
    id: 'M.28',
    name: '1,001 files',
    async run(context) {
      const container = await filled(context)
      const { storage } = context
      assert.deepEqual(namesOf(await storage.getFiles(container, { prefix: 'a/' })), fileNames('a/'))
      const pages: number[] = []
      let cursor: string | undefined
      do {
        const options = { prefix: 'a/', limit: 1000, ...defined({ cursor }) }
        const page = await storage.filePage(container, options)
        pages.push(page.entries.length)
        cursor = page.cursor
      } while (cursor !== undefined)
      assert.equal(
        pages.reduce((sum, length) => sum + length, 0),
        1001,
      )
    },
  },
  {
    id: 'M.29',
    name: '5,001 files',
    async run(context) {
      const container = await filled(context)
      const names = namesOf(await context.storage.getFiles(container, { prefix: 'b/', pageSize: 700 }))
      assert.deepEqual(names, fileNames('b/'))
      const after = { prefix: 'b/', startAfter: 'b/file 4990' }
      assert.deepEqual(namesOf(await context.storage.getFiles(container, after)), fileNames('b/').slice(4991))
    },
  },
  {
    id: 'M.30',
    name: '10,001 files',
    async run(context) {
      const container = await filled(context)
      const names: string[] = []
      for await (const { name } of context.storage.files(container)) names.push(name)
      assert.deepEqual(names, everyName())
      const top = namesOf(await context.storage.getFiles(container, { delimiter: '/' }))
      assert.deepEqual(top, ['a/', 'b/', ...fileNames('')])
      const faulty = context.faulty()
      const first = await context.over(faulty).filePage(container, { delimiter: '/', limit: 2 })
      assert.deepEqual(namesOf(first.entries), ['a/', 'b/'])
    },
  },
]
