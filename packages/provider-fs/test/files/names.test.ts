import { access, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { compareNames } from '@stowage/core/provider'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeSegment, diskSegments, prefixDirectory } from '../../src/mapping/names.js'
import { list, names, newStorage, put, readText } from '../fixture.js'

/** Pieces to which every rule of escaping applies, and ordinary text. */
const pieces = fc.constantFrom(
  ...[
    '/',
    '//',
    '.',
    '..',
    '%',
    '%2',
    '%2F',
    '%252F',
    '%00',
    '%2500',
    '\0',
    '%2E',
    '%2E.',
    '%252E',
    '%FE',
    '25',
    '00',
    '2F',
  ],
  ...[
    'a',
    'b',
    'é',
    'e\u0301',
    '\u{1f600}',
    '\uffff',
    'x'.repeat(100),
    'y'.repeat(254),
    'ü'.repeat(130),
    ' ',
    '\n',
    '\\',
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

describe('the path of a name', () => {
  it('is the name itself for ordinary names', () => {
    for (const name of [
      'a',
      'a/b.txt',
      '%48%45',
      '100%',
      '%Q',
      '%2f',
      '100%25',
      '.hidden',
      '...',
      'a\\b',
      'naïve ☃/x',
    ]) {
      expect(diskSegments(name).join('/')).toBe(name)
    }
  })

  it('has escapes for names that a disk cannot store', () => {
    const places = Object.fromEntries(
      ['a//b', '/a', 'a/', 'a///', '/', '.', '../x', 'a/./b', 'a\0b', '%00', '%2500', '%2E', '%2Fx', 'a%2Fb'].map(
        (name) => [name, diskSegments(name).join('/')],
      ),
    )
    expect(places).toEqual({
      'a//b': 'a/%2Fb',
      '/a': '%2Fa',
      'a/': 'a/%2F',
      'a///': 'a/%2F%2F%2F',
      '/': '%2F%2F',
      '.': '%2E',
      '../x': '%2E./x',
      'a/./b': 'a/%2E/b',
      'a\0b': 'a%00b',
      '%00': '%2500',
      '%2500': '%252500',
      '%2E': '%252E',
      '%2Fx': '%252Fx',
      'a%2Fb': 'a%2Fb',
    })
  })

  it('has entries of at most 255 bytes, and no entry with a meaning for the system', () => {
    fc.assert(
      fc.property(fileName, (name) => {
        for (const segment of diskSegments(name)) {
          expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(255)
          expect(segment).not.toMatch(/^\.{0,2}$|[/\0]/)
          expect(segment.isWellFormed()).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('differs for names that differ', () => {
    fc.assert(
      fc.property(fileName, fileName, (one, other) => {
        expect(diskSegments(one).join('/') === diskSegments(other).join('/')).toBe(one === other)
      }),
      { numRuns: 3000 },
    )
    const seen = new Map<string, string>()
    for (const name of allNames(['a', '/', '.', '%2F', '%2E', '25', '\0', '00', '%'], 4)) {
      const location = diskSegments(name).join('/')
      expect(seen.get(location) ?? name).toBe(name)
      seen.set(location, name)
    }
  })

  it('has one name for every entry that another program can create', () => {
    const entry = fc
      .array(fc.constantFrom('%', '%2', '%2F', '2F', '25', '%25', '00', '2E', '.', 'a', 'é'), {
        minLength: 1,
        maxLength: 8,
      })
      .map((parts) => parts.join(''))
      .filter((text) => text !== '.' && text !== '..')
    fc.assert(
      fc.property(entry, (text) => {
        const name = decodeSegment([text], 'file', false)
        expect(name).toBeDefined()
        expect(diskSegments(`folder/${name}`)).toEqual(['folder', text])
      }),
      { numRuns: 3000 },
    )
  })

  it('is in the directory of each of its prefixes', () => {
    fc.assert(
      fc.property(fileName, fc.nat(), (name, cut) => {
        const prefix = Array.from(name)
          .slice(0, cut % (name.length + 1))
          .join('')
        const directory = prefixDirectory(prefix)
        expect(prefix.startsWith(directory.name)).toBe(true)
        expect(diskSegments(name).slice(0, directory.segments.length)).toEqual(directory.segments)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('any set of names', () => {
  it('is stored, listed in the order of UTF-8 and read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fileName, { minLength: 1, maxLength: 12 }), async (candidates) => {
        const { provider } = await newStorage()
        const stored: string[] = []
        for (const name of candidates) {
          // A file's name cannot also be a folder of another name.
          const isFolder = (a: string, b: string) => b.startsWith(`${a}/`)
          if (stored.some((other) => isFolder(name, other) || isFolder(other, name))) continue
          await put(provider, name, `content of ${name}`)
          stored.push(name)
        }
        const sorted = stored.toSorted(compareNames)
        expect(await names(provider)).toEqual(sorted)
        expect(await names(provider, { limit: 1 })).toEqual(sorted)
        for (const name of stored) expect(await readText(provider, name)).toBe(`content of ${name}`)
        for (const prefix of ['a', '/', 'a/', sorted[0]?.slice(0, 1) ?? '']) {
          if (!prefix.isWellFormed()) continue
          expect(await names(provider, { prefix })).toEqual(sorted.filter((name) => name.startsWith(prefix)))
        }
        for (const startAfter of sorted) {
          expect(await names(provider, { startAfter })).toEqual(
            sorted.filter((name) => compareNames(name, startAfter) > 0),
          )
        }
      }),
      { numRuns: 60 },
    )
  })

  it('is listed with its folders', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fileName, { minLength: 1, maxLength: 12 }),
        fc.constantFrom('/', '%', 'a', '25', '//', '/a'),
        fc.constantFrom('', 'a', 'a/', '/', 'b/'),
        fc.integer({ min: 1, max: 4 }),
        async (candidates, delimiter, prefix, limit) => {
          const { provider } = await newStorage()
          const stored: string[] = []
          for (const name of candidates) {
            const isFolder = (a: string, b: string) => b.startsWith(`${a}/`)
            if (stored.some((other) => isFolder(name, other) || isFolder(other, name))) continue
            await put(provider, name, '')
            stored.push(name)
          }
          const shown = stored
            .filter((name) => name.startsWith(prefix))
            .map((name) => {
              const start = name.indexOf(delimiter, prefix.length)
              return start === -1 ? name : `${name.slice(0, start + delimiter.length)} (folder)`
            })
          const entries = await list(provider, { prefix, delimiter, limit })
          expect(entries.map(({ name, folder }) => (folder === true ? `${name} (folder)` : name))).toEqual(
            [...new Set(shown)].toSorted((a, b) =>
              compareNames(a.replace(' (folder)', ''), b.replace(' (folder)', '')),
            ),
          )
        },
      ),
      { numRuns: 80 },
    )
  })
})

describe('a tree of other programs', () => {
  it('is listed completely, and each listed name can be opened', async () => {
    const { provider, box } = await newStorage()
    const tree = [
      ...[
        '100%',
        '%48%45',
        '%Q',
        '100%25',
        '%2E',
        '%2E.',
        '%2F',
        '%2Fx',
        '%00',
        '%2500',
        'a b',
        '...',
        '.hidden',
        '%FE',
      ],
      ...[
        'sub/%2F',
        'sub/%2F%2F',
        'sub/%2E',
        'sub/deep/ü.txt',
        `long/${'x'.repeat(255)}`,
        `long/${'y'.repeat(252)}%FE`,
      ],
    ]
    for (const path of tree) {
      await mkdir(dirname(join(box, path)), { recursive: true })
      await writeFile(join(box, path), path)
    }
    const listed = await names(provider)
    expect(listed).toEqual(listed.toSorted(compareNames))
    const paths = await Promise.all(listed.map((name) => readText(provider, name)))
    // `%2F` at the top would be the empty name, and the very long name is not split as the provider
    // splits it.
    const nameless = ['%2F', `long/${'y'.repeat(252)}%FE`]
    expect(paths.toSorted()).toEqual(tree.filter((path) => !nameless.includes(path)).toSorted())
  })

  it('of loopback-component-storage is served: flat files in directories', async () => {
    const { root, provider } = await newStorage()
    await mkdir(join(root, 'photos'))
    await writeFile(join(root, 'photos', 'one.jpg'), 'jpeg')
    await writeFile(join(root, 'stray.txt'), 'not in a container')
    const { entries } = await provider.listContainers({ signal: new AbortController().signal, limit: 10 })
    expect(entries.map(({ name }) => name)).toEqual(['box', 'photos'])
    const info = await provider.getFile('photos', 'one.jpg', { signal: new AbortController().signal, conditions: {} })
    expect(info).toMatchObject({
      container: 'photos',
      name: 'one.jpg',
      size: 4,
      contentType: 'image/jpeg',
      metadata: {},
    })
    await expect(access(join(root, '.stowage', 'attributes'))).rejects.toThrow('ENOENT')
  })

  it('is listed without entries whose names are not UTF-8', async () => {
    const { provider, box } = await newStorage()
    await writeFile(Buffer.concat([Buffer.from(`${box}/`), Buffer.from([0x61, 0xff])]), 'x')
    await writeFile(join(box, 'a\ufffd'), 'a name with a replacement character of its own')
    await writeFile(join(box, 'b'), 'x')
    expect(await names(provider)).toEqual(['a\ufffd', 'b'])
  })
})

function* allNames(parts: readonly string[], length: number): Generator<string> {
  for (const part of parts) {
    yield part
    if (length > 1) for (const rest of allNames(parts, length - 1)) yield part + rest
  }
}
