import { expect, it } from 'vitest'
import { MemoryProvider } from '../src/index.js'

it('rejects an unknown option, and names it and the known ones', () => {
  const misspelt = { capabilites: {} }
  expect(() => new MemoryProvider(misspelt as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: { property: 'capabilites' },
      message: expect.stringMatching(/^unknown option "capabilites" for MemoryProvider \(known: .*\bcapabilities\b/),
    }),
  )
})

it.each<[options: object, message: string]>([
  [{ capabilities: 7 }, 'option "capabilities" of MemoryProvider must be an object of capabilities, each as a whole'],
])('rejects %o, and names the option and the rule', (options, message) => {
  expect(() => new MemoryProvider(options as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  )
})
