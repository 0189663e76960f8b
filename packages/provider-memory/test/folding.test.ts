import assert from 'node:assert/strict'
import { registerConformance, type TestRunner } from '@stowage/core/conformance'
import { ProviderWrapper, StorageError, type StorageProvider } from '@stowage/core/provider'
import { describe, it } from 'vitest'
import { createMemoryStore, MemoryProvider } from '../src/index.js'

const fold = (name: string): string => name.toLowerCase()

/** Each folder above the name, and the name. */
const pathsOf = (name: string): string[] =>
  name.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))

/** Ignores case like a volume of Windows: a second spelling of a file or a folder is rejected. */
class CaseIgnoring extends ProviderWrapper {
  override async putFile(...[container, file, body, options]: Parameters<StorageProvider['putFile']>) {
    const { entries } = await this.inner.listFiles(container, { prefix: '', limit: 1000, signal: options.signal })
    const spellings = new Map(entries.flatMap(({ name }) => pathsOf(name)).map((path) => [fold(path), path]))
    for (const path of pathsOf(file)) {
      const conflictsWith = spellings.get(fold(path)) ?? path
      if (conflictsWith !== path)
        throw new StorageError('NAME_CONFLICT', 'another spelling', { details: { conflictsWith } })
    }
    return this.inner.putFile(container, file, body, options)
  }
}

/** The cases with names that differ only in case. */
const ids = ['C.29', 'M.9', 'M.18', 'M.23', 'M.24', 'O.7']

/** Runs these cases, and returns the ids of those that fail. */
async function failures(open: (provider: StorageProvider) => StorageProvider, harness: { fold?: typeof fold }) {
  const cases: (readonly [title: string, run: () => Promise<void>])[] = []
  const runner: TestRunner = {
    describe: (_title, define) => define(),
    it: (title, _options, run) => void cases.push([title, run]),
  }
  const store = createMemoryStore()
  registerConformance(runner, 'memory', { createProvider: () => open(new MemoryProvider({ store })), ...harness })
  const failed: string[] = []
  for (const id of ids) {
    const [, run] = cases.find(([title]) => title.startsWith(`${id} `)) ?? []
    assert.ok(run !== undefined, id)
    await run().catch(() => failed.push(id))
  }
  return failed
}

describe('The conformance suite with the hook `fold`', () => {
  it('passes for a storage that rejects a second spelling', async () => {
    assert.deepEqual(await failures((provider) => new CaseIgnoring(provider), { fold }), [])
  })

  it('fails for one that stores both', async () => {
    assert.deepEqual(await failures((provider) => provider, { fold }), ['C.29'])
  })

  it('fails for a storage that rejects a second spelling, without the hook', async () => {
    // The other cases store their names at the same time, before this storage can compare them.
    assert.ok((await failures((provider) => new CaseIgnoring(provider), {})).includes('C.29'))
  })
})
