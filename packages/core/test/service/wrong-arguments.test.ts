/**
 * Every argument and every option of every method, with values that it cannot have.
 */
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Method, methodOptions } from '../../src/checks/method-options.js'
import { copyBetween, moveBetween, StorageError, StorageService } from '../../src/index.js'
import { willingProvider } from '../fake-provider.js'
import { argumentsOf, call } from './methods.js'

const isRefusal = (error: unknown) =>
  error instanceof StorageError &&
  (error.code.startsWith('INVALID_') || error.code === 'SIZE_MISMATCH' || error.code === 'SOURCE_FAILED')

/** Values that some arguments may have, and others not. */
const oddValues = [
  null,
  undefined,
  true,
  -1,
  0.5,
  Number.NaN,
  10n,
  '',
  '\ud800',
  [],
  [null],
  {},
  Object.create(null),
  () => 1,
  new Date(Number.NaN),
]

const storage = new StorageService(willingProvider())

describe.each(Object.keys(methodOptions) as Method[])('%s', (method) => {
  const given = argumentsOf(method)
  const optionNames = Object.keys(methodOptions[method])
  const withArgument = (index: number, value: unknown) => given.toSpliced(index, 1, value)
  const withOption = (name: string, value: unknown) => {
    const options = given.at(-1) as object
    return withArgument(given.length - 1, { ...options, [name]: value })
  }

  it('succeeds with right arguments', () => call(storage, method, given))

  it.each([...given.keys()])('refuses a symbol as argument %i', async (index) => {
    const error = await call(storage, method, withArgument(index, Symbol('wrong'))).catch((caught: unknown) => caught)
    expect(error).toSatisfy(isRefusal)
  })

  it.each(optionNames)('refuses a symbol as the option %s', async (name) => {
    const error = await call(storage, method, withOption(name, Symbol('wrong'))).catch((caught: unknown) => caught)
    expect(error).toSatisfy(isRefusal)
  })

  it('succeeds or refuses with a StorageError, whatever the arguments and options', async () => {
    const calls = oddValues.flatMap((value) => [
      ...given.map((_, index) => withArgument(index, value)),
      ...optionNames.map((name) => withOption(name, value)),
    ])
    for (const wrong of [[], ...calls]) {
      await call(storage, method, wrong).catch((error: unknown) => {
        if (!isRefusal(error)) throw new Error(`${method} failed in another way`, { cause: [wrong, error] })
      })
    }
  })
})

describe.each([copyBetween, moveBetween])('%o', (transfer) => {
  const place = { storage, container: 'c', file: 'f' }

  it('succeeds or refuses with a StorageError, whatever the arguments', async () => {
    await transfer(place, { ...place, file: 'g' })
    for (const value of oddValues) {
      for (const wrong of [
        [value, place],
        [place, value],
        [place, place, value],
        [{ ...place, storage: value }, place],
        [place, { ...place, container: value }],
        [place, place, { metadata: value }],
      ]) {
        await (transfer as (...wrong: unknown[]) => Promise<unknown>)(...wrong).catch((error: unknown) => {
          expect(error, inspect(value)).toSatisfy(isRefusal)
        })
      }
    }
    await expect(transfer(place, place, { contenType: 'text/plain' } as never)).rejects.toThrow(
      /^unknown option "contenType" for (copy|move)Between \(known: /,
    )
  })
})

describe('an opened file', () => {
  it('refuses what is no writable, and options that sendTo does not have', async () => {
    const opened = await storage.openFile('c', 'f')
    await expect(opened.sendTo(null as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(opened.sendTo(process.stdout, { reuse: true } as never)).rejects.toMatchObject({
      details: { property: 'reuse' },
    })
  })
})
