import { checkContainerName } from '@stowage/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeSegment, diskSegments, prefixDirectory } from '../../src/mapping/names.js'
import { windows } from '../../src/platform/windows.js'
import { windowsEntries } from '../../src/platform/windows-entries.js'

const pathOf = (name: string): string => diskSegments(name, windowsEntries).join('\\')

/** A model of Microsoft's rules, written without the provider's. */
function isEntry(entry: string): boolean {
  const [base = ''] = entry.split('.')
  const devices = ['con', 'prn', 'aux', 'nul', 'conin$', 'conout$']
  for (const digit of '0123456789¹²³') devices.push(`com${digit}`, `lpt${digit}`)
  return (
    entry !== '' &&
    entry.length <= 255 &&
    !/[<>:"/\\|?*]/.test(entry) &&
    ![...entry].some((character) => character < ' ' || character === '\u{10000}' || character === '\u{10ffff}') &&
    !entry.endsWith('.') &&
    !entry.endsWith(' ') &&
    !devices.includes(base.trimEnd().toLowerCase())
  )
}

/** Pieces to which every rule of escaping applies, and ordinary text. */
const pieces = fc.constantFrom(
  ...['/', '//', '.', '..', ' ', ':', '\\', '?', '<', '"', '|', '*', '\n', '\0', '\u{10000}', '\u{10ffff}'],
  ...['%', '%2', '%2F', '%2E', '%20', '%252E', '%3A', '%3a', '%253A', '%00', '%F0%90%80%80', '%43', '%2543', '%FE'],
  ...['25', '2E', '3A', '4E', '43', '%4EUL', '%63on'],
  ...['CON', 'con', 'nul', 'NUL', 'COM1', 'lpt¹', 'CONIN$', 'aux', 'PRN', 'ON', 'UL', '$', '1', '¹'],
  ...[
    'a',
    'é',
    '\u{1f600}',
    '\uffff',
    'x'.repeat(83),
    'y'.repeat(252),
    'z'.repeat(251),
    'ü'.repeat(124),
    ' '.repeat(3),
  ],
)
const fileName = fc
  .array(
    fc.oneof({ weight: 4, arbitrary: pieces }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) }),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''))
  .filter((name) => name !== '' && name.isWellFormed() && Buffer.byteLength(name) <= 1024)

describe('the path of a name on Windows', () => {
  it('is the name itself for ordinary names', () => {
    for (const name of ['a/b.txt', '100%', '%48', '%3a', '.hidden', 'con-1', 'nullable', 'COM', 'COM10', 'ä (1).TXT']) {
      expect(pathOf(name)).toBe(name.replaceAll('/', '\\'))
    }
  })

  it('has escapes for names that Windows cannot store', () => {
    const paths = {
      'a:b': 'a%3Ab',
      '<>"|?*': '%3C%3E%22%7C%3F%2A',
      'a\\b': 'a%5Cb',
      '\t\x1f': '%09%1F',
      'end.': 'end%2E',
      'end ': 'end%20',
      '. ./x': '. %2E\\x',
      '..': '%2E%2E',
      '.': '%252E',
      'nul/CON.tar.gz': '%6Eul\\%43ON.tar.gz',
      'aux .x': '%61ux .x',
      'LPT²': '%4CPT²',
      conin$: '%63onin$',
      'a%3Ab': 'a%253Ab',
      'end%2E': 'end%252E',
      '%4EUL': '%254EUL',
      '%254EUL.txt': '%25254EUL.txt',
      '%4Ebe': '%4Ebe',
      'a\0b': 'a%00b',
      'a//b': 'a\\%2Fb',
      '\u{10000}': '%F0%90%80%80',
      '%F4%8F%BF%BF': '%25F4%8F%BF%BF',
    }
    expect(Object.fromEntries(Object.keys(paths).map((name) => [name, pathOf(name)]))).toEqual(paths)
  })

  it('has only entries that Windows can store', () => {
    fc.assert(
      fc.property(fileName, (name) => {
        const segments = diskSegments(name, windowsEntries)
        for (const segment of segments) expect(segment).toSatisfy(isEntry)
      }),
      { numRuns: 5000 },
    )
  })

  it('differs for names that differ', () => {
    fc.assert(
      fc.property(fileName, fileName, (one, other) => {
        expect(pathOf(one) === pathOf(other)).toBe(one === other)
      }),
      { numRuns: 3000 },
    )
    const seen = new Map<string, string>()
    for (const name of allNames(['%', '25', '2E', '.', ':', '3A', 'nul', '%6E', ' '], 4)) {
      const path = pathOf(name)
      expect(seen.get(path) ?? name).toBe(name)
      seen.set(path, name)
    }
  })

  it('has one name for every entry that Windows can store', () => {
    const entry = fc
      .array(
        fc.oneof(
          { weight: 4, arbitrary: pieces },
          { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
        ),
        {
          minLength: 1,
          maxLength: 6,
        },
      )
      .map((parts) => parts.join(''))
      .filter((text) => text.isWellFormed() && isEntry(text) && Buffer.byteLength(text) < 251)
      .filter((text) => text !== '%2E' && text !== '.%2E')
    fc.assert(
      fc.property(entry, (text) => {
        const name = decodeSegment([text], 'file', false, windowsEntries)
        expect(name).toBeDefined()
        expect(diskSegments(`folder/${name}`, windowsEntries)).toEqual(['folder', text])
      }),
      { numRuns: 5000 },
    )
  })

  it('divides a long segment where the rest is not a device', () => {
    for (const before of ['x'.repeat(252), `${'x'.repeat(248)}\u{1f600}`, `${'x'.repeat(250)}ü`, 'x'.repeat(251)]) {
      for (const rest of ['nul.txt', 'CON', 'lpt1 .y', `aux.${'z'.repeat(300)}`]) {
        const segments = diskSegments(before + rest, windowsEntries)
        for (const segment of segments) expect(segment).toSatisfy(isEntry)
        expect(decodeSegment(segments, 'file', false, windowsEntries)).toBe(before + rest)
      }
    }
  })

  it('is in the directory of each of its prefixes', () => {
    fc.assert(
      fc.property(fileName, fc.nat(), (name, cut) => {
        const prefix = Array.from(name)
          .slice(0, cut % (name.length + 1))
          .join('')
        const directory = prefixDirectory(prefix, windowsEntries)
        expect(prefix.startsWith(directory.name)).toBe(true)
        expect(diskSegments(name, windowsEntries).slice(0, directory.segments.length)).toEqual(directory.segments)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('an entry that other programs can force on Windows', () => {
  it('has no name, because no call could open it', () => {
    for (const entry of ['end.', 'end ', 'NUL', 'com1.txt', '\u{10000}', '%4EUL.', 'x%3A.']) {
      expect(decodeSegment([entry], 'file', false, windowsEntries)).toBeUndefined()
    }
  })
})

describe('the name of a container on Windows', () => {
  const rule = { pattern: windows.containerPattern, minBytes: 1, maxBytes: 255, rule: windows.containerRule }
  it('is an entry that Windows can store as it is', () => {
    fc.assert(
      fc.property(fileName, (name) => {
        let isValid = true
        try {
          checkContainerName(name, rule)
        } catch {
          isValid = false
        }
        expect(isValid).toBe(isEntry(name) && !name.includes('\0') && Buffer.byteLength(name) <= 255)
      }),
      { numRuns: 3000 },
    )
  })
})

function* allNames(parts: readonly string[], length: number): Generator<string> {
  for (const part of parts) {
    yield part
    if (length > 1) for (const rest of allNames(parts, length - 1)) yield part + rest
  }
}
