import { expect, it } from 'vitest'
import { AzureProvider } from '../src/index.js'

it('rejects an unknown option, and names it and the known ones', () => {
  const misspelt = { storageAcount: 'a', storageAccessKey: 'aw==' }
  expect(() => new AzureProvider(misspelt as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: { property: 'storageAcount' },
      message: expect.stringMatching(/^unknown option "storageAcount" for AzureProvider \(known: .*\bstorageAccount\b/),
    }),
  )
})

it.each<[options: object, message: string]>([
  [
    { storageAccount: 'a', storageAccessKey: 7 },
    'option "storageAccessKey" of AzureProvider must be a string that is not empty',
  ],
  [
    { storageAccount: 'a', storageAccessKey: 'aw==', endpoint: 'zzz' },
    'option "endpoint" of AzureProvider must be a URL',
  ],
])('rejects %o, and names the option and the rule', (options, message) => {
  expect(() => new AzureProvider(options as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  )
})
