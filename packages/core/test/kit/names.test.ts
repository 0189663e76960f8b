import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkContainerName, checkFileName, portableContainerName } from '../../src/index.js'
import { compareNames } from '../../src/provider.js'

describe('names', () => {
  it('are compared in the order of their bytes in UTF-8', () => {
    const name = fc.string({ unit: 'binary', maxLength: 8 })
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(Math.sign(compareNames(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
      { numRuns: 1000, seed: 1 },
    )
  })

  it('of files may be any well-formed text of 1 to 1,024 bytes', () => {
    for (const name of ['a', '/', '..', '\0', '%2e', '🙂', 'é'.repeat(512)])
      expect(() => checkFileName(name)).not.toThrow()
    for (const name of ['', 'é'.repeat(513), '\ud800', 'a\udc00b', 7, null, undefined]) {
      expect(() => checkFileName(name)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
    }
  })

  it('of containers that are portable are accepted by the rule that says so', () => {
    for (const name of ['abc', 'a-b-c', '0a9'])
      expect(() => checkContainerName(name, portableContainerName)).not.toThrow()
    for (const name of ['ab', 'a--b', '-ab', 'ab-', 'Abc', 'a_b', 'a.b', 'abc\n', 'a'.repeat(64)]) {
      expect(() => checkContainerName(name, portableContainerName)).toThrow(/must be 3 to 63 lower-case/)
    }
  })
})
