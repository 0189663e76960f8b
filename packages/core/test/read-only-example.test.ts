/**
 * The read-only wrapper of the guide for providers, as it is printed there: nothing that changes
 * the storage passes it.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StorageService } from '../src/index.js'
import { providerMethods, type StorageProvider } from '../src/provider.js'
import { willingProvider } from './fake-provider.js'

const reading = [
  'listContainers',
  'getContainer',
  'listFiles',
  'getFile',
  'openFile',
  'listParts',
  'listUploads',
  'readHiddenFile',
  'verifyUrl',
  'listHiddenFiles',
  'close',
]

let directory: string
let ReadOnly: new (inner: StorageProvider) => StorageProvider

beforeAll(async () => {
  const guide = await readFile(join(import.meta.dirname, '../docs/writing-a-provider.md'), 'utf8')
  const example = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code).at(-1) ?? ''
  const core = new URL('../dist/provider.js', import.meta.url).href
  directory = await mkdtemp(join(tmpdir(), 'stowage-example-'))
  const file = join(directory, 'read-only.mjs')
  await writeFile(file, stripTypeScriptTypes(example).replace("'@stowage/core/provider'", JSON.stringify(core)))
  ;({ ReadOnly } = await import(file))
})

afterAll(() => rm(directory, { recursive: true }))

/** A read-only provider, and the calls that reached the provider in it. */
function recorded() {
  const reached: string[] = []
  const willing = { ...willingProvider(), moveFile: async () => undefined }
  const inner = new Proxy(willing as unknown as StorageProvider, {
    get(target, property, receiver) {
      const value: unknown = Reflect.get(target, property, receiver)
      if (typeof value !== 'function') return value
      return (...given: readonly unknown[]) => {
        reached.push(String(property))
        return (value as (...given: readonly unknown[]) => unknown)(...given)
      }
    },
  })
  return { reached, provider: new ReadOnly(inner) }
}

describe('ReadOnly', () => {
  it.each(providerMethods.filter((method) => !reading.includes(method) && method !== 'signUrl'))(
    'refuses %s',
    async (method) => {
      const { reached, provider } = recorded()
      const call = provider[method] as (...given: readonly unknown[]) => Promise<unknown>
      await expect(call.call(provider, 'c', 'f', {}, {})).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
      expect(reached).toEqual([])
    },
  )

  it('signs URLs for reading only', async () => {
    const { reached, provider } = recorded()
    const storage = new StorageService(provider)
    await storage.signUrl('c', 'f', { method: 'GET', expiresIn: 1 })
    await expect(storage.signUrl('c', 'f', { method: 'PUT', expiresIn: 1 })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    })
    expect(reached).toEqual(['signUrl'])
  })

  it('reads', async () => {
    const { reached, provider } = recorded()
    const storage = new StorageService(provider)
    expect(await (await storage.openFile('c', 'f')).text()).toBe('a')
    await storage.getFiles('c')
    expect(reached).toEqual(['openFile', 'listFiles'])
  })
})
