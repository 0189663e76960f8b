/**
 * The form reader against plain busboy, whose reading of a form it must keep, except that busboy
 * drops parts and the form reader does not.
 */
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isStorageError } from '@stowage/core'
import busboy from 'busboy'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundaryOf } from '../../src/forms/form-delimiters.js'
import { readForm } from '../../src/forms/form-reader.js'
import { RequestBody } from '../../src/http/request-body.js'
import { essence, type UploadRules, uploadRules } from '../../src/options.js'

const seed = 20260114
const runs = 4000

interface Form {
  readonly boundary: string
  readonly contentType: string
  readonly text: string
  /** Where it is cut into chunks. */
  readonly cuts: readonly number[]
}

type Reading = { fields: [name: string, values: string[]][]; files: string[][] }
/** The codes with which a form may be refused. */
type Refusal = { refused: readonly string[] }

const rules: UploadRules = uploadRules({ maxFields: 3, maxFiles: 3, maxFieldsSize: 300 })

/**
 * Reads a form with busboy, with the limits that multer would set. A form counts as refused if
 * busboy drops a part: it must report one part for each delimiter except the last, which closes the
 * form. Each delimiter is a separate chunk, because busboy misses one right after `--boundary-`,
 * and reads on after the last one to the end of the chunk.
 */
async function readPlainly(form: Form): Promise<Reading | Refusal> {
  const fields = new Map<string, string[]>()
  const files: string[][] = []
  const refused = new Set<string>()
  let reports = 0
  let fieldBytes = 0
  const { maxFields, maxFiles, maxFieldsSize } = rules
  const parser = busboy({
    headers: { 'content-type': form.contentType },
    preservePath: true,
    defParamCharset: 'utf8',
    limits: { fields: maxFields, files: maxFiles, parts: maxFields + maxFiles + 1, fieldSize: maxFieldsSize + 1 },
  })
  parser.on('field', (name: string | undefined, value, { valueTruncated }) => {
    reports++
    fieldBytes += Buffer.byteLength(name ?? '') + Buffer.byteLength(value)
    if (name === undefined) refused.add('INVALID_ARGUMENT')
    else if (valueTruncated || fieldBytes > maxFieldsSize) refused.add('TOO_LARGE')
    else fields.set(name, [...(fields.get(name) ?? []), value])
  })
  parser.on('file', (name: string | undefined, stream, { filename, mimeType }) => {
    reports++
    if (name === undefined) refused.add('INVALID_ARGUMENT')
    const content: Buffer[] = []
    const file = [name ?? '', filename ?? '', mimeType.toLowerCase()]
    stream.on('data', (chunk: Buffer) => content.push(chunk))
    stream.on('error', () => refused.add('INVALID_ARGUMENT'))
    stream.on('end', () => file.push(Buffer.concat(content).toString('latin1')))
    if (filename) files.push(file)
  })
  for (const event of ['fieldsLimit', 'filesLimit', 'partsLimit'] as const) {
    parser.on(event, () => refused.add('TOO_LARGE'))
  }
  parser.on('error', () => refused.add('INVALID_ARGUMENT'))
  let finished = false
  parser.on('finish', () => {
    finished = true
  })
  const delimiter = `\r\n--${form.boundary}`
  const [preamble = '', ...parts] = `\r\n${form.text}`.split(delimiter)
  const write = (text: string) => new Promise((resolve) => parser.write(Buffer.from(text, 'latin1'), resolve))
  await write(preamble)
  for (const [index, part] of parts.entries()) {
    await write(delimiter)
    if (reports < index) refused.add('INVALID_ARGUMENT')
    await write(part)
  }
  if (parts.findIndex((part) => part.startsWith('--')) !== parts.length - 1) refused.add('INVALID_ARGUMENT')
  parser.end()
  for (let turns = 0; turns < 3 && !finished; turns++) await nextTurn()
  // busboy waits for ever for the end of a file whose headers it took from two parts.
  if (!finished) refused.add('INVALID_ARGUMENT')
  return refused.size === 0 ? { fields: [...fields], files } : { refused: [...refused] }
}

/** What our reader makes of it, in chunks. */
async function read({ contentType, text, cuts }: Form): Promise<Reading | Refusal> {
  const fields = new Map<string, string[]>()
  const files: string[][] = []
  const contents: Promise<void>[] = []
  const chunks = [0, ...cuts].map((cut, index) => Buffer.from(text.slice(cut, cuts[index]), 'latin1'))
  const req = Object.assign(Readable.from(chunks, { objectMode: false }), { headers: {} })
  const body = new RequestBody(req as unknown as IncomingMessage, new EventEmitter() as ServerResponse, 0)
  try {
    for await (const part of readForm(body, boundaryOf(contentType), rules)) {
      if (part.kind === 'field') {
        fields.set(part.name, [...(fields.get(part.name) ?? []), part.value])
        continue
      }
      const file = [part.field, part.filename, essence(part.contentType ?? 'text/plain')]
      files.push(file)
      contents.push(
        readContent(part.content).then((content) => {
          file.push(content)
        }),
      )
    }
    await Promise.all(contents)
    return { fields: [...fields], files }
  } catch (error) {
    if (!isStorageError(error)) throw error
    return { refused: [error.code] }
  }
}

