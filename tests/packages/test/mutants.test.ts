import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fsMutants } from '../../../scripts/mutants/fs.ts'
import { memoryMutants } from '../../../scripts/mutants/memory.ts'

const packages = join(import.meta.dirname, '..', '..', '..', 'packages')

test('the text of every mutant occurs exactly once in its file', async () => {
  const mutants = [...fsMutants, ...memoryMutants]
  const counts = await Promise.all(
    mutants.map(async ({ name, file, find }) => {
      const source = await readFile(join(packages, file), 'utf8')
      return [name, source.split(find).length - 1] as const
    }),
  )
  expect(counts.length).toBeGreaterThan(50)
  expect(counts.filter(([, count]) => count !== 1)).toEqual([])
})
