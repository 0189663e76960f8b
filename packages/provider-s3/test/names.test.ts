import { compareNames } from '@stowage/core/provider'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escapeName, isXmlText, keyOf, keyPrefixOf, nameOf } from '../src/mapping/names.js'

/** Pieces that the escaping handles. */
const pieces = [
  '.',
  '..',
  '...',
  '/',
  '\0',
  '\u0001',
  '\t',
  '\n',
  '\v',
  '\f',
  '\r',
  '\u000e',
  '\u001f',
  ' ',
  '@',
  'I',
  'J',
  'K',
  'M',
  'N',
  '_',
  'a',
]
const hostileName = fc
  .array(fc.constantFrom(...pieces, '\ufffd', '\ufffe', '\uffff', '\u{10000}', '\u{10ffff}'), { maxLength: 8 })
  .map((parts) => parts.join(''))

describe('A name', () => {
  test.each([
    'cat.jpg',
    'a/b/c',
    'a b',
    'ü/👩‍👩‍👧‍👦',
    '/a//b/',
    '.hidden',
    '...',
    'a/..b',
    'Icon\r',
    '%2e',
    '~',
    '\u007f',
  ])('without special characters is its own key: %j', (name) => {
    expect(escapeName(name)).toBe(name)
  })

  test('is decoded from its key', () => {
    fc.assert(fc.property(hostileName, (name) => nameOf(escapeName(name)) === name))
  })

  test('has a key that XML can contain and that no URL parser changes', () => {
    fc.assert(
      fc.property(hostileName, (name) => {
        const key = escapeName(name)
        const path = `/container/${key.split('/').map(encodeURIComponent).join('/')}`
        return isXmlText(key) && new URL(path, 'http://127.0.0.1').pathname === path
      }),
    )
  })

  test('has a key that begins with the key prefix of each of its prefixes', () => {
    fc.assert(
      fc.property(hostileName, hostileName, (prefix, rest) =>
        escapeName(prefix + rest).startsWith(keyPrefixOf(prefix)),
      ),
    )
  })

  test('sorts as its key does', () => {
    const names = [
      'a',
      'a/',
      'a/.',
      'a/./',
      'a/./b',
      'a/..',
      'a/../b',
      'a/...',
      'a/.../b',
      'a/..b',
      'a/.b',
      'a/b',
      'a\0',
      'a\t',
      'a\n',
      'a\v',
      'a\r',
      'a\u000e',
      'a ',
      'a\ufffd',
      'a\ufffe',
      'a\uffff',
      'a\u{10000}',
    ]
    const sorted = names.toSorted(compareNames)
    expect(names.toSorted((a, b) => compareNames(escapeName(a), escapeName(b)))).toEqual(sorted)
  })

  test('sorts as its key does, with any characters except U+10FFFF', () => {
    const name = hostileName.filter((text) => !text.includes('\u{10ffff}'))
    fc.assert(
      fc.property(
        name,
        name,
        (a, b) => Math.sign(compareNames(escapeName(a), escapeName(b))) === Math.sign(compareNames(a, b)),
      ),
      { numRuns: 2000 },
    )
  })

  test('is rejected if its key is too long', () => {
    expect(keyOf('a'.repeat(1024))).toHaveLength(1024)
    expect(() => keyOf('\0'.repeat(600))).toThrow(/1200 bytes/)
  })
})
