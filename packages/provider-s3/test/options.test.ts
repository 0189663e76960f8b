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

it.each<[options: object, message: string]>([
  [{ region: 5 }, 'option "region" of S3Provider must be a string that is not empty'],
  [{ endpoint: 'not a URL' }, 'option "endpoint" of S3Provider must be a URL that begins with http:// or https://'],
  [{ conditionalWrites: 'some' }, 'option "conditionalWrites" of S3Provider must be "all", "puts" or false'],
  [{ key: 'a key without its id' }, 'option "key" of S3Provider must be given together with keyId'],
])('rejects %o, and names the option and the rule', (options, message) => {
  expect(() => new S3Provider(options as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }))
})
