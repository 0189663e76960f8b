/**
 * Every method, with options of names that it does not have.
 */
import { describe, expect, it } from 'vitest'
import { type Method, methodOptions } from '../../src/checks/method-options.js'
import { type StorageError, StorageService } from '../../src/index.js'
import { fakeProvider } from '../fake-provider.js'
import { argumentsOf, call } from './methods.js'

describe.each(Object.keys(methodOptions) as Method[])('%s', (method) => {
  it('refuses an option that it does not have, names it and those that it has, and asks nothing of the provider', async () => {
    const error = await refusal(method, { sgnal: AbortSignal.abort() })
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', details: { property: 'sgnal' } })
    const known = Object.keys(methodOptions[method]).join(', ')
    expect(error.message).toMatch(/^unknown option "sgnal" for \w+ \(known: /)
    expect(error.message).toContain(`(known: ${known})`)
  })

  it('takes an unknown option that is undefined for one that is left out', async () => {
    const error = await refusal(method, { sgnal: undefined })
    expect(error.message).not.toContain('sgnal')
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('has no option %s', async (name) => {
    const error = await refusal(method, Object.fromEntries([[name, 1]]))
    expect(error.details).toEqual({ property: name })
  })

  it('refuses options that are inherited as well', async () => {
    expect((await refusal(method, Object.create({ sgnal: 1 }))).details).toEqual({ property: 'sgnal' })
  })
})

/** The error of a call, which may be the fake provider's own. */
async function refusal(method: Method, options: object): Promise<StorageError> {
  const parameters = argumentsOf(method)
  const given = { ...(parameters.at(-1) as object), ...options }
  const inherited = Object.getPrototypeOf(options) === Object.prototype ? given : options
  const storage = new StorageService(fakeProvider({}), { retry: { attempts: 1 } })
  return call(storage, method, [...parameters.slice(0, -1), inherited]).then(
    () => expect.unreachable(`${method} did not fail`),
    (error: StorageError) => error,
  )
}
