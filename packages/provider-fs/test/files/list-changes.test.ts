import { realpathSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { FilesystemProvider } from '../../src/index.js'
import { list, names, never, newStorage, openProvider, put } from '../fixture.js'

/** How often the container's directory was read. */
let reads = 0

vi.mock('../../src/disk/system.js', async (original) => {
  const system = await original<typeof import('../../src/disk/system.js')>()
  const opendir: typeof system.opendir = Object.assign((...parameters: Parameters<typeof system.opendir>) => {
    // On a busy machine, small directories are read in this way too.
    if (basename(realpathSync(parameters[0])) === 'box') reads++
    return system.opendir(...parameters)
  }, system.opendir)
  return { ...system, opendir }
})

beforeEach(() => {
  reads = 0
})

const numbered = (folder: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${folder}${String(index).padStart(4, '0')}`)

async function write(box: string, files: readonly string[]): Promise<void> {
  for (const file of files) await writeFile(join(box, file), '')
}

/**
 * Returns the names of a list. The providers return the pages in turn, and `change` runs after each
 * page.
 */
async function listed(providers: readonly FilesystemProvider[], after: (page: number) => Promise<void>) {
  const names: string[] = []
  let next: string | undefined
  let page = 0
  do {
    const provider = providers[page % providers.length] as FilesystemProvider
    const options = { signal: never, prefix: '', limit: 100, ...(next === undefined ? {} : { next }) }
    const { entries, next: further } = await provider.listFiles('box', options)
    names.push(...entries.map(({ name }) => name))
    next = further
    await after(page++)
  } while (next !== undefined)
  return { names, pages: page }
}

describe('A large directory that changes after each page', () => {
  it('is read once or twice for a list, and no name is repeated or left out', async () => {
    const { provider, box } = await newStorage()
    const old = numbered('', 3000)
    await write(box, old)
    const all = await listed([provider], (page) => write(box, [`${page}-new`]))
    expect(all.names.filter((name) => !name.endsWith('-new'))).toEqual(old)
    expect(new Set(all.names).size).toBe(all.names.length)
    expect(all.pages).toBeGreaterThan(40)
    expect(reads).toBeLessThanOrEqual(2)
  })

  it('is read no more often if a name in it is longer than a directory entry', async () => {
    const { provider, box } = await newStorage()
    await write(box, numbered('', 2000))
    await put(provider, 'x'.repeat(500), '')
    expect(await names(provider)).toHaveLength(2001)
    expect(reads).toBeLessThanOrEqual(2)
  })

  it('is read once or twice by each of two providers that return the pages in turn', async () => {
    const { root, provider, box } = await newStorage()
    const old = numbered('', 3000)
    await write(box, old)
    const all = await listed([provider, openProvider(root)], (page) => write(box, [`${page}-new`]))
    expect(all.names.filter((name) => !name.endsWith('-new'))).toEqual(old)
    expect(reads).toBeLessThanOrEqual(4)
  })

  it('is listed without files that were deleted before the page', async () => {
    const { provider, box } = await newStorage()
    await write(box, numbered('', 2000))
    const all = await listed([provider], async (page) => {
      if (page === 0) await provider.removeFiles('box', ['1500', '1501'], { signal: never })
    })
    expect(all.names).toEqual(numbered('', 2000).filter((name) => name !== '1500' && name !== '1501'))
  })
})

describe('A finished write', () => {
  it('is visible to every list that begins later, also in directories of its later pages', async () => {
    const { root, provider, box } = await newStorage()
    const other = openProvider(root)
    await put(provider, 'folder/x', '')
    await write(box, [...numbered('a', 200), ...numbered('folder/', 2000)])
    for (let round = 0; round < 3; round++) {
      for (const each of [provider, other]) {
        const before = (await list(each)).length
        await put(other, `folder/1000 ${round} ${before}`, '')
        expect(await list(each)).toHaveLength(before + 1)
        // One provider begins the list, and the other one continues it.
        const all = await listed([provider, other], async () => undefined)
        expect(all.names).toHaveLength(before + 1)
      }
    }
  })

  it('in a small directory is visible to the next page', async () => {
    const { provider } = await newStorage()
    for (const name of numbered('', 200)) await put(provider, name, '')
    const all = await listed([provider], async (page) => {
      if (page === 1) await put(provider, 'zz', '')
    })
    expect(all.names).toEqual([...numbered('', 200), 'zz'])
  })
})
