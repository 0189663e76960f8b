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
