/** Every case can fail: each one notices a defect that is made for it. */
import { describe, expect, it } from 'vitest'
import { allCases, runSuite } from '../src/index.js'
import { defects } from './defects.ts'
import { startIdle, startStowage } from './servers.ts'

/** No server that the tests have offers it. */
const onlyIdle = ['tus/concatenation-unfinished/final-first']

describe.each(Object.entries(defects))('%s', (_title, { noticedBy, ...defect }) => {
  it.concurrent.each(noticedBy)('is noticed by %s', async (only) => {
    const { cases } = await runSuite(...(await broken(defect, only)))
    const [result] = cases.filter(({ id }) => id === only)
    expect(result).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/./) })
  })
})

async function broken(defect: Parameters<typeof startStowage>[0], only: string) {
  const { url, content } = await startStowage(defect)
  return [url, { content, only, interop: 8 }] as const
}

it('every case notices at least one defect', () => {
  const noticing = new Set([...Object.values(defects).flatMap(({ noticedBy }) => noticedBy), ...onlyIdle])
  expect(allCases.map(({ id }) => id).filter((id) => !noticing.has(id))).toEqual([])
})

it('a server that offers everything and does nothing fails nearly everything', async () => {
  const url = await startIdle()
  const { cases } = await runSuite(url, { content: `${url}/{name}`, interop: 8, timeout: 2000 })
  const passed = cases.filter(({ outcome }) => outcome !== 'failed').map(({ id }) => id)
  expect(passed).toEqual([
    'tus/core/options',
    'tus/core/options-version',
    'tus/checksum/algorithms',
    'ietf/creation/options',
    'ietf/creation/bad-complete',
  ])
})
