import { expect, it } from 'vitest'
import { OpenStackProvider } from '../src/index.js'

it('refuses an option that it does not have, and names it and those that it has', () => {
  const misspelt = { authUrll: 'http://127.0.0.1' }
  expect(() => new OpenStackProvider(misspelt as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: { property: 'authUrll' },
      message: expect.stringMatching(/^unknown option "authUrll" for OpenStackProvider \(known: .*\bauthUrl\b/),
    }),
  )
})
