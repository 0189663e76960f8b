import { compareNames } from '@stowage/core/provider'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  afterHidden,
  containerNames,
  fileName,
  lastKeyUnder,
  maxNameBytes,
  objectName,
  pathOf,
  segmentsContainer,
} from '../src/mapping/names.js'

/** Text in which the characters with special handling are frequent. */
const name = fc
  .array(
    fc.oneof(
      fc.constantFrom('\0', '\x01', '\x02', '\x03', '/', '.', 'a', '\u{10ffff}', '\ud7ff'),
      fc.string({ unit: 'binary' }),
    ),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''))
  .filter((text) => text !== '' && text.isWellFormed() && Buffer.byteLength(text) <= 400)

describe('names of objects', () => {
  test('every name is returned unchanged', () => {
    fc.assert(fc.property(name, (file) => fileName(objectName(file)) === file))
  })

  test('no name of an object contains a NUL', () => {
    fc.assert(fc.property(name, (file) => !objectName(file).includes('\0')))
  })

  test('objects are in the order of the files', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(Math.sign(compareNames(objectName(a), objectName(b)))).toBe(Math.sign(compareNames(a, b)))
      }),
    )
  })

  test('ordinary names are not changed', () => {
    for (const file of ['a b/c.txt', 'Grüße/世界 😀', '%2F', '..', '~/.a', 'a\tb']) expect(objectName(file)).toBe(file)
  })

  test('a name that is too long because of its escapes is rejected with the reason', () => {
    expect(() => objectName('\0'.repeat(600))).toThrow(/U\+0001 count as two bytes/)
    expect(objectName('\0'.repeat(512))).toHaveLength(1024)
  })

  test('the last key under a prefix is after all names with the prefix and before all others', () => {
    for (const prefix of ['a/', 'é', 'x'.repeat(1020), '\u{10ffff}']) {
      const room = maxNameBytes - Buffer.byteLength(prefix)
      const last = prefix + '\u{10ffff}'.repeat(Math.floor(room / 4)) + '\x7f'.repeat(room % 4)
      expect(compareNames(lastKeyUnder(prefix), last)).toBeGreaterThan(0)
      expect(lastKeyUnder(prefix).startsWith(prefix)).toBe(true)
    }
  })
})

describe('paths', () => {
  test('no client and no proxy removes a segment of a path', () => {
    fc.assert(
      fc.property(name, (file) => {
        const path = `/v1/account${pathOf('container', file)}`
        expect(new URL(path, 'http://host').pathname).toBe(path)
        expect(path).not.toMatch(/\/\//)
        expect(decodeURIComponent(path)).toBe(`/v1/account/container/${file}`)
      }),
    )
  })

  test('ordinary names stay readable', () => {
    expect(pathOf('photos', '2024/01/cat.jpg')).toBe('/photos/2024/01/cat.jpg')
    expect(pathOf('photos', "it's (a) *b*!")).toBe('/photos/it%27s%20%28a%29%20%2Ab%2A%21')
  })
})

describe('the segments container', () => {
  test('is hidden, and no container of a user can have its name', () => {
    const rule = new RegExp(`^(?:${containerNames.pattern})$`, 'u')
    for (const container of ['a', 'photos', 'é'.repeat(128), 'x'.repeat(240), 'x'.repeat(256)]) {
      expect(rule.test(container)).toBe(true)
      expect(afterHidden(container)).toBeUndefined()
      const segments = segmentsContainer(container)
      expect(Buffer.byteLength(segments)).toBeLessThanOrEqual(256)
      expect(rule.test(segments)).toBe(false)
      expect(afterHidden(segments)).toBeDefined()
    }
    expect(segmentsContainer('x'.repeat(255))).not.toBe(segmentsContainer('x'.repeat(256)))
    expect(rule.test('stowage-segments')).toBe(true)
  })
})
