/**
 * K. Attributes.
 */

import assert from 'node:assert/strict'
import { headerAttributeNames, headerAttributes } from '../../../contract/attributes.js'
import type { FileAttributes } from '../../../provider.js'
import { type ConformanceCase, type ConformanceCategory, type Need, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes } from '../../tools/content.js'
import { rejects } from '../../tools/expectations.js'

const content = bytes(1000)

/** Asserts that a write keeps these attributes. */
async function kept({ put, storage, secondStorage, container }: CaseContext, attributes: FileAttributes) {
  await put('file', content, attributes)
  const info = await secondStorage.getFile(container, 'file')
  const opened = await storage.openFile(container, 'file')
  await opened.close()
  for (const [name, value] of Object.entries(attributes)) {
    assert.deepEqual(info[name as keyof FileAttributes], value, `${name} of getFile`)
    assert.deepEqual(opened.info[name as keyof FileAttributes], value, `${name} of openFile`)
  }
}

/** A case for a header attribute, with values that are difficult for services. */
const header = (
  id: string,
  name: string,
  attribute: Exclude<keyof FileAttributes, 'metadata' | 'contentType'>,
  ...values: readonly string[]
): ConformanceCase => ({
  id,
  name,
  needs: needs[attribute],
  async run(context) {
    for (const value of values) await kept(context, { [attribute]: value })
    await context.put('file', content)
    const { [attribute]: left } = await context.storage.getFile(context.container, 'file')
    assert.equal(left, undefined, 'the attribute of the previous version remains')
    for (const value of ['', ' a', 'a ', 'a\r\nX-Injected: b', 'a\0b', 'ä', 7 as unknown as string]) {
      await rejects(context.put('file', content, { [attribute]: value }), 'INVALID_ARGUMENT')
    }
  },
  async rejection(context) {
    const faulty = context.faulty()
    const write = context.over(faulty).putFile(context.container, 'file', content, { [attribute]: values[0] })
    assert.equal((await rejects(write, 'NOT_SUPPORTED')).details.capability, `attributes.${attribute}`)
    assert.deepEqual(faulty.calls, [])
  },
})

/** A case with metadata that is kept unchanged. */
const metadata = (id: string, name: string, ...sets: readonly Readonly<Record<string, string>>[]): ConformanceCase => ({
  id,
  name,
  needs: needs.metadata,
  async run(context) {
    for (const pairs of sets) await kept(context, { metadata: pairs })
  },
})

/** A case with metadata that is rejected on every service, before any I/O. */
const rejectedMetadata = (id: string, name: string, ...sets: readonly unknown[]): ConformanceCase => ({
  id,
  name,
  async run(context) {
    const faulty = context.faulty()
    const storage = context.over(faulty)
    for (const pairs of sets as Record<string, string>[]) {
      await rejects(storage.putFile(context.container, 'file', content, { metadata: pairs }), 'INVALID_ARGUMENT')
    }
    assert.deepEqual(faulty.calls, [])
  },
})

/** Returns metadata of exactly this number of bytes, keys included. */
function metadataOf(total: number): Record<string, string> {
  const pairs: Record<string, string> = {}
  let left = total
  for (let number = 0; left > 0; number++) {
    const key = `key-${number}`
    if (left <= key.length) {
      pairs['key-0'] += 'x'.repeat(left)
      break
    }
    const length = Math.min(500, left - key.length)
    pairs[key] = 'x'.repeat(length)
    left -= key.length + length
  }
  return pairs
}

const metadataFits: Need = ({ attributes }) =>
  attributes.maxMetadataBytes >= 64
    ? undefined
    : `capabilities.attributes.maxMetadataBytes is ${attributes.maxMetadataBytes}`

