import { expect, it } from 'vitest'
import { RackspaceProvider } from '../src/index.js'

it('rejects an unknown option, and names it and the known ones', () => {
  const misspelt = { username: 'u', apikey: 'k' }
  expect(() => new RackspaceProvider(misspelt as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: { property: 'apikey' },
      message: expect.stringMatching(/^unknown option "apikey" for RackspaceProvider \(known: .*\bapiKey\b/),
    }),
  )
})
