import { expect, it } from 'vitest'
import { OpenStackProvider } from '../src/index.js'

it('rejects an unknown option, and names it and the known ones', () => {
  const misspelt = { authUrll: 'http://127.0.0.1' }
  expect(() => new OpenStackProvider(misspelt as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: { property: 'authUrll' },
      message: expect.stringMatching(/^unknown option "authUrll" for OpenStackProvider \(known: .*\bauthUrl\b/),
    }),
  )
})