export const attributes: ConformanceCategory = {
  title: 'Attributes',
  cases: [
    {
      id: 'K.1',
      name: 'content type',
      async run(context) {
        for (const contentType of ['image/png', 'text/plain; charset=utf-8', 'application/vnd.a+json', 'x-a/b']) {
          await kept(context, { contentType })
        }
      },
    },
    header('K.2', 'cache control', 'cacheControl', 'no-cache', 'public, max-age=31536000, immutable'),
    header(
      'K.3',
      'content disposition',
      'contentDisposition',
      'attachment',
      'attachment; filename="a \\"b\\".txt"; filename*=UTF-8\'\'%e2%82%ac.txt',
    ),
    header('K.4', 'content encoding', 'contentEncoding', 'gzip', 'br, gzip'),
    header('K.5', 'content language', 'contentLanguage', 'de-CH', 'en, fr'),
    {
      id: 'K.6',
      name: 'the ETag is strong, quoted and the same everywhere',
      async run({ put, storage, secondStorage, container }) {
        const { etag } = await put('file', content)
        assert.match(etag, /^"[!#-~\x80-\xff]+"$/)
        assert.equal((await secondStorage.getFile(container, 'file')).etag, etag)
        const opened = await storage.openFile(container, 'file', { range: { start: 1, end: 2 } })
        await opened.close()
        assert.equal(opened.info.etag, etag)
        for (const entry of await storage.getFiles(container)) {
          if (entry.folder === undefined && entry.etag !== undefined) assert.equal(entry.etag, etag)
        }
      },
    },
    {
      id: 'K.7',
      name: 'the ETag changes with the content, however quickly versions follow',
      async run({ put, storage, container }) {
        const seen = new Set<string>()
        // All versions have the same size, so the size cannot distinguish them.
        for (let version = 0; version < 50; version++) seen.add((await put('file', bytes(1000, version))).etag)
        assert.equal(seen.size, 50, 'two versions have the same ETag')
        const { etag } = await storage.getFile(container, 'file')
        assert.equal([...seen].at(-1), etag)
        await storage.getFile(container, 'file')
        assert.equal((await storage.getFile(container, 'file')).etag, etag, 'the ETag changes without a write')
      },
    },
    {
      id: 'K.8',
      name: 'mtime never decreases',
      async run({ put, storage, container }) {
        let before = 0
        for (let version = 0; version < 20; version++) {
          await put('file', bytes(100, version))
          const { mtime } = await storage.getFile(container, 'file')
          assert.ok(mtime.getTime() >= before, `${mtime.toISOString()} after ${new Date(before).toISOString()}`)
          before = mtime.getTime()
        }
        assert.ok(Math.abs(Date.now() - before) < 60 * 60 * 1000, 'mtime differs from now by more than an hour')
      },
    },
    {
      id: 'K.9',
      name: 'created is not after mtime',
      async run({ put, storage, container }) {
        for (let version = 0; version < 3; version++) {
          await put('file', bytes(100, version))
          const { created, mtime } = await storage.getFile(container, 'file')
          if (created === undefined) continue
          assert.ok(created instanceof Date)
          assert.ok(created.getTime() <= mtime.getTime(), `${created.toISOString()} is after ${mtime.toISOString()}`)
        }
      },
    },
    metadata('K.10', 'metadata', { a: 'b' }, { colour: 'red', size: '10', 'with-hyphen': 'a, b; c="d"' }),
    {
      id: 'K.11',
      name: 'missing metadata is an empty object, also after a version with metadata',
      async run({ put, storage, container, capabilities }) {
        await put('file', content, { metadata: {} })
        assert.deepEqual((await storage.getFile(container, 'file')).metadata, {})
        if (capabilities.attributes.maxMetadataBytes > 0) await put('file', content, { metadata: { a: 'b' } })
        await put('file', content)
        assert.deepEqual((await storage.getFile(container, 'file')).metadata, {})
      },
    },
    rejectedMetadata('K.12', 'an empty key is rejected', { '': 'value' }, { a: 'b', '': '' }),
    rejectedMetadata('K.13', 'keys that differ only in case are rejected', { a: '1', A: '2' }, { Éa: '1', éa: '2' }),
    metadata(
      'K.14',
      'values of every kind',
      { a: 'Grüße 世界 😀' },
      { a: '' },
      { a: ' leading and trailing ' },
      { a: '=?UTF-8?Q?=41?=', b: '%41', c: '"quoted"', d: 'a\\b', e: '\u00ff' },
      { a: 'line\r\nbreak', b: '\t', c: '\u007f' },
    ),
    metadata(
      'K.15',
      'odd keys',
      { 'a.b': '1', a_b: '2', 'a-b': '3', 0: '4', '-': '5', _: '6' },
      { ['__proto__']: 'a', constructor: 'b', tostring: 'c' },
      { 'a b': '1', 'a:b': '2', 'a/b': '3', 'a%62': '4', 'a=b': '5' },
      { schlüssel: 'a', 鍵: 'b', '😀': 'c' },
      { 'x-amz-meta-a': '1', 'x-ms-meta-a': '2', 'content-type': '3', host: '4' },
      { ['k'.repeat(128)]: 'a' },
    ),
    {
      id: 'K.16',
      name: 'metadata over the limit is rejected before any I/O; metadata at the limit is kept',
      needs: metadataFits,
      async run(context) {
        const { maxMetadataBytes } = context.capabilities.attributes
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const over = metadataOf(maxMetadataBytes + 1)
        const write = storage.putFile(context.container, 'file', content, { metadata: over })
        await rejects(write, 'INVALID_ARGUMENT')
        assert.deepEqual(faulty.calls, [])
        await kept(context, { metadata: metadataOf(maxMetadataBytes) })
      },
    },
    {
      id: 'K.17',
      name: 'keys are returned in lower case',
      needs: needs.metadata,
      async run({ put, storage, container }) {
        await put('file', content, { metadata: { Mixed: 'A', 'UPPER-CASE': 'B' } })
        const info = await storage.getFile(container, 'file')
        assert.deepEqual(info.metadata, { mixed: 'A', 'upper-case': 'B' })
      },
    },
    rejectedMetadata(
      'K.18',
      'keys and values that are not well-formed strings are rejected',
      { a: 7 },
      { a: null },
      { a: 'x\ud800' },
      { 'x\ud800': 'a' },
    ),
    {
      id: 'K.19',
      name: 'all attributes at once, and none remains in the next version',
      async run(context) {
        const { storage, container, put } = context
        await put('file', content, allAttributes(context))
        await kept(context, allAttributes(context))
        await put('file', content, { contentType: 'text/plain' })
        const { contentType, metadata, ...info } = await storage.getFile(container, 'file')
        assert.equal(contentType, 'text/plain')
        assert.deepEqual(metadata, {})
        for (const name of headerAttributeNames) {
          assert.equal(info[name], undefined, name)
        }
      },
    },
    {
      id: 'K.20',
      name: 'a reader sees the attributes of one version only',
      async run({ put, storage, secondStorage, container }) {
        // Content and type change together, which reveals a mix.
        const write = (version: number) =>
          put('file', bytes(1000 + version, version), { contentType: `application/x-v${version}` })
        await write(0)
        let writing = true
        const writer = (async () => {
          for (let version = 1; version <= 100; version++) await write(version)
          writing = false
        })()
        const reader = async (handle: typeof storage) => {
          while (writing) {
            const opened = await handle.openFile(container, 'file')
            const content = await opened.bytes()
            const version = content.length - 1000
            assert.deepEqual(content, bytes(1000 + version, version))
            assert.equal(opened.info.contentType, `application/x-v${version}`)
            const info = await handle.getFile(container, 'file')
            assert.equal(info.contentType, `application/x-v${info.size - 1000}`)
          }
        }
        await Promise.all([writer, reader(storage), reader(secondStorage)])
      },
    },
    {
      id: 'K.21',
      name: 'consecutive spaces are kept in every attribute',
      async run(context) {
        await kept(context, { contentType: 'text/plain;  title="a  b"' })
        for (const attribute of textAttributes(context)) await kept(context, { [attribute]: 'a;  title="b   c"' })
        if (context.capabilities.attributes.maxMetadataBytes > 0) {
          await kept(context, { metadata: { a: 'b  c', b: 'c   d    e', c: ' \t ', d: '  a' } })
        }
      },
    },
    {
      id: 'K.22',
      name: 'tabs are kept in metadata, and rejected in every other attribute before any I/O',
      async run(context) {
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const write = (attributes: FileAttributes) => storage.putFile(context.container, 'file', content, attributes)
        for (const contentType of ['text/plain;\tcharset=utf-8', 'text/plain\t; a=b', 'text/plain; a="b\tc"']) {
          await rejects(write({ contentType }), 'INVALID_ARGUMENT')
        }
        for (const attribute of textAttributes(context)) {
          await rejects(write({ [attribute]: 'a;\ttitle="b"' }), 'INVALID_ARGUMENT')
        }
        assert.deepEqual(faulty.calls, [])
        if (context.capabilities.attributes.maxMetadataBytes === 0) return
        await kept(context, { metadata: { a: 'b\tc', b: 'd\t\t e', c: '\t', d: 'f \t' } })
      },
    },
    header('K.23', 'expires', 'expires', 'Thu, 01 Jan 2037 00:00:00 GMT', 'Fri, 02 Jan 1970 10:00:00 GMT'),
    {
      id: 'K.24',
      name: 'expires is an HTTP date; anything else is rejected before any I/O',
      needs: needs.expires,
      async run(context) {
        const faulty = context.faulty()
        for (const expires of [
          '0',
          'tomorrow',
          '2037-01-01',
          'Thu, 01 Jan 2037 00:00:00 +0100',
          'Mon, 31 Feb 2037 00:00:00 GMT',
        ]) {
          await rejects(
            context.over(faulty).putFile(context.container, 'file', content, { expires }),
            'INVALID_ARGUMENT',
          )
        }
        assert.deepEqual(faulty.calls, [])
      },
    },
    {
      id: 'K.25',
      name: 'mtime never decreases and ETags never repeat when the clock is set back',
      needs: needs.moveClock,
      async run(context) {
        const { put, storage, container, harness } = context
        const moveClock = async (milliseconds: number) => harness.moveClock?.(milliseconds)
        context.atEnd(() => moveClock(0))
        await put('source', content)
        const etags: string[] = []
        let before = 0
        const check = async () => {
          const { etag, mtime } = await storage.getFile(container, 'file')
          assert.ok(mtime.getTime() >= before, `${mtime.toISOString()} after ${new Date(before).toISOString()}`)
          before = mtime.getTime()
          etags.push(etag)
        }
        // An hour back and forth, so that a version may get the same time as an earlier one.
        for (const milliseconds of [0, -3_600_000, 0, -3_600_000, -7_200_000]) {
          await moveClock(milliseconds)
          for (const seed of [1, 2]) {
            await put('file', bytes(1000, seed))
            await check()
          }
          await storage.copyFile({ container, file: 'source' }, { container, file: 'file' })
          await check()
        }
        assert.equal(new Set(etags).size, etags.length, 'an ETag repeats')
      },
    },
  ],
}

/** The header attributes that the provider stores and whose values are free text. */
const textAttributes = ({ capabilities }: CaseContext) =>
  headerAttributeNames.filter((name) => capabilities.attributes[name] && !('rule' in headerAttributes[name]))

/** A value for each attribute that the provider stores. */
export function allAttributes({ capabilities }: CaseContext): FileAttributes {
  const { maxMetadataBytes, ...can } = capabilities.attributes
  const examples = headerAttributeNames
    .filter((name) => can[name])
    .map((name) => [name, headerAttributes[name].example])
  return {
    contentType: 'application/x-all; charset=utf-8',
    ...Object.fromEntries(examples),
    ...(maxMetadataBytes > 0 ? { metadata: { first: '1', second: 'zwei' } } : {}),
  }
}
