/**
 * The conformance suite, and cases of its own, with the filesystem provider on Windows: in a
 * process of Node for Windows, which writes the results to a file.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { CaseResult, ListedCase } from '../src/results.ts'
import { findWindows } from '../src/windows-node.ts'

/** Milliseconds. A busy machine needs ten times as long as an idle one. */
const timeout = 1_800_000

const windows = await findWindows()

describe('The filesystem on Windows', async () => {
  if (typeof windows === 'string') {
    it.skip(`runs under Wine or on Windows — skipped: ${windows}`, () => undefined)
    return
  }
  const { directory, windowsDirectory, system } = windows
  const separator = system === 'wine' ? '\\' : '/'
  const start = (mode: 'list' | 'run', output: string) =>
    windows.run('program.ts', mode, windowsDirectory + separator + output, windowsDirectory, system)

  await start('list', 'cases.json').catch(async (error: unknown) => {
    await windows[Symbol.asyncDispose]()
    throw error
  })
  const listed: readonly ListedCase[] = JSON.parse(await readFile(join(directory, 'cases.json'), 'utf8'))
  const results = new Map<string, CaseResult>()
  let ended: unknown = 'the program ended'

  beforeAll(async () => {
    await start('run', 'results').catch((error: unknown) => {
      ended = error
    })
    const lines = (await readFile(join(directory, 'results'), 'utf8').catch(() => '')).trim().split('\n')
    for (const line of lines.filter(Boolean)) {
      const result: CaseResult = JSON.parse(line)
      results.set(result.title, result)
    }
  }, timeout)
  afterAll(() => windows[Symbol.asyncDispose]())

  for (const { title, skip } of listed) {
    if (skip !== false) it.skip(skip === '' ? title : `${title} — skipped: ${skip}`, () => undefined)
    else {
      it(title, () => {
        const result = results.get(title)
        if (result === undefined) throw new Error(`no result, because ${ended}`)
        if (result.failure !== undefined) throw new Error(result.failure)
      })
    }
  }
})
