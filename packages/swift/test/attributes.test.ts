import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxMetadataBytes, timeOf, toHeaders, toInfo } from '../src/mapping/attributes.js'

const location = { container: 'c', file: 'f' }
const baseHeaders = { etag: '"e"', 'x-timestamp': '1700000000.12345', 'content-type': 'text/plain' }
const checksums = { md5: 'a'.repeat(32), sha256: 'b'.repeat(64) }

const headersOf = (metadata: Record<string, string>) =>
  toHeaders({ attributes: { contentType: 'text/plain', metadata }, checksums, upload: '1ekg-0123456789abcdef' })

const readBack = (headers: Record<string, string>) => toInfo(location, { ...baseHeaders, ...headers }, 1).metadata

const bytesOf = (metadata: Record<string, string>) =>
  Object.entries(metadata).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0)

/** Fails for metadata that Swift rejects (`check_metadata`). */
function expectAccepted(headers: Record<string, string>): void {
  const prefix = 'x-object-meta-'
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith(prefix))
  expect(metadata.length).toBeLessThanOrEqual(90)
  let all = 0
  for (const [name, value] of metadata) {
    const key = name.slice(prefix.length)
    expect(key).toMatch(/^[a-z0-9-]{1,128}$/)
    expect(value.length).toBeGreaterThan(0)
    expect(value.length).toBeLessThanOrEqual(256)
    expect(value).not.toMatch(/[\0-\x1f\x7f\u0100-\uffff]|^[ \x85\xa0]|[ \x85\xa0]$/)
    all += key.length + value.length
  }
  expect(all).toBeLessThanOrEqual(4096)
}

const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.stringMatching(/^[a-z0-9-]{1,10}$/),
  fc.constantFrom('', ' ', 'stowage-md5', 'Grüße', 'voilà', 'a_b', 'x'.repeat(300), '__proto__'),
)

const metadata = fc
  .array(fc.tuple(word, word), { maxLength: 120 })
  .map((pairs) => {
    const kept = new Map<string, string>()
    let bytes = 0
    for (const [key, value] of pairs) {
      const lowered = key.toLowerCase()
      const size = Buffer.byteLength(lowered) + Buffer.byteLength(value)
      if (lowered === '' || kept.has(lowered) || bytes + size > maxMetadataBytes) continue
      kept.set(lowered, value)
      bytes += size
    }
    return Object.fromEntries(kept)
  })
  .filter((pairs) => Object.entries(pairs).every(([key, value]) => (key + value).isWellFormed()))

describe('metadata', () => {
  test('is returned unchanged, and fits into the limits of Swift', () => {
    fc.assert(
      fc.property(metadata, (pairs) => {
        const headers = headersOf(pairs)
        expectAccepted(headers)
        expect(readBack(headers)).toEqual(pairs)
      }),
    )
  })

  test('fits in the worst case', () => {
    const many: Record<string, string> = {}
    for (let index = 0; bytesOf(many) + 3 <= maxMetadataBytes; index++) {
      many[String.fromCharCode(0x21 + (index % 32), 0x21 + Math.floor(index / 32))] = '\t'
    }
    expectAccepted(headersOf(many))
    expect(readBack(headersOf(many))).toEqual(many)
    const one = { key: '\x01'.repeat(maxMetadataBytes - 3) }
    expectAccepted(headersOf(one))
    expect(readBack(headersOf(one))).toEqual(one)
  })

  test('is stored as plain headers if possible', () => {
    const headers = headersOf({ author: 'Ada', 'file-number': '7' })
    expect(headers).toMatchObject({ 'x-object-meta-author': 'Ada', 'x-object-meta-file-number': '7' })
    expect(Object.keys(headers).filter((name) => name.includes('stowage-metadata'))).toEqual([])
  })

  test('of other tools is decoded as UTF-8, or as Latin-1 if it is not UTF-8', () => {
    expect(readBack({ 'x-object-meta-a': Buffer.from('Grüße').toString('latin1') })).toEqual({ a: 'Grüße' })
    expect(readBack({ 'x-object-meta-a': 'Gr\xfc\xdfe' })).toEqual({ a: 'Grüße' })
  })
})

describe('properties', () => {
  test('the modification time is X-Timestamp, truncated to the millisecond as in lists', () => {
    expect(timeOf({ 'x-timestamp': '1795385314.69470' }).toISOString()).toBe('2026-11-22T22:08:34.694Z')
    expect(timeOf({ 'x-timestamp': '1795385314' }).toISOString()).toBe('2026-11-22T22:08:34.000Z')
    expect(timeOf({ 'last-modified': 'Sun, 22 Nov 2026 22:08:35 GMT' }).toISOString()).toBe('2026-11-22T22:08:35.000Z')
  })

  test('the ETag of a plain object is its MD5, and that of a large one is not', () => {
    const md5 = '5d41402abc4b2a76b9719d911017c592'
    expect(toInfo(location, { ...baseHeaders, etag: md5 }, 5)).toMatchObject({ etag: `"${md5}"`, checksums: { md5 } })
    expect(toInfo(location, { ...baseHeaders, etag: `"${md5}"` }, 5).checksums).toEqual({ md5 })
    expect(toInfo(location, { ...baseHeaders, etag: md5, 'x-static-large-object': 'True' }, 5).checksums).toEqual({})
    expect(toInfo(location, { ...baseHeaders, etag: md5, 'x-object-manifest': 'c/p' }, 5).checksums).toEqual({})
  })

  test('a response without an ETag or a modification time is an error', () => {
    expect(() => toInfo(location, { 'x-timestamp': '1' }, 1)).toThrow(/ETag/)
    expect(() => toInfo(location, { etag: 'x' }, 1)).toThrow(/time/)
  })
})
