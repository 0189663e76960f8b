/**
 * A provider of one's own that is wrong, or has a bug: what its author gets to see.
 */
import { execFile } from 'node:child_process'
import { inspect, promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type StorageError, StorageService } from '../../src/index.js'
import { describeCause, ProviderWrapper } from '../../src/provider.js'
import { fakeProvider } from '../fake-provider.js'

const secret = 's3cret'

function buggyCall(): never {
  const options: { readonly nothing?: { readonly key: string } } = {}
  return (options.nothing as { readonly key: string }).key as never
}

describe('a bug in a provider', () => {
  it('is found by the stack of its cause', async () => {
    const storage = new StorageService(fakeProvider({ getFile: async () => buggyCall() }))
    const error = await storage.getFile('c', 'f').catch((caught: StorageError) => caught)
    expect(error).toMatchObject({
      code: 'INTERNAL',
      message: 'unexpected error from provider "fake": TypeError',
      operation: 'getFile',
    })
    const { cause } = error as StorageError
    expect(inspect(cause)).toContain('at buggyCall (')
    expect(inspect(error)).toContain('provider-errors.test.ts')
  })

  it.each<[string, () => Error]>([
    ['an error', () => new Error(`key ${secret}`)],
    ['one of several lines', () => new TypeError(`first\n    at ${secret} (${secret})\nlast`)],
    ['one that looks like a stack', () => new TypeError(`\n    at ${secret} (${secret})`)],
    [
      'one whose message was changed',
      () => {
        const error = new RangeError(`key ${secret}\n    at ${secret}\nend`)
        error.message = 'changed'
        return error
      },
    ],
    ['one with properties', () => Object.assign(new Error('x'), { key: secret, code: 'E_SOME' })],
    ['one with a cause', () => new Error('x', { cause: new Error(secret) })],
  ])('keeps the message of %s out of sight', async (_, make) => {
    const storage = new StorageService(
      fakeProvider({
        getFile: async () => {
          throw make()
        },
      }),
    )
    const error = await storage.getFile('c', 'f').catch((caught: unknown) => caught)
    const shown = inspect(error, { depth: 9, showHidden: true })
    expect(shown).not.toContain(secret)
    expect(inspect((error as StorageError).cause)).toContain('provider-errors.test.ts')
  })

  it('is printed with NODE_DEBUG=stowage', async () => {
    const program = `
      import { describeCause } from ${JSON.stringify(new URL('../../dist/provider.js', import.meta.url).href)}
      describeCause(new RangeError('key ${secret}'))`
    const stderrWith = async (NODE_DEBUG: string) => {
      const env = { ...process.env, NODE_DEBUG }
      const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env })
      return stderr
    }
    expect(await stderrWith('stowage')).toContain(`RangeError: key ${secret}`)
    expect(await stderrWith('')).toBe('')
  })

  it('has no stack when it is a failure of the operating system', () => {
    const failure = Object.assign(new Error('ENOENT: /srv/secret'), { syscall: 'open', code: 'ENOENT' })
    expect(describeCause(failure).stack).toBeUndefined()
  })

  it('is told by its type when it is no error', async () => {
    const storage = new StorageService(fakeProvider({ getFile: () => Promise.reject(secret) }))
    await expect(storage.getFile('c', 'f')).rejects.toMatchObject({ cause: { name: 'string', message: 'string' } })
  })
})

describe('new StorageService', () => {
  class Mine extends ProviderWrapper {}

  it.each<[string, unknown, string]>([
    ['settings', { provider: 'filesystem', root: '.' }, 'not settings: call await createStorage(settings) instead'],
    ['a class', Mine, 'not the class "Mine": pass an instance of it, made with new'],
    ['a promise', Promise.resolve(), 'not a promise: await it'],
    ['another service', new StorageService(fakeProvider({})), 'not a StorageService'],
    ['nothing', undefined, 'not undefined'],
    ['null', null, 'not null'],
    ['a name', 'filesystem', 'not string'],
    [
      'half a provider',
      { ...Object.fromEntries([['listFiles', () => 1]]) },
      'but the value lacks the methods listContainers,',
    ],
    ['a provider without a name', fakeProvider({ name: '' }), 'but the value has no name'],
    ['one without capabilities', fakeProvider({ capabilities: null as never }), 'but the value has no capabilities'],
  ])('refuses %s, and says what to do', (_, value, message) => {
    expect(() => new StorageService(value as never)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`new StorageService() requires a provider, ${message}`),
      }),
    )
  })

  it.each([
    [{ retires: 3 }, 'retires'],
    [{ retry: { atempts: 1 } }, 'atempts'],
    [{ retry: { attempts: 0 } }, 'retry.attempts'],
    [{ retry: { minDelay: Number.NaN } }, 'retry.minDelay'],
    [{ partSize: 0 }, 'partSize'],
    [null, 'options'],
  ])('refuses the options %j', (options, property) => {
    expect(() => new StorageService(fakeProvider({}), options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { property } }),
    )
  })
})