async function readContent(content: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of content) {
    text += Buffer.from(chunk).toString('latin1')
    // Storing a file takes time.
    if (chunk.length % 3 === 0) await nextTurn()
  }
  return text
}

const boundaries = fc.constantFrom(
  { boundary: 'X', contentType: 'multipart/form-data; boundary=X' },
  { boundary: '-', contentType: 'multipart/form-data; boundary="-"' },
  { boundary: '----7d1', contentType: 'multipart/form-data;boundary=----7d1' },
  { boundary: 'a b', contentType: 'multipart/form-data; boundary="a b"; charset=utf-8' },
  { boundary: 'aab/aab', contentType: 'Multipart/Form-Data; Boundary="aab/aab"' },
)

/** What looks like a delimiter and is none, or is one where none is expected. */
const lookalike = (boundary: string) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', '-', 'X', '\r', '\n'), maxLength: 8 }) },
    { weight: 8, arbitrary: fc.nat(boundary.length + 3).map((length) => `\r\n--${boundary}`.slice(0, length)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(`--${boundary}`, `\r\n--${boundary.toLowerCase()}`, `\n--${boundary}\r\n`),
    },
    { weight: 3, arbitrary: fc.constantFrom('x'.repeat(70_000), '\r'.repeat(200), '\r\n'.repeat(100), '\r\n\r\n') },
    { weight: 1, arbitrary: fc.constant(`\r\n--${boundary}`.slice(0, -1).repeat(40)) },
  )

const headOf = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('a', 'b').map((name) => `form-data; name="${name}"; filename="${name}.bin"`),
  },
  { weight: 6, arbitrary: fc.constantFrom('c', 'd').map((name) => `form-data; name="${name}"`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('attachment', 'form-data; filename="e"', 'form-data; name="f"; filename=""'),
  },
)

const head = headOf.chain((disposition) =>
  fc
    .constantFrom('', '\r\nContent-Type: text/x-Plain', '\r\nX-Empty:')
    .map((more) => `Content-Disposition: ${disposition}${more}`),
)

const many = (text: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(text, { maxLength }).map((pieces) => pieces.join(''))

/** Forms as they should be, with contents that mislead. */
const wellFormed = (boundary: string) =>
  fc
    .record({
      preamble: fc.oneof(
        { weight: 5, arbitrary: fc.constant('') },
        many(lookalike(boundary), 3).map((text) => `${text}\r\n`),
      ),
      parts: fc.array(fc.tuple(head, many(lookalike(boundary), 5)), { minLength: 1, maxLength: 4 }),
      epilogue: fc.oneof(fc.constant('\r\n'), many(lookalike(boundary), 3)),
    })
    .map(
      ({ preamble, parts, epilogue }) =>
        `${preamble}${parts.map(([head, content]) => `--${boundary}\r\n${head}\r\n\r\n${content}\r\n`).join('')}--${boundary}--${epilogue}`,
    )

/** What forms are made of, in any order. */
const malformed = (boundary: string) =>
  many(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(`\r\n--${boundary}\r\n`) },
      { weight: 3, arbitrary: head.map((text) => `${text}\r\n\r\n`) },
      { weight: 2, arbitrary: lookalike(boundary) },
      { weight: 1, arbitrary: head },
      {
        weight: 1,
        arbitrary: fc.constantFrom('\r\n', `\r\n--${boundary}`, `\r\n--${boundary}--`, 'no header\r\n\r\n'),
      },
    ),
    12,
  )

const cutForm = boundaries.chain(({ boundary, contentType }) =>
  fc
    .record({
      text: fc.oneof(wellFormed(boundary), wellFormed(boundary), malformed(boundary)),
      end: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 4 }),
      cuts: fc.oneof(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
        // Every byte by itself, where there are not too many of them.
        fc.constant(undefined),
      ),
    })
    .map(({ text: whole, end, cuts }): Form => {
      const text = whole.slice(0, end === null ? whole.length : Math.ceil(end * whole.length))
      const everywhere = Array.from({ length: Math.min(text.length, 2000) }, (_, index) => index)
      const positions = cuts?.map((cut) => Math.round(cut * text.length)).sort((a, b) => a - b)
      return { boundary, contentType, text, cuts: positions ?? everywhere }
    }),
)

describe('A form', () => {
  it(`is read as busboy reads it, whatever it holds and however it comes: ${runs} forms`, async () => {
    const outcomes = { read: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(cutForm, async (form) => {
        const expected = await readPlainly(form)
        const actual = await read(form)
        if ('refused' in expected && 'refused' in actual) expect(expected.refused).toContain(actual.refused[0])
        // As text, in which a carriage return can be seen.
        else expect(JSON.stringify(actual)).toBe(JSON.stringify(expected))
        outcomes['refused' in expected ? 'refused' : 'read']++
      }),
      { seed, numRuns: runs },
    )
    // Neither kind is rare.
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(runs / 8)
  })
})
