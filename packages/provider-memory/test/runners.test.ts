import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { StorageService } from '@stowage/core'
import {
  allCategories,
  type ConformanceResult,
  caseListHash,
  conformanceBadge,
  registerConformance,
  type TestRunner,
} from '@stowage/core/conformance'
import { Ajv2020 } from 'ajv/dist/2020.js'
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
    for (const id of ids) assert.match(id, /^[A-Z]\.[1-9][0-9]*$/)
  })

  it('has every category, with ids from 1 without a gap', () => {
    const letters = Object.keys(allCategories).join('')
    assert.match(letters, /^ABCDEFGHIJKLMNOPQR[S-Y]*$/)
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
      assert.match(title, /^[A-Y]\.[0-9]+ .+ — (?:rejected|skipped): (?:capabilities|harness)\./)
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

  it('adds the last operations to the failure of a case, and shortens what it compares', async () => {
    vi.stubEnv('STOWAGE_CONFORMANCE_REPORT', undefined)
    onTestFinished(() => void vi.unstubAllEnvs())
    class ForgetfulProvider extends MemoryProvider {
      override async listFiles(...args: Parameters<MemoryProvider['listFiles']>) {
        const page = await super.listFiles(...args)
        return { ...page, entries: page.entries.slice(1) }
      }
    }
    const cases = new Map<string, () => Promise<void>>()
    const runner: TestRunner = {
      describe: (_title, define) => define(),
      it: (title, _options, run) => void cases.set(title.split(' ')[0] ?? '', run),
    }
    const store = createMemoryStore()
    registerConformance(runner, 'forgetful', { createProvider: () => new ForgetfulProvider({ store }) })
    const errorOf = async (id: string) => {
      const error = await (cases.get(id) ?? assert.fail(id))().catch((thrown: unknown) => thrown)
      assert.ok(error instanceof assert.AssertionError)
      return error
    }
    assert.match(
      (await errorOf('M.3')).message,
      /\nlast operations: .*putFile ".+" succeeded, filePage ".+" succeeded$/,
    )
    const long = await errorOf('M.28')
    assert.ok(long.message.length < 1500, `${long.message.length} characters`)
    assert.deepEqual([long.actual, long.expected], [undefined, undefined])
  })

  it('fails a case that hangs, with its last operations, and cleans up', async () => {
    vi.stubEnv('STOWAGE_CONFORMANCE_REPORT', undefined)
    onTestFinished(() => void vi.unstubAllEnvs())
    class HangingProvider extends MemoryProvider {
      override removeFile = () => new Promise<never>(() => {})
    }
    const cases = new Map<string, () => Promise<void>>()
    const runner: TestRunner = {
      describe: (_title, define) => define(),
      it: (title, _options, run) => void cases.set(title.split(' ')[0] ?? '', run),
    }
    const store = createMemoryStore()
    registerConformance(runner, 'hanging', { createProvider: () => new HangingProvider({ store }), timeout: 500 })
    await assert.rejects(cases.get('O.1') ?? assert.fail(), {
      message: /^the case does not end within 0\.5 s\nlast operations: .*putFile "[^"]+" succeeded/,
    })
    await (cases.get('Z.1') ?? assert.fail())()
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

  it('runs selected cases under node:test, and writes their result', async () => {
    const reports = await mkdtemp(join(tmpdir(), 'stowage-report-'))
    onTestFinished(() => rm(reports, { recursive: true }))
    const file = fileURLToPath(new URL('node-test/conformance.js', import.meta.url))
    const args = ['--test', '--test-reporter=tap', '--test-name-pattern=/^H\\./', file]
    // A nested run of node:test reports to its parent.
    const { NODE_TEST_CONTEXT: _context, ...env } = process.env
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...env, STOWAGE_CONFORMANCE_REPORT: reports },
    })
    const cases = allCategories['H']?.cases.length ?? 0
    assert.match(stdout, new RegExp(`^# pass ${cases}$`, 'm'))
    assert.match(stdout, /^# fail 0$/m)
    const result = JSON.parse(await readFile(join(reports, 'memory.json'), 'utf8')) as ConformanceResult
    assert.equal(result.name, 'memory')
    const schema = new URL('../node_modules/@stowage/core/docs/conformance-result.schema.json', import.meta.url)
    const isValid = new Ajv2020({ strict: true }).compile(JSON.parse(await readFile(schema, 'utf8')) as object)
    assert.ok(isValid(result), JSON.stringify(isValid.errors))
    assert.equal(await readFile(join(reports, 'memory.svg'), 'utf8'), conformanceBadge(result))
    assert.match(conformanceBadge(result), new RegExp(`>${result.totals.passed} passed<`))
    assert.equal(result.caseList, caseListHash())
    assert.deepEqual(result.categories['H'], { passed: cases, failed: 0, rejected: 0, skipped: 0 })
    assert.equal(result.totals.passed, cases)
    const skipped = result.cases.find(({ id }) => id === 'P.2')
    assert.deepEqual([skipped?.outcome, skipped?.reason], ['skipped', 'capabilities.signedUrls is false'])
  })
})
