import { expect, it } from 'vitest'
import { S3Provider } from '../src/index.js'

it('refuses an option that it does not have, and names it and those that it has', () => {
  const misspelt = { regoin: 'eu-west-1' }
  expect(() => new S3Provider(misspelt as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: { property: 'regoin' },
      message: expect.stringMatching(/^unknown option "regoin" for S3Provider \(known: .*\bregion\b/),
    }),
  )
})
