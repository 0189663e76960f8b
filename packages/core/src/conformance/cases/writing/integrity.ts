/**
 * L. Content types and integrity.
 */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { Body } from '../../../index.js'
import type { Capabilities, ChecksumAlgorithm, Checksums } from '../../../provider.js'
import { type ConformanceCase, type ConformanceCategory, type Need, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes, hex, pieces } from '../../tools/content.js'
import { isCode, rejects } from '../../tools/expectations.js'

const content = bytes(100_000)
const wrong = { md5: '0'.repeat(32), sha256: '0'.repeat(64), crc32c: '0'.repeat(8) } as const
/** The shortest valid PNG. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const unknownType = 'application/octet-stream'

const keeps =
  (algorithm: ChecksumAlgorithm): Need =>
  ({ checksums }) =>
    checksums.includes(algorithm) ? undefined : `capabilities.checksums has no ${algorithm}`

/** CRC-32C (RFC 3720, B.4) in eight hexadecimal digits. */
function crc32c(data: Uint8Array): string {
  let crc = 0xffffffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0')
}

const bodies: Readonly<Record<string, () => Body>> = {
  bytes: () => content,
  stream: () => Readable.from(pieces(content, 7000)),
}

/** A case for the content type of new files. */
const detected = (
  id: string,
  name: string,
  ...expected: readonly [
    file: string,
    body: Body | (() => Body),
    type: string,
    options?: { contentType?: string; detectContentType?: boolean },
  ][]
): ConformanceCase => ({
  id,
  name,
  async run({ put, storage, container }) {
    for (const [file, body, type, options] of expected) {
      const written = await put(file, typeof body === 'function' ? body() : body, options)
      assert.equal(written.contentType, type, file)
      assert.equal((await storage.getFile(container, file)).contentType, type, file)
      await storage.removeFile(container, file)
    }
  },
})

/** Asserts that correct checksums are accepted, and reported if the provider stores them. */
async function accepts(context: CaseContext, checksums: Checksums): Promise<void> {
  for (const [kind, body] of Object.entries(bodies)) {
    await context.put(kind, body(), { checksums })
    await context.isWhole(kind, content)
    await reports(context, kind, checksums, context.capabilities)
  }
}

async function reports({ storage, container }: CaseContext, file: string, checksums: Checksums, kept: Capabilities) {
  const info = await storage.getFile(container, file)
  for (const [algorithm, value] of Object.entries(checksums) as [ChecksumAlgorithm, string][]) {
    if (kept.checksums.includes(algorithm))
      assert.equal(info.checksums[algorithm], value, `${algorithm} is not reported`)
  }
}

