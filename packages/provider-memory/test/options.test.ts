import { expect, it } from 'vitest'
import { MemoryProvider } from '../src/index.js'

it('refuses an option that it does not have, and names it and those that it has', () => {
  const misspelt = { capabilites: {} }
  expect(() => new MemoryProvider(misspelt as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: { property: 'capabilites' },
      message: expect.stringMatching(/^unknown option "capabilites" for MemoryProvider \(known: .*\bcapabilities\b/),
    }),
  )
})
