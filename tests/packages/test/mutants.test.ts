import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fsMutants } from '../../../scripts/mutants/fs.ts'
import { memoryMutants } from '../../../scripts/mutants/memory.ts'
import { redisMutants } from '../../../scripts/mutants/redis.ts'

const repository = join(import.meta.dirname, '..', '..', '..')

const mutants = [...fsMutants, ...memoryMutants, ...redisMutants]

test('each case in the table of bugs has a mutant', async () => {
  const decisions = await readFile(join(repository, 'docs/decisions.md'), 'utf8')
  const [, section = ''] = decisions.split('## The bugs of the SQLite provider are mutants\n')
  const [, table = ''] = section.split('| bug | cases |\n|---|---|\n')
  const rows = table.slice(0, table.indexOf('\n\n')).split('\n')
  const named = rows.flatMap((row) => (row.split('|')[2] ?? '').split(',').map((id) => id.trim()))
  const detected = new Set(mutants.map((mutant) => mutant.case))
  expect(named.length).toBeGreaterThan(18)
  expect(named.filter((id) => !detected.has(id))).toEqual([])
})

test('the text of every mutant occurs exactly once in its file', async () => {
  const counts = await Promise.all(
    mutants.map(async ({ name, file, find }) => {
      const source = await readFile(join(repository, file), 'utf8')
      return [name, source.split(find).length - 1] as const
    }),
  )
  expect(counts.length).toBeGreaterThan(50)
  expect(counts.filter(([, count]) => count !== 1)).toEqual([])
})
