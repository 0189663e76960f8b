import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { names, never, newStorage, openProvider, put, readText } from './fixture.js'

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

it('a list of hidden files has one of two that replace each other at the same time', async () => {
  const { root, provider } = await newStorage()
  const other = openProvider(root)
  const add = (name: string) => provider.putHiddenFile('box', `group/${name}`, new Uint8Array(), { signal: never })
  // Listed first, so that there is time between the two.
  for (let index = 0; index < 50; index++) await add(`a${index}`)
  const state = { isReplacing: true }
  const replace = async () => {
    for (let round = 0; round < 200; round++) {
      await add(`b${round + 1}`)
      await provider.removeHiddenFiles('box', [`group/b${round}`], { signal: never })
    }
    state.isReplacing = false
  }
  const list = async () => {
    while (state.isReplacing) {
      const { entries } = await other.listHiddenFiles('box', { prefix: 'group/', limit: 100, signal: never })
      expect(entries.length).toBeGreaterThan(50)
    }
  }
  await add('b0')
  await Promise.all([replace(), list(), list()])
})
