import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { choosePartSize, growingPartSize } from '../../src/upload/uploader.js'

const limits = fc.record({
  minPartSize: fc.integer({ min: 1, max: 1000 }),
  maxPartSize: fc.constant(5 * 1024 ** 3),
  maxParts: fc.integer({ min: 1, max: 10_000 }),
})

describe('part sizes', () => {
  it('of a body of known length never need more parts than the service allows', () => {
    fc.assert(
      fc.property(
        limits,
        fc.integer({ min: 1, max: 2 ** 40 }),
        fc.integer({ min: 1, max: 2 ** 27 }),
        (limit, size, wanted) => {
          fc.pre(size <= limit.maxPartSize * limit.maxParts)
          const partSize = choosePartSize(wanted, size, limit)
          expect(Math.ceil(size / partSize)).toBeLessThanOrEqual(limit.maxParts)
          expect(partSize).toBeGreaterThanOrEqual(limit.minPartSize)
          expect(partSize).toBeLessThanOrEqual(limit.maxPartSize)
        },
      ),
      { numRuns: 2000, seed: 1 },
    )
  })

  it('stay as wanted while they do', () => {
    expect(choosePartSize(8, 80, { minPartSize: 1, maxPartSize: 100, maxParts: 10 })).toBe(8)
    expect(choosePartSize(8, undefined, { minPartSize: 1, maxPartSize: 100, maxParts: 10 })).toBe(8)
  })

  it('of a body of unknown length are equal for the first half of the parts, then grow past five terabytes', () => {
    const service = { maxParts: 10_000, maxPartSize: 5 * 1024 ** 3 }
    const first = 8 * 1024 ** 2
    let total = 0
    for (let part = 1; part <= service.maxParts; part++) {
      const size = growingPartSize(part, first, service)
      if (part <= 5000) expect(size).toBe(first)
      expect(size).toBeLessThanOrEqual(service.maxPartSize)
      total += size
    }
    expect(total).toBeGreaterThan(5 * 1024 ** 4)
  })
})
