/**
 * What is said of wrong settings, whichever library the schema is of.
 */
import { describe, expect, it } from 'vitest'
import { createStorage, loadDataSources } from '../../src/index.js'
import type { ProviderModule } from '../../src/provider.js'
import { fakeProvider } from '../fake-provider.js'

type Issue = { readonly message: string; readonly path?: readonly PropertyKey[] }

/**
 * A provider whose schema refuses with these issues and, as valibot and zod do, shows its
 * properties.
 */
function refusing(issues: readonly Issue[], shown: object = {}): ProviderModule {
  return {
    settings: { ...shown, '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } },
    createProvider: () => fakeProvider({}),
  }
}

const messageOf = async (module: ProviderModule, settings: object = {}) =>
  createStorage({ ...settings, provider: module } as never).then(
    () => 'no error',
    ({ message }: Error) => message,
  )

describe('wrong settings', () => {
  it.each([['entries'], ['shape']])(
    'name an unknown property and the known ones, which the schema shows as %s',
    async (shown) => {
      const module = refusing([{ message: 'Unrecognized', path: ['kye'] }], { [shown]: { key: {}, region: {} } })
      expect(await messageOf(module)).toBe(
        'unknown property "kye" for the provider (known: key, region, partSize, parallelism, retry, policy, ' +
          'maxFileSize, maxFieldsSize, allowedContentTypes, getFilename, nameConflict, acl)',
      )
    },
  )

  it.each([
    ['must be a path', 'property "root" of the provider must be a path'],
    ['is missing', 'property "root" of the provider is missing'],
    ['Invalid type', 'property "root" of the provider: Invalid type'],
  ])('continue the sentence with %j', async (message, sentence) => {
    expect(await messageOf(refusing([{ message, path: ['root'] }], { entries: { root: {} } }))).toBe(sentence)
  })

  it('name the data source, all that is wrong, and settings that are wrong as a whole', async () => {
    const issues = [{ message: 'is missing', path: ['a', 'b'] }, { message: 'must be complete' }]
    expect(await messageOf(refusing(issues), { name: 'files' })).toBe(
      'data source "files": property "a.b" of the provider is missing; the settings of the provider must be complete',
    )
  })
})

describe.each([createStorage, loadDataSources])('%o', (make) => {
  it('rejects with a StorageError, whatever its arguments', async () => {
    for (const value of [undefined, null, 1, Symbol('wrong'), [], {}, () => 1, '']) {
      for (const wrong of [[value], [{ provider: refusing([]) }, value], ['file', value]]) {
        const error = await (make as (...wrong: unknown[]) => Promise<unknown>)(...wrong).catch((e: unknown) => e)
        expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
      }
    }
    const misspelt = [{ provider: refusing([]) }, { directroy: '.', enviroment: {} }] as never[]
    const given = make === createStorage ? misspelt : ['file', misspelt[1]]
    await expect((make as (...given: unknown[]) => Promise<unknown>)(...given)).rejects.toThrow(/^unknown option "/)
  })
})
