import { describe, expect, it } from 'vitest'
import { checkRange } from '../../src/contract/range.js'
import { resolveRange } from '../../src/provider.js'

describe('a range', () => {
  it.each([
    [undefined, 10, { offset: 0, length: 10 }],
    [undefined, 0, { offset: 0, length: 0 }],
    [{ start: 0 }, 10, { offset: 0, length: 10 }],
    [{ start: 3, end: 3 }, 10, { offset: 3, length: 1 }],
    [{ start: 3, end: 99 }, 10, { offset: 3, length: 7 }],
    [{ suffix: 4 }, 10, { offset: 6, length: 4 }],
    [{ suffix: 40 }, 10, { offset: 0, length: 10 }],
  ])('%j of %i bytes is %j', (range, size, resolved) => {
    expect(resolveRange(range, size)).toEqual(resolved)
  })

  it.each([
    [{ start: 10 }, 10],
    [{ start: 0 }, 0],
    [{ suffix: 0 }, 10],
    [{ suffix: 5 }, 0],
  ])('%j of %i bytes cannot be satisfied, and the error has the size', (range, size) => {
    expect(() => resolveRange(range, size)).toThrow(
      expect.objectContaining({ code: 'RANGE_NOT_SATISFIABLE', details: { size } }),
    )
  })

  it.each([
    { start: -1 },
    { start: 1.5 },
    { start: Number.NaN },
    { start: 5, end: 4 },
    { suffix: -1 },
    {} as { start: number },
  ])('%j is refused as an argument', (range) => {
    expect(() => checkRange(range)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
