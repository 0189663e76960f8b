import { expect, it } from 'vitest'
import { StorageService } from '../../src/index.js'
import type { FilePage, ListFilesCallOptions } from '../../src/provider.js'
import { fakeProvider } from '../fake-provider.js'

/** Lists the files 0 to 9, at most three in a page, and notes what it is asked for. */
function tenFiles() {
  const asked: number[] = []
  const listFiles = async (container: string, { limit, next = '0' }: ListFilesCallOptions): Promise<FilePage> => {
    asked.push(limit)
    const from = Number(next)
    const to = Math.min(from + Math.min(limit, 3), 10)
    const entries = Array.from({ length: to - from }, (_, index) => ({
      container,
      name: String(from + index),
      size: 0,
      etag: '"1"',
      mtime: new Date(0),
    }))
    return to === 10 ? { entries } : { entries, next: String(to) }
  }
  return { asked, storage: new StorageService(fakeProvider({ listFiles })) }
}

const namesOf = (entries: readonly { readonly name: string }[]) => entries.map(({ name }) => name).join('')

it('A page is as long as was asked for, however short those of the provider are', async () => {
  const { asked, storage } = tenFiles()
  const first = await storage.filePage('box', { limit: 8 })
  expect(namesOf(first.entries)).toBe('01234567')
  expect(asked).toEqual([8, 5, 2])
  const second = await storage.filePage('box', { limit: 8, cursor: first.cursor ?? '' })
  expect(namesOf(second.entries)).toBe('89')
  expect(second.cursor).toBeUndefined()
})

it('A page that ends with the list has no cursor', async () => {
  const { storage } = tenFiles()
  const page = await storage.filePage('box', { limit: 10 })
  expect(namesOf(page.entries)).toBe('0123456789')
  expect(page.cursor).toBeUndefined()
})
