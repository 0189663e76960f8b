import { compareNames } from '@stowage/core/provider'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  afterHidden,
  beyond,
  containerNames,
  fileName,
  maxNameBytes,
  objectName,
  pathOf,
  segmentsOf,
} from '../src/names.js'

/** Text in which what needs care is common. */
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
  test('every name comes back', () => {
    fc.assert(fc.property(name, (file) => fileName(objectName(file)) === file))
  })

  test('no name of an object holds a NUL', () => {
    fc.assert(fc.property(name, (file) => !objectName(file).includes('\0')))
  })

  test('the order of names is that of the objects', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(Math.sign(compareNames(objectName(a), objectName(b)))).toBe(Math.sign(compareNames(a, b)))
      }),
    )
  })

  test('ordinary names stay as they are', () => {
    for (const file of ['a b/c.txt', 'Grüße/世界 😀', '%2F', '..', '~/.a', 'a\tb']) expect(objectName(file)).toBe(file)
  })

  test('a name that the escapes make too long is refused, with the reason', () => {
    expect(() => objectName('\0'.repeat(600))).toThrow(/U\+0001 count as two bytes/)
    expect(objectName('\0'.repeat(512))).toHaveLength(1024)
  })

  test('what is beyond a beginning is after all names with it and before all others', () => {
    for (const beginning of ['a/', 'é', 'x'.repeat(1020), '\u{10ffff}']) {
      const room = maxNameBytes - Buffer.byteLength(beginning)
      const last = beginning + '\u{10ffff}'.repeat(Math.floor(room / 4)) + '\x7f'.repeat(room % 4)
      expect(compareNames(beyond(beginning), last)).toBeGreaterThan(0)
      expect(beyond(beginning).startsWith(beginning)).toBe(true)
    }
  })
})

describe('paths', () => {
  test('no client and no proxy can take a segment out of a path', () => {
    fc.assert(
      fc.property(name, (file) => {
        const path = `/v1/account${pathOf('container', file)}`
        expect(new URL(path, 'http://host').pathname).toBe(path)
        expect(path).not.toMatch(/\/\//)
        expect(decodeURIComponent(path)).toBe(`/v1/account/container/${file}`)
      }),
    )
  })

  test('ordinary names read as they are', () => {
    expect(pathOf('photos', '2024/01/cat.jpg')).toBe('/photos/2024/01/cat.jpg')
    expect(pathOf('photos', "it's (a) *b*!")).toBe('/photos/it%27s%20%28a%29%20%2Ab%2A%21')
  })
})

describe('the container beside', () => {
  test('it is hidden, and no container of a user can have its name', () => {
    const rule = new RegExp(`^(?:${containerNames.pattern})$`, 'u')
    for (const container of ['a', 'photos', 'é'.repeat(128), 'x'.repeat(240), 'x'.repeat(256)]) {
      expect(rule.test(container)).toBe(true)
      expect(afterHidden(container)).toBeUndefined()
      const beside = segmentsOf(container)
      expect(Buffer.byteLength(beside)).toBeLessThanOrEqual(256)
      expect(rule.test(beside)).toBe(false)
      expect(afterHidden(beside)).toBeDefined()
    }
    expect(segmentsOf('x'.repeat(255))).not.toBe(segmentsOf('x'.repeat(256)))
    expect(rule.test('stowage-segments')).toBe(true)
  })
})
