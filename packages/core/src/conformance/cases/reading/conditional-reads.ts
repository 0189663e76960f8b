/**
 * I. Conditional reads (RFC 9110, 13).
 */
import assert from 'node:assert/strict'
import type { EntityTags, GetFileOptions } from '../../../index.js'
import type { FileInfo, StorageErrorCode } from '../../../provider.js'
import type { ConformanceCase, ConformanceCategory } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes } from '../../tools/content.js'
import { lasting, rejects, sameBytes } from '../../tools/expectations.js'

const content = bytes(1000)
const otherTag = '"no-such-tag"'
const day = 24 * 60 * 60 * 1000

type Conditions = Pick<GetFileOptions, 'ifMatch' | 'ifNoneMatch' | 'ifModifiedSince' | 'ifUnmodifiedSince'>

interface Expectation {
  readonly when: (info: FileInfo) => Conditions
  /** The error. Default: the read succeeds. */
  readonly code?: StorageErrorCode
}

const later = ({ mtime }: FileInfo) => new Date(mtime.getTime() + day)
const before = ({ mtime }: FileInfo) => new Date(mtime.getTime() - day)
/** In whole seconds, as in HTTP. */
const equal = ({ mtime }: FileInfo) => new Date(Math.floor(mtime.getTime() / 1000) * 1000)

const expectations: Readonly<Record<string, readonly [name: string, ...Expectation[]]>> = {
  'I.1': [
    'If-Match with the file’s ETag',
    { when: ({ etag }) => ({ ifMatch: etag }) },
    { when: () => ({ ifMatch: '*' }) },
    { when: ({ etag }) => ({ ifMatch: [otherTag, etag] }) },
  ],
  'I.2': [
    'If-Match with another ETag',
    { when: () => ({ ifMatch: otherTag }), code: 'PRECONDITION_FAILED' },
    { when: () => ({ ifMatch: [otherTag, '"another"'] }), code: 'PRECONDITION_FAILED' },
    { when: () => ({ ifMatch: '""' }), code: 'PRECONDITION_FAILED' },
  ],
  'I.3': [
    'If-None-Match with the file’s ETag',
    { when: ({ etag }) => ({ ifNoneMatch: etag }), code: 'NOT_MODIFIED' },
    { when: ({ etag }) => ({ ifNoneMatch: [otherTag, etag] }), code: 'NOT_MODIFIED' },
  ],
  'I.4': [
    'If-None-Match with another ETag',
    { when: () => ({ ifNoneMatch: otherTag }) },
    { when: () => ({ ifNoneMatch: [otherTag, '"another"'] }) },
  ],
  'I.5': ['If-None-Match with *', { when: () => ({ ifNoneMatch: '*' }), code: 'NOT_MODIFIED' }],
  'I.6': [
    'If-Modified-Since with the same and with a later time',
    { when: (info) => ({ ifModifiedSince: equal(info) }), code: 'NOT_MODIFIED' },
    { when: (info) => ({ ifModifiedSince: later(info) }), code: 'NOT_MODIFIED' },
  ],
  'I.7': ['If-Modified-Since with an earlier time', { when: (info) => ({ ifModifiedSince: before(info) }) }],
  'I.8': [
    'If-Unmodified-Since',
    { when: (info) => ({ ifUnmodifiedSince: equal(info) }) },
    { when: (info) => ({ ifUnmodifiedSince: later(info) }) },
    { when: (info) => ({ ifUnmodifiedSince: before(info) }), code: 'PRECONDITION_FAILED' },
  ],
  'I.9': [
    'ETags take precedence over dates',
    { when: (info) => ({ ifNoneMatch: otherTag, ifModifiedSince: later(info) }) },
    { when: (info) => ({ ifNoneMatch: info.etag, ifModifiedSince: before(info) }), code: 'NOT_MODIFIED' },
    { when: (info) => ({ ifMatch: info.etag, ifUnmodifiedSince: before(info) }) },
    { when: (info) => ({ ifMatch: otherTag, ifUnmodifiedSince: later(info) }), code: 'PRECONDITION_FAILED' },
    { when: (info) => ({ ifMatch: otherTag, ifNoneMatch: info.etag }), code: 'PRECONDITION_FAILED' },
    { when: (info) => ({ ifMatch: info.etag, ifNoneMatch: info.etag }), code: 'NOT_MODIFIED' },
    {
      when: (info) => ({ ifUnmodifiedSince: before(info), ifModifiedSince: later(info) }),
      code: 'PRECONDITION_FAILED',
    },
  ],
}

