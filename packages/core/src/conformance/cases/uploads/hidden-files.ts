/** R. Resumable uploads: hidden files, in which core keeps what does not fill a part. */
import assert from 'node:assert/strict'
import { withResumableUploads } from '../../../checks/provider.js'
import { defined } from '../../../kit/defined.js'
import type { HiddenFile } from '../../../provider.js'
import { type ConformanceCase, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes } from '../../tools/content.js'
import { namesOf, rejects, sameBytes } from '../../tools/expectations.js'

const hiddenNames = ({ entries }: { readonly entries: readonly HiddenFile[] }) => entries.map(({ name }) => name)

/** All hidden files of a container, in the order of the lists. */
export async function listHidden(context: CaseContext, prefix = ''): Promise<HiddenFile[]> {
  const provider = withResumableUploads(context.provider)
  const found: HiddenFile[] = []
  let next: string | undefined
  do {
    const options = { ...context.call, prefix, limit: 1000, ...defined({ next }) }
    const page = await provider.listHiddenFiles(context.container, options)
    found.push(...page.entries)
    next = page.next
  } while (next !== undefined)
  return found
}

export const hiddenFiles: readonly ConformanceCase[] = [
  {
    id: 'R.1',
    name: 'a hidden file is stored, replaced, read, listed and deleted',
    needs: needs.resumableUploads,
    async run(context) {
      const { container, call } = context
      const provider = withResumableUploads(context.provider)
      for (const size of [0, 1, 100_000]) {
        await provider.putHiddenFile(container, 'ab-1/part', bytes(size), call)
        sameBytes(await provider.readHiddenFile(container, 'ab-1/part', call), bytes(size))
        const [found, ...others] = await listHidden(context)
        assert.equal(others.length, 0)
        assert.deepEqual([found?.name, found?.size], ['ab-1/part', size])
        assert.ok(Math.abs((found?.mtime.getTime() ?? 0) - Date.now()) < 60 * 60 * 1000)
      }
      await provider.removeHiddenFiles(container, ['ab-1/part', 'ab-1/missing'], call)
      assert.deepEqual(await listHidden(context), [])
      await rejects(provider.readHiddenFile(container, 'ab-1/part', call), 'FILE_NOT_FOUND')
      await provider.removeHiddenFiles(container, ['ab-1/part'], call)
    },
  },
  {
    id: 'R.2',
    name: 'hidden files are listed by group, in order, in pages',
    needs: needs.resumableUploads,
    async run(context) {
      const { container, call } = context
      const provider = withResumableUploads(context.provider)
      const names = ['a/1', 'a/2', 'a/3', 'a-b/1', 'ab/1', 'ab/2']
      for (const name of names) await provider.putHiddenFile(container, name, bytes(3), call)
      const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      assert.deepEqual(hiddenNames({ entries: await listHidden(context) }), sorted)
      assert.deepEqual(hiddenNames({ entries: await listHidden(context, 'a/') }), ['a/1', 'a/2', 'a/3'])
      assert.deepEqual(await listHidden(context, 'c/'), [])
      const paged: string[] = []
      let next: string | undefined
      do {
        const options = { ...call, prefix: '', limit: 2, ...defined({ next }) }
        const page = await provider.listHiddenFiles(container, options)
        assert.ok(page.entries.length <= 2, 'a page is longer than its limit')
        paged.push(...hiddenNames(page))
        next = page.next
      } while (next !== undefined)
      assert.deepEqual(paged, sorted)
    },
  },
  {
    id: 'R.3',
    name: 'no list shows hidden files, and files whose names look like theirs are untouched',
    needs: needs.resumableUploads,
    async run(context) {
      const { storage, container, call, capabilities } = context
      const provider = withResumableUploads(context.provider)
      await provider.putHiddenFile(container, 'ab/part', bytes(10), call)
      assert.deepEqual(await context.names(), [])
      const files = [
        '\tstowage/ab/part',
        '.stowage/hidden/ab/part',
        'ab/part',
        'hidden/ab/part',
        'stowage-segments/hidden/ab/part',
        '\uffee\uffeestowage/hidden/ab/part',
      ]
      for (const file of files) await context.put(file, bytes(20, file.length))
      const sorted = files.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      assert.deepEqual(await context.names(), sorted)
      for (const pageSize of [1, 2]) assert.deepEqual(await context.names({ pageSize }), sorted, `pages of ${pageSize}`)
      for (const delimiter of ['/', 's', 't', 'stow', 'e', 'a', '-']) {
        const expected = new Set(
          sorted.map((file) => {
            const end = file.indexOf(delimiter)
            return end === -1 ? file : file.slice(0, end + delimiter.length)
          }),
        )
        const found = namesOf(await storage.getFiles(container, { delimiter }))
        assert.deepEqual(found, [...expected], `folders by ${JSON.stringify(delimiter)}`)
      }
      for (const file of files) await context.isWhole(file, bytes(20, file.length))
      if (capabilities.parts !== false) assert.deepEqual(await context.uploads(), [])
      await provider.removeHiddenFiles(container, ['ab/part'], call)
      for (const file of files) await context.isWhole(file, bytes(20, file.length))
      await storage.removeFiles(container, files)
      await provider.putHiddenFile(container, 'ab/part', bytes(10), call)
      assert.deepEqual(await context.names(), [])
    },
  },
  {
    id: 'R.4',
    name: 'a container that has only hidden files is empty, and they go with it',
    needs: needs.resumableUploads,
    async run(context) {
      const { storage, call } = context
      const provider = withResumableUploads(context.provider)
      const container = await context.newContainer()
      for (const onlyIfEmpty of [true, false]) {
        await provider.putHiddenFile(container, 'ab/part', bytes(10), call)
        await storage.destroyContainer(container, { onlyIfEmpty })
        await storage.createContainer({ name: container })
        const page = await provider.listHiddenFiles(container, { ...call, prefix: '', limit: 10 })
        assert.deepEqual(page.entries, [])
        await rejects(provider.readHiddenFile(container, 'ab/part', call), 'FILE_NOT_FOUND')
      }
    },
  },
  {
    id: 'R.5',
    name: 'hidden files of a missing container are CONTAINER_NOT_FOUND',
    needs: needs.resumableUploads,
    async run(context) {
      const { call } = context
      const provider = withResumableUploads(context.provider)
      const container = context.containerName()
      await rejects(provider.putHiddenFile(container, 'ab/part', bytes(10), call), 'CONTAINER_NOT_FOUND')
      await rejects(provider.readHiddenFile(container, 'ab/part', call), 'CONTAINER_NOT_FOUND')
      await rejects(provider.listHiddenFiles(container, { ...call, prefix: '', limit: 10 }), 'CONTAINER_NOT_FOUND')
      await rejects(provider.removeHiddenFiles(container, ['ab/part'], call), 'CONTAINER_NOT_FOUND')
    },
  },
]
