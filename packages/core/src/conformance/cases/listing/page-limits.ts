/**
 * M. Listing: the limit of a page, which core relies on.
 */
import assert from 'node:assert/strict'
import { defined } from '../../../kit/defined.js'
import type { ListCallOptions } from '../../../provider.js'
import type { ConformanceCase } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { namesOf } from '../../tools/expectations.js'
import { letters } from './list-model.js'

interface Page<T> {
  readonly entries: readonly T[]
  readonly next?: string
}

/** Returns the entries of all pages of the bare provider. Asserts their limit. */
export async function inProviderPages<T>(
  { call }: CaseContext,
  limit: number,
  request: (options: ListCallOptions) => Promise<Page<T>>,
): Promise<T[]> {
  const listed: T[] = []
  let next: string | undefined
  do {
    const page: Page<T> = await request({ ...call, limit, ...defined({ next }) })
    assert.ok(page.entries.length <= limit, `a page of ${page.entries.length} entries exceeds its limit of ${limit}`)
    listed.push(...page.entries)
    next = page.next
  } while (next !== undefined)
  return listed
}

export const pageLimits: readonly ConformanceCase[] = [
  {
    id: 'M.35',
    name: 'the bare provider returns at most `limit` files, folders and containers',
    async run(context) {
      const { provider, container, putMany, newContainer } = context
      const created = [container, await newContainer(), await newContainer()]
      await putMany([...letters, 'x/1', 'x/2', 'y/1', 'z'])
      for (const limit of [1, 2, 4]) {
        const files = await inProviderPages(context, limit, (options) =>
          provider.listFiles(container, { ...options, prefix: '', delimiter: '/' }),
        )
        assert.deepEqual(namesOf(files), [...letters, 'x/', 'y/', 'z'])
        const containers = await inProviderPages(context, limit, (options) => provider.listContainers(options))
        const names = containers.map(({ name }) => name)
        for (const name of created) assert.ok(names.includes(name), `${name} is not listed`)
      }
    },
  },
]