const reads: ConformanceCase[] = Object.entries(expectations).map(([id, [name, ...expected]]) => ({
  id,
  name,
  async run(context) {
    await context.put('file', content)
    for (const expectation of expected) await check(context, expectation, 'openFile')
  },
}))

async function check(context: CaseContext, { when, code }: Expectation, method: 'openFile' | 'getFile') {
  const { storage, container } = context
  const info = await storage.getFile(container, 'file')
  const conditions = when(info)
  const told = JSON.stringify(conditions)
  if (code !== undefined) {
    const error = await rejects(storage[method](container, 'file', conditions), code)
    if (code === 'NOT_MODIFIED') {
      assert.equal(error.details.etag, info.etag, 'details.etag')
      assert.ok(error.details.mtime instanceof Date, 'details.mtime')
    }
  } else if (method === 'openFile') {
    sameBytes(await context.read('file', conditions), content, told)
  } else {
    assert.deepEqual(lasting(await storage.getFile(container, 'file', conditions)), lasting(info), told)
  }
}

export const conditionalReads: ConformanceCategory = {
  title: 'Conditional reads',
  cases: [
    ...reads,
    {
      id: 'I.10',
      name: 'the same conditions for getFile',
      async run(context) {
        await context.put('file', content)
        for (const [, ...expected] of Object.values(expectations)) {
          for (const expectation of expected) await check(context, expectation, 'getFile')
        }
      },
    },
    {
      id: 'I.11',
      name: 'conditions are checked before the range',
      async run({ put, storage, container, read }) {
        const { etag } = await put('file', content)
        const range = { start: 5000 }
        await rejects(storage.openFile(container, 'file', { range, ifMatch: otherTag }), 'PRECONDITION_FAILED')
        await rejects(storage.openFile(container, 'file', { range, ifNoneMatch: etag }), 'NOT_MODIFIED')
        await rejects(storage.openFile(container, 'file', { range, ifMatch: etag }), 'RANGE_NOT_SATISFIABLE')
        const within = { range: { start: 10, end: 19 }, ifMatch: etag }
        sameBytes(await read('file', within), content.subarray(10, 20))
      },
    },
    {
      id: 'I.12',
      name: 'conditions on a missing file fail with FILE_NOT_FOUND',
      async run({ storage, container }) {
        for (const conditions of [{ ifMatch: otherTag }, { ifNoneMatch: '*' }, { ifModifiedSince: new Date(0) }]) {
          await rejects(storage.getFile(container, 'file', conditions), 'FILE_NOT_FOUND')
          await rejects(storage.openFile(container, 'file', conditions), 'FILE_NOT_FOUND')
        }
      },
    },
    {
      id: 'I.13',
      name: 'malformed conditions are rejected before any I/O',
      async run(context) {
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const malformed: unknown[] = ['abc', 'W/"weak"', '', '"a', [], ['abc'], 7, '"a\nb"']
        for (const tag of malformed as EntityTags[]) {
          await rejects(storage.getFile(context.container, 'file', { ifMatch: tag }), 'INVALID_ARGUMENT')
          await rejects(storage.openFile(context.container, 'file', { ifNoneMatch: tag }), 'INVALID_ARGUMENT')
        }
        for (const time of [new Date(Number.NaN), 0, '2020-01-01'] as Date[]) {
          await rejects(storage.getFile(context.container, 'file', { ifModifiedSince: time }), 'INVALID_ARGUMENT')
          await rejects(storage.openFile(context.container, 'file', { ifUnmodifiedSince: time }), 'INVALID_ARGUMENT')
        }
        assert.deepEqual(faulty.calls, [])
      },
    },
  ],
}
