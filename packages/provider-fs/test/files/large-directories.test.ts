import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareNames } from '@stowage/core/provider'
import { describe, expect, it } from 'vitest'
import { SortedNames } from '../../src/files/sorted-names.js'
import { names, newStorage } from '../fixture.js'

/** 20,000 different names in no order. */
const manyNames = (digit: (value: number) => string) =>
  Array.from({ length: 20_000 }, (_, index) =>
    Array.from(String((index * 7919) % 20_011), Number)
      .map(digit)
      .join(''),
  )

const sorted = async (unsorted: readonly string[]) => {
  const names = new SortedNames()
  for (const name of unsorted) names.add(name)
  return names.merged()
}

describe('The names of a large directory', () => {
  it('are sorted in the order of the engine if all are plain', async () => {
    const unsorted = manyNames(String)
    expect(await sorted(unsorted)).toEqual(unsorted.toSorted())
  })

  it('are sorted by their UTF-8 bytes if the order of the engine differs', async () => {
    const digits = ['a', 'z', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{1f600}', '/', ' ']
    const unsorted = manyNames((value) => digits[value] ?? '')
    expect(await sorted(unsorted)).toEqual(unsorted.toSorted(compareNames))
    expect(await sorted(['\u{1f600}', ...manyNames(String), '\uffff'])).toEqual([
      ...manyNames(String).toSorted(),
      '\uffff',
      '\u{1f600}',
    ])
  })

  it('are all listed once', async () => {
    const { provider, box } = await newStorage()
    const files = Array.from({ length: 9000 }, (_, index) => `file ${String(index).padStart(4, '0')}`)
    for (const name of files.toReversed()) await writeFile(join(box, name), '')
    expect(await names(provider)).toEqual(files)
  })
})
