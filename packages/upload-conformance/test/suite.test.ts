import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { allCases, runSuite } from '../src/index.js'
import { startStowage } from './servers.ts'

it('Stowage passes every case of what it offers', async () => {
  const { url, content } = await startStowage()
  const seen: string[] = []
  const result = await runSuite(url, { content, interop: 8, onCase: ({ id }) => void seen.push(id) })
  expect(result.cases.filter(({ outcome }) => outcome !== 'passed')).toEqual([
    expect.objectContaining({
      id: 'tus/concatenation-unfinished/final-first',
      outcome: 'refused',
      reason: 'no concatenation-unfinished in Tus-Extension',
    }),
  ])
  expect(seen).toEqual(allCases.map(({ id }) => id))
  expect(result.totals.tus).toMatchObject({ failed: 0, refused: 1 })
  expect(result.totals.ietf).toMatchObject({ failed: 0, refused: 0 })
  expect(result).toMatchObject({ suite: { name: '@stowage/upload-conformance' }, url, offer: { content: true } })
})

it('without a version of the drafts and without a place for contents, those cases are not counted', async () => {
  const { url } = await startStowage()
  const { cases } = await runSuite(url, { only: 'ietf/' })
  expect(cases.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  const reasons = new Set(cases.filter(({ outcome }) => outcome === 'refused').map(({ reason }) => reason))
  expect([...reasons].toSorted()).toEqual(['it is not known where contents can be read', 'no interim responses'])
})

it('a server that offers neither protocol fails nothing', async () => {
  const server = createServer((_, res) => res.end('hello'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { cases } = await runSuite(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect(cases.every(({ outcome }) => outcome === 'refused')).toBe(true)
})

it('ids are unique', () => {
  expect(new Set(allCases.map(({ id }) => id)).size).toBe(allCases.length)
})

it('an unreachable server is an error of the run', async () => {
  await expect(runSuite('http://127.0.0.1:1/files')).rejects.toThrow('OPTIONS: no response')
})