export const integrity: ConformanceCategory = {
  title: 'Content types and integrity',
  cases: [
    detected(
      'L.1',
      'the type from the name',
      ['a.txt', content, 'text/plain'],
      ['a/b.HTML', content, 'text/html'],
      ['a.tar.gz', content, 'application/gzip'],
      ['photo.jpeg', () => pieces(content, 5000), 'image/jpeg'],
      ['liar.css', png, 'text/css'],
    ),
    detected(
      'L.2',
      'the type from the content if the name has no known extension',
      ['image', png, 'image/png'],
      ['image.unknown-extension', () => pieces(png, 3), 'image/png'],
      ['a.png/unknown', content, unknownType],
      ['text', 'plain words', unknownType],
      ['empty', '', unknownType],
    ),
    detected(
      'L.3',
      'an explicit type takes precedence',
      ['a.txt', png, 'application/x-mine', { contentType: 'application/x-mine' }],
      ['image', png, 'text/plain', { contentType: 'text/plain' }],
    ),
    detected(
      'L.4',
      'detection can be disabled',
      ['a.txt', content, unknownType, { detectContentType: false }],
      ['image', png, unknownType, { detectContentType: false }],
      ['b.txt', content, 'text/x-mine', { detectContentType: false, contentType: 'text/x-mine' }],
    ),
    {
      id: 'L.5',
      name: 'a malformed type is rejected before any I/O',
      async run(context) {
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const malformed = [
          '',
          'text',
          'text/',
          '/plain',
          'text/plain;',
          'text/plain\r\nX-Injected: a',
          'a/b; c',
          'ä/b',
          7,
        ]
        for (const contentType of malformed as string[]) {
          const write = storage.putFile(context.container, 'file', content, { contentType })
          await rejects(write, 'INVALID_ARGUMENT')
        }
        assert.deepEqual(faulty.calls, [])
      },
    },
    detected(
      'L.6',
      'a type with parameters',
      ['a', content, 'text/html; charset=utf-8', { contentType: 'text/html; charset=utf-8' }],
      ['b', content, 'multipart/mixed; boundary="a; b=c"', { contentType: 'multipart/mixed; boundary="a; b=c"' }],
      ['c', content, 'TEXT/Plain;Charset=UTF-8', { contentType: 'TEXT/Plain;Charset=UTF-8' }],
    ),
    {
      id: 'L.7',
      name: 'a correct MD5',
      run: (context) => accepts(context, { md5: hex('md5', content) }),
    },
    {
      id: 'L.8',
      name: 'a wrong MD5 stores nothing',
      async run(context) {
        for (const body of Object.values(bodies)) {
          const error = await rejects(
            context.put('file', body(), { checksums: { md5: wrong.md5 } }),
            'CHECKSUM_MISMATCH',
          )
          assert.equal(error.file, 'file')
          await context.nothingOf('file')
        }
      },
    },
    {
      id: 'L.9',
      name: 'a wrong checksum keeps the previous version',
      async run(context) {
        await context.put('file', bytes(10))
        for (const body of Object.values(bodies)) {
          for (const checksums of [{ md5: wrong.md5 }, { sha256: wrong.sha256 }]) {
            await rejects(context.put('file', body(), { checksums }), 'CHECKSUM_MISMATCH')
          }
          const both = { md5: hex('md5', content), sha256: wrong.sha256 }
          await rejects(context.put('file', body(), { checksums: both }), 'CHECKSUM_MISMATCH')
        }
        await context.isWhole('file', bytes(10))
      },
    },
    {
      id: 'L.10',
      name: 'a correct SHA-256, and both together',
      async run(context) {
        await accepts(context, { sha256: hex('sha256', content) })
        await accepts(context, { sha256: hex('sha256', content), md5: hex('md5', content) })
      },
    },
    {
      id: 'L.11',
      name: 'CRC32C',
      needs: keeps('crc32c'),
      async run(context) {
        await accepts(context, { crc32c: crc32c(content) })
        const write = context.put('new', content, { checksums: { crc32c: wrong.crc32c } })
        await rejects(write, 'CHECKSUM_MISMATCH')
        await context.nothingOf('new')
      },
      async rejection(context) {
        const faulty = context.faulty()
        const options = { checksums: { crc32c: crc32c(content) } }
        await rejects(context.over(faulty).putFile(context.container, 'file', content, options), 'NOT_SUPPORTED')
        assert.deepEqual(faulty.calls, [])
      },
    },
    {
      id: 'L.12',
      name: 'checksums of a file that is sent in parts',
      needs: needs.parts,
      async run(context) {
        const { partSize, container } = context
        const large = bytes(2 * partSize + 11)
        const storage = context.over(context.inParts(), { partSize })
        const right = { md5: hex('md5', large), sha256: hex('sha256', large) }
        await storage.putFile(container, 'file', pieces(large, 50_000), { checksums: right })
        await context.isWhole('file', large)
        await reports(context, 'file', right, context.capabilities)
        for (const algorithm of ['md5', 'sha256'] as const) {
          const checksums = { [algorithm]: wrong[algorithm] }
          for (const body of [large, pieces(large, 50_000)]) {
            await rejects(storage.putFile(container, 'new', body, { checksums }), 'CHECKSUM_MISMATCH')
          }
        }
        await context.nothingOf('new')
        assert.deepEqual(await context.uploads(), [])
      },
    },
    {
      id: 'L.13',
      name: 'reported checksums are correct',
      async run({ put, storage, container, capabilities }) {
        const right: Required<Checksums> = {
          md5: hex('md5', content),
          sha256: hex('sha256', content),
          crc32c: crc32c(content),
        }
        await put('plain', content)
        await put('given', content, { checksums: { md5: right.md5, sha256: right.sha256 } })
        for (const file of ['plain', 'given']) {
          const info = await storage.getFile(container, file)
          for (const [algorithm, value] of Object.entries(info.checksums)) {
            assert.equal(value, right[algorithm as ChecksumAlgorithm], `${algorithm} of ${file}`)
            assert.ok(capabilities.checksums.includes(algorithm as ChecksumAlgorithm), `${algorithm} is not declared`)
          }
        }
        await put('given', bytes(10))
        const { checksums } = await storage.getFile(container, 'given')
        if (checksums.md5 !== undefined)
          assert.equal(checksums.md5, hex('md5', bytes(10)), 'MD5 of the previous version')
        if (checksums.sha256 !== undefined) assert.equal(checksums.sha256, hex('sha256', bytes(10)))
      },
    },
    {
      id: 'L.14',
      name: 'a corrupted download is detected',
      needs: needs.checksums,
      async run(context) {
        const { container } = context
        await context.put('file', content, { checksums: { md5: hex('md5', content), sha256: hex('sha256', content) } })
        const faulty = context.faulty().transformDownload(async function* (chunks) {
          let flipped = false
          for await (const chunk of chunks) {
            const copy = Buffer.from(chunk)
            if (!flipped) copy[0] = (copy[0] ?? 0) ^ 1
            flipped = true
            yield copy
          }
        })
        const opened = await context.over(faulty).openFile(container, 'file', { verify: true })
        await rejects(opened.bytes(), 'CHECKSUM_MISMATCH')
        const whole = await context.over(faulty).openFile(container, 'file', { verify: true })
        assert.deepEqual(await whole.bytes(), content)
      },
    },
    {
      id: 'L.15',
      name: 'malformed checksums are rejected before any I/O',
      async run(context) {
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const { md5, sha256 } = { md5: hex('md5', content), sha256: hex('sha256', content) }
        const malformed = [
          { md5: md5.toUpperCase().padStart(32, 'A').replace(/^./, 'A') },
          { md5: md5.slice(1) },
          { sha256: md5 },
          { md5: Buffer.from(md5, 'hex').toString('base64') },
          { md5: '' },
          { sha1: 'a'.repeat(40), sha256 },
        ] as Checksums[]
        for (const checksums of malformed) {
          await rejects(storage.putFile(context.container, 'file', content, { checksums }), 'INVALID_ARGUMENT')
        }
        assert.deepEqual(faulty.calls, [])
      },
    },
    {
      id: 'L.16',
      name: 'a download that is too short or too long fails',
      async run(context) {
        const { container } = context
        await context.put('file', content)
        const once = { retry: { attempts: 1, maxOutage: 0 } }
        const short = context.faulty().transformDownload(async function* (chunks) {
          let left = content.length - 1
          for await (const chunk of chunks) {
            yield chunk.subarray(0, left)
            left -= Math.min(left, chunk.length)
          }
        })
        const cut = await context.over(short, once).openFile(container, 'file')
        await rejects(cut.bytes(), 'CONNECTION_LOST', 'BAD_RESPONSE')
        const long = context.faulty().transformDownload(async function* (chunks) {
          yield* chunks
          yield Buffer.from('more')
        })
        const stretched = await context.over(long, once).openFile(container, 'file')
        isCode(await stretched.bytes().catch((error: unknown) => error), 'BAD_RESPONSE')
      },
    },
  ],
}
