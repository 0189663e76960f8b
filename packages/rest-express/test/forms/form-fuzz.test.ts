/**
 * Random forms, from a seed: `SEED=… RUNS=…` in the environment replays or prolongs. No part may
 * vanish: each delimiter yields a file or a field, or the form fails and changes nothing.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UploadResult } from '../../src/index.js'
import { type RestServer, startServer } from '../tools/rest-server.js'

const seed = Number(process.env['SEED'] ?? 20261128)
const runs = Number(process.env['RUNS'] ?? 800)
const timeout = 120_000

const send = (server: RestServer, body: Buffer) =>
  server.fetch('/photos/upload', {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=X' },
    body: new Uint8Array(body),
  })

interface Part {
  readonly name: string
  readonly filename: string | undefined
  readonly content: string
}

/** The files in the storage: their contents by name, one character for each byte. */
async function stored({ storage }: RestServer): Promise<Record<string, string>> {
  const contents: Record<string, string> = {}
  for (const { name } of await storage.getFiles('photos')) {
    contents[name] = (await (await storage.openFile('photos', name)).bytes()).toString('latin1')
  }
  return contents
}

/** One way in which clients write a parameter; `undefined` where it cannot express the value. */
type Dialect = (key: string, value: string) => string | undefined

const escapeLines = (value: string) => value.replace(/[\r\n]/g, encodeURIComponent)
const hasEscapes = (value: string) => /%(?:0a|0d|22)/i.test(value)
const percentEncode = (value: string) =>
  encodeURIComponent(value).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
const extended: Dialect = (key, value) => `${key}*=utf-8''${percentEncode(value)}`

