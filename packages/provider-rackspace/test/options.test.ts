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

it.each<[options: object, message: string]>([
  [{ username: 'ada', apiKey: '' }, 'option "apiKey" of RackspaceProvider must be a string that is not empty'],
])('rejects %o, and names the option and the rule', (options, message) => {
  expect(() => new RackspaceProvider(options as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  )
})
