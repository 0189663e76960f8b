import { expect, it } from 'vitest'
import { S3Provider } from '../src/index.js'

it('rejects an unknown option, and names it and the known ones', () => {
  const misspelt = { regoin: 'eu-west-1' }
  expect(() => new S3Provider(misspelt as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: { property: 'regoin' },
      message: expect.stringMatching(/^unknown option "regoin" for S3Provider \(known: .*\bregion\b/),
    }),
  )
})