const dialects: readonly Dialect[] = [
  // Browsers and urllib3. Only backslashes in pairs, or before the closing quote, read like
  // escapes.
  (key, value) =>
    hasEscapes(value) || /^(?:[^\\]|\\\\)*$/.test(value) === /\\/.test(value) || value.endsWith('\\')
      ? undefined
      : `${key}="${escapeLines(value).replaceAll('"', '%22')}"`,
  // Go, older curl, Apache's HttpClient.
  (key, value) =>
    hasEscapes(value) ? undefined : `${key}="${escapeLines(value).replace(/["\\]/g, (character) => `\\${character}`)}"`,
  // The package form-data.
  (key, value) => (hasEscapes(value) || /[\r\n\\;]/.test(value) ? undefined : `${key}="${value}"`),
  // Without quotes.
  (key, value) =>
    hasEscapes(value) || /^[ \t]|[";\r\n]|[ \t]$/.test(value) || value === '' ? undefined : `${key}=${value}`,
  extended,
  // Postman.
  (key, value) => `${key}="_"; ${key}*="utf-8''${percentEncode(value)}"`,
  // .NET.
  (key, value) => `${key}="=?utf-8?B?${Buffer.from(value).toString('base64')}?="; ${extended(key, value)}`,
]

const nameUnits = [
  'a',
  'b',
  'ü',
  '日',
  '👩',
  '"',
  '\\',
  '/',
  ';',
  '=',
  ' ',
  '\t',
  '%',
  '%22',
  "'",
  '*',
  '.',
  '\0',
  '\r\n',
]
const names = fc
  .string({ unit: fc.constantFrom(...nameUnits), minLength: 1, maxLength: 8 })
  .filter((name) => !/^(?:[a-z]:|\\)\\/i.test(name))

const written = (key: string, value: string): fc.Arbitrary<string> =>
  fc.constantFrom(...dialects.flatMap((dialect) => dialect(key, value) ?? []))

const blanks = fc.constantFrom('', '', ' ', '\t', '  ', '\r\n ')

/** A part's header lines, as some client could write them. */
const headers = ({ name, filename }: Part): fc.Arbitrary<string> =>
  fc
    .record({
      type: fc.constantFrom('form-data', 'Form-Data'),
      parameters: fc.tuple(
        written('name', name),
        ...(filename === undefined ? [] : [written('filename', filename)]),
        ...(filename === undefined ? [] : [fc.constantFrom('', 'size=5', 'x="y"')]),
      ),
      reversed: fc.boolean(),
      before: blanks,
      after: blanks,
      end: fc.constantFrom('', ';', ' ; '),
      others: fc.constantFrom(
        '',
        'X-Other: y\r\n',
        'Content-Type: text/plain\r\n',
        'content-transfer-encoding:binary\r\n',
      ),
    })
    .map(({ type, parameters, reversed, before, after, end, others }) => {
      const ordered = reversed ? parameters.toReversed() : parameters
      return `${others}Content-Disposition: ${[type, ...ordered].join(`${before};${after}`)}${end}`
    })

const contents = fc
  .string({ unit: fc.constantFrom('a', '-', 'X', '\r', '\n', '--X'), maxLength: 8 })
  .filter((content) => !content.includes('\r\n--X'))

const parts: fc.Arbitrary<Part[]> = fc
  .array(fc.record({ name: names, filename: fc.option(names, { nil: undefined }), content: contents }), {
    minLength: 1,
    maxLength: 4,
  })
  .filter((all) => {
    const filenames = all.flatMap(({ filename }) => filename ?? [])
    return new Set(filenames).size === filenames.length
  })
  // The marks tell contents apart, and keep them from beginning or ending in a delimiter.
  .map((all) => all.map((part, index) => ({ ...part, content: `${index}${part.content}#` })))

const form = (all: readonly Part[]): fc.Arbitrary<string> =>
  fc.tuple(...all.map(headers), fc.constantFrom('', ' ', '\t ')).map((tuple) => {
    const padding = tuple.at(-1)
    const sections = all.map(({ content }, index) => `--X${padding}\r\n${tuple[index]}\r\n\r\n${content}\r\n`)
    return `${sections.join('')}--X--\r\n`
  })

const writtenForms = parts.chain((all) => fc.record({ all: fc.constant(all), text: form(all) }))

/** What can go wrong in a head, and what parsers stumble over. */
const splinters = fc.constantFrom(
  ...[
    '"',
    '\\',
    ';',
    '=',
    ' ',
    '\r',
    '\n',
    '\r\n',
    '\r\n\r\n',
    ':',
    '*',
    "'",
    '%',
    '\0',
    '\xff',
    '-',
    '--',
    '--X',
    '\r\n--X',
  ],
  ...[
    '; filename="z"',
    '; name="z"',
    `; filename*=x''z`,
    'Content-Disposition: attachment\r\n',
    '\r\n--X\r\n',
    '--X--',
  ],
)

const damaged = writtenForms.chain(({ text }) =>
  fc
    .array(fc.record({ place: fc.nat(text.length), cut: fc.nat(4), splinter: fc.option(splinters, { nil: '' }) }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((damages) => {
      let bytes = Buffer.from(text)
      for (const { place, cut, splinter } of damages) {
        bytes = Buffer.concat([bytes.subarray(0, place), Buffer.from(splinter, 'latin1'), bytes.subarray(place + cut)])
      }
      return bytes
    }),
)

/** Returns the contents of a form's parts without a parser; `undefined` if a delimiter is wrong. */
function contentsOf(body: Buffer): string[] | undefined {
  const [, ...sections] = `\r\n${body.toString('latin1')}`.split('\r\n--X')
  const last = sections.pop()
  const complete = last?.startsWith('--') && sections.every((section) => section.includes('\r\n\r\n'))
  if (!complete) return undefined
  return sections.map((section) => section.slice(section.indexOf('\r\n\r\n') + 4))
}

describe('A random form', () => {
  it(`is read as its clients mean it: ${runs} forms`, { timeout }, async () => {
    const server = await startServer()
    await fc.assert(
      fc.asyncProperty(writtenForms, async ({ all, text }) => {
        await server.storage.removeFiles('photos', Object.keys(await stored(server)))
        const response = await send(server, Buffer.from(text))
        const { result } = (await response.json()) as { result?: UploadResult }
        expect(result).toBeDefined()
        const expected: [string, string, string][] = []
        for (const { name, filename, content } of all) {
          if (filename === undefined) expect(result?.fields[name]).toContain(content)
          else expected.push([name, filename, content])
        }
        const files = Object.entries(result?.files ?? {}).flatMap(([field, list]) =>
          list.map(({ name }) => [field, name]),
        )
        expect(files.toSorted()).toEqual(expected.map(([field, filename]) => [field, filename]).toSorted())
        expect(Object.values(result?.fields ?? {}).flat()).toHaveLength(all.length - expected.length)
        expect(await stored(server)).toEqual(Object.fromEntries(expected.map(([, ...file]) => file)))
      }),
      { seed, numRuns: runs },
    )
  })

  it(`has all of its parts read, or none, when it is damaged: ${runs} forms`, { timeout }, async () => {
    const server = await startServer()
    const before = { a: 'old', b: 'old', z: 'old' }
    const outcomes = { read: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(damaged, async (body) => {
        await server.storage.removeFiles('photos', Object.keys(await stored(server)))
        for (const [name, content] of Object.entries(before)) await server.storage.putFile('photos', name, content)
        const response = await send(server, body)
        const { result, error } = (await response.json()) as { result?: UploadResult; error?: { code: string } }
        if (result === undefined) {
          outcomes.refused++
          expect(['INVALID_ARGUMENT', 'INVALID_NAME', 'NAME_CONFLICT']).toContain(error?.code)
          expect(await stored(server)).toEqual(before)
          return
        }
        outcomes.read++
        const now = await stored(server)
        const files = Object.values(result.files).flatMap((list) => list.map(({ name }) => now[name]))
        const fields = Object.values(result.fields).flat()
        const read = [...files, ...fields.map((value) => Buffer.from(value).toString('latin1'))]
        expect(read.toSorted()).toEqual(contentsOf(body)?.toSorted())
        for (const { name } of Object.values(result.files).flat()) delete now[name]
        expect(before).toMatchObject(now)
      }),
      { seed, numRuns: runs },
    )
    // Neither kind is rare.
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(runs / 8)
  })
})
