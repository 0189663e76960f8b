import { isStorageError } from '@stowage/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMetadata, encodeMetadata } from '../src/mapping/attributes.js'

describe('Metadata as headers', () => {
  it('does not change ordinary pairs', () => {
    const pairs = { author: 'Jane Doe', camera_2: 'X100 (black); f/2', url: 'https://example.org/?a=b%20c' }
    expect(encodeMetadata(pairs)).toEqual(pairs)
  })

  it.each([
    [{ 'my-key': 'a' }, { my_x002d_key: 'a' }],
    [{ '1st': 'a' }, { _x0031_st: 'a' }],
    [{ constructor: 'a' }, { _x0063_onstructor: 'a' }],
    [{ _x002d_: 'a' }, { _x005f_x002d_: 'a' }],
    [{ title: 'Größe' }, { title: '=?utf-8?B?R3LDtsOfZQ==?=' }],
    [{ title: '' }, { title: '=?utf-8?B??=' }],
    [{ title: ' padded ' }, { title: '=?utf-8?B?IHBhZGRlZCA=?=' }],
    [{ title: '=?utf-8?B?YQ==?=' }, { title: '=?utf-8?B?PT91dGYtOD9CP1lRPT0/PQ==?=' }],
  ])('escapes %j', (pairs, headers) => {
    expect(encodeMetadata(pairs)).toEqual(headers)
    expect(decodeMetadata(headers)).toEqual(pairs)
  })

  it('is decoded from identifiers and visible ASCII, whatever its characters', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: fc.constantFrom('_', 'x', '0', 'a', '-', 'é', '\n', ' '), maxLength: 12 }),
    )
    const key = text.filter((each) => each !== '').map((each) => each.toLowerCase())
    fc.assert(
      fc.property(fc.array(fc.tuple(key, text), { maxLength: 5 }), (pairs) => {
        const metadata = Object.fromEntries(pairs)
        const headers = encodeMetadata(metadata)
        for (const [name, value] of Object.entries(headers)) {
          expect(name).toMatch(/^[a-z_][a-z0-9_]*$/)
          expect(value).toMatch(/^[!-~]+( [!-~]+)*$/)
        }
        expect(decodeMetadata(headers)).toEqual(metadata)
      }),
      { numRuns: 300 },
    )
  })

  it('is rejected if it is too large after escaping', () => {
    const tooLarge = () => encodeMetadata({ ['-'.repeat(4096)]: '' })
    expect(tooLarge).toThrow(/8192 that Azure allows/)
    expect(() => encodeMetadata({ a: 'ß'.repeat(2000) })).not.toThrow()
    try {
      tooLarge()
    } catch (error) {
      expect(isStorageError(error, 'INVALID_ARGUMENT')).toBe(true)
    }
  })
})
