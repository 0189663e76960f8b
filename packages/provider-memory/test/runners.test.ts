import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { StorageService } from '@stowage/core'
import { allCategories, type ConformanceResult, registerConformance, type TestRunner } from '@stowage/core/conformance'
import { describe, it, onTestFinished, vi } from 'vitest'
import { createMemoryStore, MemoryProvider } from '../src/index.js'

/** Returns the registered titles without running the cases. */
function titlesOf(createProvider: () => MemoryProvider) {
  const titles: { readonly title: string; readonly skip: boolean }[] = []
  const runner: TestRunner = {
    describe: (_title, define) => define(),
    it: (title, { skip = false }) => void titles.push({ title, skip }),
  }
  registerConformance(runner, 'memory', { createProvider })
  return titles
}

describe('The registration of the conformance suite', () => {
  const titles = titlesOf(() => new MemoryProvider())

  it('has at least 250 cases, each with a unique id', () => {
    const ids = titles.map(({ title }) => title.split(' ')[0] ?? '')
    assert.ok(ids.length >= 250, `${ids.length} cases`)
    assert.equal(new Set(ids).size, ids.length)
    for (const id of ids) assert.match(id, /^[A-QZ]\.[1-9][0-9]*$/)
  })

  it('has every category, with ids from 1 without a gap', () => {
    assert.equal(Object.keys(allCategories).join(''), 'ABCDEFGHIJKLMNOPQ')
    for (const [letter, { cases }] of Object.entries(allCategories)) {
      const numbers = cases.map(({ id }) => {
        assert.ok(id.startsWith(`${letter}.`), id)
        return Number(id.slice(letter.length + 1))
      })
      assert.deepEqual(
        numbers.toSorted((a, b) => a - b),
        numbers.map((_, index) => index + 1),
      )
    }
  })

  it('names the capability that excludes a case', () => {
    const ruledOut = titles.filter(({ title }) => title.includes(' — '))
    assert.ok(ruledOut.length > 0)
    for (const { title, skip } of ruledOut) {
      assert.match(title, /^[A-Q]\.[0-9]+ .+ — (?:rejected|skipped): (?:capabilities|harness)\./)
      assert.equal(skip, title.includes(' — skipped: '))
    }
    assert.ok(!titles.some(({ title, skip }) => skip && !title.includes(' — skipped: ')))
  })

  it('has the same cases for a provider without parts, and rejects or skips those about multipart uploads', () => {
    const without = titlesOf(() => new MemoryProvider({ capabilities: { parts: false } }))
    assert.equal(without.length, titles.length)
    assert.ok(without.some(({ title }) => /^G\.11 .* — rejected: capabilities\.parts is false$/.test(title)))
  })

  it('fills and empties large containers through the harness if possible', async () => {
    // A run that writes reports already has one of this provider.
    vi.stubEnv('STOWAGE_CONFORMANCE_REPORT', undefined)
    onTestFinished(() => void vi.unstubAllEnvs())
    const store = createMemoryStore()
    const direct = new StorageService(new MemoryProvider({ store }))
    const calls: string[] = []
    const cases = new Map<string, () => Promise<void>>()
    const runner: TestRunner = {
      describe: (_title, define) => define(),
      it: (title, _options, run) => void cases.set(title, run),
    }
    registerConformance(runner, 'memory', {
      createProvider: () => new MemoryProvider({ store }),
      bulk: {
        put: async (container, files) => {
          calls.push(`put ${files.length}`)
          for (const file of files) await direct.putFile(container, file, '')
        },
        clear: async (container) => {
          calls.push('clear')
          const files = await direct.getFiles(container)
          await direct.removeFiles(
            container,
            files.map(({ name }) => name),
          )
        },
      },
    })
    for (const title of [
      'M.1 an empty container',
      'M.28 1,001 files',
      'M.30 10,001 files',
      'Z.1 nothing of the run is left',
    ]) {
      await (cases.get(title) ?? assert.fail(title))()
    }
    assert.deepEqual(calls, ['put 10001', 'clear'])
  })

  it('waits for streams that are closed late', async () => {
    let opened = 0
    class LateProvider extends MemoryProvider {
      override async openFile(...args: Parameters<MemoryProvider['openFile']>) {
        const file = await super.openFile(...args)
        if (!('stream' in file)) return file
        const { stream } = file
        const destroy = stream._destroy.bind(stream)
        // The last stream that the case does not read to its end.
        if (++opened === 99) stream._destroy = (error, done) => void setTimeout(() => destroy(error, done), 500)
        return file
      }
    }
    const cases = new Map<string, () => Promise<void>>()
    const runner: TestRunner = {
      describe: (_title, define) => define(),
      it: (title, _options, run) => void cases.set(title.split(' ')[0] ?? '', run),
    }
    registerConformance(runner, 'late', { createProvider: () => new LateProvider() })
    await (cases.get('E.8') ?? assert.fail('no case E.8'))()
    assert.equal(opened, 101)
  })

  it('runs under node:test, and writes its result', async () => {
    const reports = await mkdtemp(join(tmpdir(), 'stowage-report-'))
    onTestFinished(() => rm(reports, { recursive: true }))
    const file = fileURLToPath(new URL('node-test/conformance.js', import.meta.url))
    const args = ['--test', '--test-reporter=tap', '--test-name-pattern=/^[HZ]\\./', file]
    // A nested run of node:test reports to its parent.
    const { NODE_TEST_CONTEXT: _context, ...env } = process.env
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...env, STOWAGE_CONFORMANCE_REPORT: reports },
    })
    const cases = allCategories['H']?.cases.length ?? 0
    assert.match(stdout, new RegExp(`^# pass ${cases + 1}$`, 'm'))
    assert.match(stdout, /^# fail 0$/m)
    const result = JSON.parse(await readFile(join(reports, 'memory.json'), 'utf8')) as ConformanceResult
    assert.equal(result.name, 'memory')
    assert.deepEqual(result.categories['H'], { passed: cases, failed: 0, 'ruled out': 0 })
    assert.equal(result.totals.passed, cases)
    const skipped = result.cases.find(({ id }) => id === 'P.2')
    assert.deepEqual([skipped?.outcome, skipped?.reason], ['ruled out', 'capabilities.signedUrls is false'])
  })
})
