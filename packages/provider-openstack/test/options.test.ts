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

it.each<[options: object, message: string]>([
  [{ username: 'ada', password: 'hush' }, 'option "authUrl" of OpenStackProvider is missing'],
  [{ authUrl: 'http://127.0.0.1', username: 'ada' }, 'option "password" of OpenStackProvider is missing'],
])('rejects %o, and names the option and the rule', (options, message) => {
  expect(() => new OpenStackProvider(options as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  )
})
