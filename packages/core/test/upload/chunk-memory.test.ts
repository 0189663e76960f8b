import { describe, expect, it } from 'vitest'
import { freeChunk, giveAwayChunk } from '../../src/kit/chunk-memory.js'

describe('A chunk', () => {
  it('that was given away is empty when it was freed, and can be freed again', () => {
    const chunk = Buffer.alloc(65_536, 1)
    giveAwayChunk(chunk)
    freeChunk(chunk)
    expect(chunk.length).toBe(0)
    freeChunk(chunk)
  })

  it('that was not given away stays unchanged', () => {
    const chunk = Buffer.alloc(65_536, 1)
    freeChunk(chunk)
    expect(chunk.equals(Buffer.alloc(65_536, 1))).toBe(true)
  })

  it('that is only a part of its memory stays as it is', () => {
    const whole = Buffer.alloc(65_536, 1)
    for (const part of [whole.subarray(1), whole.subarray(0, -1)]) {
      giveAwayChunk(part)
      freeChunk(part)
    }
    expect(whole.equals(Buffer.alloc(65_536, 1))).toBe(true)
  })
})
