import { expect, it } from 'vitest'
import { RackspaceProvider } from '../src/index.js'

it('refuses an option that it does not have, and names it and those that it has', () => {
  const misspelt = { username: 'u', apikey: 'k' }
  expect(() => new RackspaceProvider(misspelt as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: { property: 'apikey' },
      message: expect.stringMatching(/^unknown option "apikey" for RackspaceProvider \(known: .*\bapiKey\b/),
    }),
  )
})
