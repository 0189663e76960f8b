import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { names, newStorage, put, readText } from './fixture.js'

it('Processes that increment one counter with its ETag lose no increment, and only one of them creates each file', async () => {
  const { root, provider } = await newStorage()
  const rounds = 100
  const counters = ['a', 'b', 'c']
  await put(provider, 'counter', '0')
  const created = await Promise.all(
    counters.map(async (name) => {
      const child = fork(new URL('./children/counter.ts', import.meta.url), [root, String(rounds), name])
      const [[count], [code]] = await Promise.all([once(child, 'message'), once(child, 'exit')])
      expect(code).toBe(0)
      return Number(count)
    }),
  )
  expect(await readText(provider, 'counter')).toBe(String(rounds * counters.length))
  expect(created.reduce((sum, count) => sum + count)).toBe(rounds)
  expect(await names(provider, { prefix: 'created/' })).toHaveLength(rounds)
  expect(await readdir(join(root, '.stowage', 'locks'))).toEqual([])
  expect(await readdir(join(root, '.stowage', 'tmp'))).toEqual([])
})
