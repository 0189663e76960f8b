import { compareNames } from '@stowage/core/provider'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  afterPrefix,
  blobName,
  bookkeepingPrefix,
  escapedPrefixOf,
  fileName,
  isReadable,
} from '../src/mapping/names.js'

/** Characters that are special for escaping, the order or Azure's rules. */
const special = [
  'a',
  'z',
  '.',
  '/',
  '\\',
  ' ',
  '-',
  '~',
  '[',
  ']',
  '\x00',
  '\x1f',
  '\x7f',
  '\x9f',
  '\u{1f600}',
  'é',
  '힣',
]
const high = ['\ud7ff', '\ue000', '\ufe0f', '（', '\uffee', '\uffef', '\ufffd', '\uffff', '\u{10000}', '\u{10ffff}']
const short = fc.string({ unit: fc.constantFrom(...special, ...high), minLength: 1, maxLength: 12 })
const long = fc
  .tuple(fc.string({ unit: 'binary', minLength: 100, maxLength: 220 }), short)
  .map((parts) => parts.join(''))
  .filter((name) => Buffer.byteLength(name) <= 1024)
const anyName = fc.oneof(short, long)

describe('Names of blobs', () => {
  it.each([
    'photo.jpg',
    'a/b/c.txt',
    '/leading',
    'a//b',
    '.hidden',
    ' spaces ',
    'über/日本語/😀.png',
    'a?b#c&d=e%20f+g',
    '"quoted" and \'so\'',
    '（株）契約書.pdf',
    'COM1',
    '...a',
    'x'.repeat(1024),
  ])('are unchanged for %j', (name) => {
    expect(blobName(name)).toBe(name)
  })

  it.each([
    ['a\\b.txt', '\uffeea[bb-dtxt'],
    ['Acme Inc./report.pdf', '\uffeeAcme _Inc-d-sreport-dpdf'],
    ['photos/', '\uffeephotos-s'],
    ['..', '\uffee-d-d'],
    ['a\tb', '\uffeea 9b'],
    ['trailing.', '\uffeetrailing-d'],
    ['../up', '\uffee-d-d-sup'],
  ])('are readable escapes for %j', (name, stored) => {
    expect(blobName(name)).toBe(stored)
    expect(fileName(stored)).toBe(name)
  })

  it('are escaped if the name has more than 254 segments', () => {
    const deepest = `${'a/'.repeat(253)}a`
    expect(blobName(deepest)).toBe(deepest)
    expect(blobName(`a/${deepest}`)).not.toContain('/')
  })

  it('are decoded for every name, have at most 1,024 units, and nothing that Azure rejects', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const stored = blobName(name)
        expect(fileName(stored)).toBe(name)
        expect(stored.length).toBeLessThanOrEqual(1024)
        expect(stored).not.toMatch(/[\0-\x1f\x7f-\x9f\\\ue000-\uf8ff\ufffe\uffff]|[./]$|\.\//)
        expect(stored.split('/').length).toBeLessThanOrEqual(254)
        expect(stored.startsWith(bookkeepingPrefix)).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it.each(['\\', '\0', '\u0085', 'a/', '。.', '\u{10ffff}\\'])('fit for 1,024 bytes of %j', (text) => {
    const name = text.repeat(Math.floor(1024 / Buffer.byteLength(text)))
    expect(blobName(name).length).toBeLessThanOrEqual(1024)
    expect(fileName(blobName(name))).toBe(name)
  })

  it('keep the order of escaped names', () => {
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        const [first, second] = [`\\${a}`, `\\${b}`]
        fc.pre(Buffer.byteLength(first) <= 1024 && Buffer.byteLength(second) <= 1024)
        const byUnits = blobName(first) < blobName(second) ? -1 : Number(first !== second)
        expect(byUnits).toBe(Math.sign(compareNames(first, second)))
      }),
      { numRuns: 300 },
    )
  })

  it('keep prefixes', () => {
    fc.assert(
      fc.property(anyName, fc.nat(250), (name, length) => {
        const [prefix, whole] = [name.slice(0, length).toWellFormed(), `${name.slice(0, length).toWellFormed()}\\`]
        fc.pre(prefix === name.slice(0, length) && Buffer.byteLength(whole) <= 1024)
        expect(blobName(whole).startsWith(escapedPrefixOf(prefix))).toBe(true)
      }),
      { numRuns: 300 },
    )
    expect(isReadable('a'.repeat(200))).toBe(true)
    expect(isReadable('a'.repeat(201))).toBe(false)
  })

  it.each([
    '\uffee',
    '\uffeeplain/slash',
    '\uffeeA',
    '\uffeebad [x',
    '\uffeecut-',
    `${bookkeepingPrefix}uploads/0`,
    'a\\b',
    'a.',
  ])('do not include %j, which no name produces', (stored) => {
    expect(fileName(stored)).toBeUndefined()
  })

  it('with a prefix are all before afterPrefix', () => {
    fc.assert(
      fc.property(short, short, (prefix, rest) => {
        const after = afterPrefix(prefix)
        fc.pre(after !== undefined)
        expect(after !== undefined && after > prefix + rest).toBe(true)
        expect(after?.isWellFormed()).toBe(true)
      }),
    )
    expect(afterPrefix('photos/')).toBe('photos0')
    expect(afterPrefix('\uffff')).toBeUndefined()
  })
})
