import assert from 'node:assert/strict'
import { createStorage, isStorageError } from '@stowage/core'
import type { ProviderModule } from '@stowage/core/provider'
import { describe, it } from 'vitest'
import * as memory from '../src/index.js'

/** The module, as an application passes it instead of the provider's name. */
const provider: ProviderModule = memory

describe('The memory provider as a data source', () => {
  it('needs no settings', async () => {
    await using storage = await createStorage({ provider })
    await storage.createContainer({ name: 'photos' })
    await storage.putFile('photos', 'cat.txt', 'meow')
    assert.equal(await (await storage.openFile('photos', 'cat.txt')).text(), 'meow')
    assert.equal(storage.name, 'memory')
  })

  it('has a new store each time', async () => {
    await using first = await createStorage({ provider })
    await using second = await createStorage({ provider })
    await first.createContainer({ name: 'photos' })
    assert.equal(await second.hasContainer('photos'), false)
  })

  it('accepts capabilities that replace its own, each as a whole', async () => {
    const capabilities = {
      parts: false,
      maxPutSize: 10,
      conditions: { create: false, update: 'emulated', remove: 'atomic', destroyEmpty: 'emulated' },
    }
    await using storage = await createStorage({ provider, capabilities })
    assert.equal(storage.capabilities.parts, false)
    assert.deepEqual(storage.capabilities.conditions, capabilities.conditions)
    assert.equal(storage.capabilities.maxPageSize, memory.defaultCapabilities.maxPageSize)
    await storage.createContainer({ name: 'photos' })
    await assert.rejects(storage.putFile('photos', 'a', 'text', { ifNoneMatch: '*' }), { code: 'NOT_SUPPORTED' })
    await assert.rejects(storage.putFile('photos', 'a', 'more than ten bytes'), { code: 'TOO_LARGE' })
  })

  it('rejects unknown and invalid settings, and names them', async () => {
    for (const settings of [
      { root: '/tmp' },
      { capabilities: { maxPutSize: 'many' } },
      { capabilities: { fast: true } },
    ]) {
      const error: unknown = await createStorage({ name: 'mine', provider, ...settings }).catch(
        (reason: unknown) => reason,
      )
      assert.ok(isStorageError(error, 'INVALID_ARGUMENT'))
      assert.match(error.message, /root|maxPutSize|fast/)
      assert.match(error.message, /mine/)
    }
  })

  it("shares a given store, such as another provider's", async () => {
    const first = new memory.MemoryProvider()
    const second = new memory.MemoryProvider({ store: first.native })
    const call = { signal: new AbortController().signal }
    await first.createContainer('photos', call)
    assert.equal((await second.getContainer('photos', call)).name, 'photos')
    await second.destroyContainer('photos', { ...call, onlyIfEmpty: true })
    await assert.rejects(first.getContainer('photos', call), { code: 'CONTAINER_NOT_FOUND' })
  })
})
