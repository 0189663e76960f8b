import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Directories } from '../../src/disk/directories.js'
import { names, newStorage, put } from '../fixture.js'

const deepName = (first: string, segments: number): string =>
  [first, ...Array.from({ length: segments - 2 }, () => 'd'), 'f'].join('/')

/**
 * Returns how often directories are looked up by their whole paths. The cost of each look-up is
 * proportional to the depth.
 */
async function lookupsOf(call: () => Promise<unknown>): Promise<number> {
  const acquire = vi.spyOn(Directories.prototype, 'acquire')
  try {
    await call()
    return acquire.mock.calls.length
  } finally {
    acquire.mockRestore()
  }
}

describe('Names of many segments', () => {
  // On other systems, each path is resolved before every use.
  it.runIf(process.platform === 'linux')('are listed without a look-up of the whole path at each level', async () => {
    const lookups: number[] = []
    for (const segments of [20, 511]) {
      const { provider } = await newStorage()
      const files = ['a', 'b', 'c'].map((first) => deepName(first, segments))
      for (const file of files) await put(provider, file, '')
      lookups.push(await lookupsOf(async () => expect(await names(provider)).toEqual(files)))
    }
    const [few, many] = lookups
    expect(many).toBe(few)
  })

  it('are listed with files at every level, before and after the directories', async () => {
    const { provider, box } = await newStorage()
    const files: string[] = []
    for (let depth = 0, base = ''; depth < 30; depth++, base += 'm/') {
      await mkdir(join(box, base, 'y'), { recursive: true })
      for (const name of ['a', 'y/b', 'z']) {
        await writeFile(join(box, base, name), '')
        files.push(base + name)
      }
    }
    expect(await names(provider)).toEqual(files.toSorted())
  })

  it('leave no directory open after a list', async () => {
    const { provider } = await newStorage()
    await put(provider, deepName('a', 300), '')
    await names(provider)
    provider.close()
    const before = await openDescriptors()
    for (let count = 0; count < 5; count++) await names(provider)
    provider.close()
    expect(await openDescriptors()).toBe(before)
  })
})

const openDescriptors = async (): Promise<number> => (await readdir('/dev/fd')).length
