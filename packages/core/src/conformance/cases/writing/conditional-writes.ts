/**
 * J. Conditional writes and removals.
 */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { Capabilities, WriteConditions } from '../../../provider.js'
import { all, type ConformanceCategory, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes, pieces } from '../../tools/content.js'
import { eachRejects, isCode, lasting, rejects } from '../../tools/expectations.js'
import { increment } from '../../tools/storage-tasks.js'
import { otherProcesses } from './other-processes.js'

const staleTag = '"stale-tag"'
const first = bytes(500, 1)
const second = bytes(700, 2)

/** Replaces a case if the capability is missing: fails with NOT_SUPPORTED before any I/O. */
const rejectedWith =
  (conditions: WriteConditions, capability: `conditions.${keyof Capabilities['conditions']}`) =>
  async (context: CaseContext): Promise<void> => {
    const { container } = context
    await context.put('file', first)
    const faulty = context.faulty()
    const storage = context.over(faulty)
    const operations = {
      'putFile of bytes': () => storage.putFile(container, 'file', second, conditions),
      'putFile of a stream': () => storage.putFile(container, 'file', pieces(second, 100), conditions),
      copyFile: () => storage.copyFile({ container, file: 'file' }, { container, file: 'copy' }, conditions),
    }
    await eachRejects(operations, 'NOT_SUPPORTED', ({ details }) => assert.equal(details.capability, capability))
    assert.deepEqual(faulty.calls, [])
    await context.isWhole('file', first)
  }

const rejectCreate = rejectedWith({ ifNoneMatch: '*' }, 'conditions.create')
const rejectUpdate = rejectedWith({ ifMatch: staleTag }, 'conditions.update')

async function rejectRemove(context: CaseContext): Promise<void> {
  await context.put('file', first)
  const faulty = context.faulty()
  const removal = context.over(faulty).removeFile(context.container, 'file', { ifMatch: staleTag })
  const error = await rejects(removal, 'NOT_SUPPORTED')
  assert.equal(error.details.capability, 'conditions.remove')
  assert.deepEqual(faulty.calls, [])
  await context.isWhole('file', first)
}

async function raceToCreate({ storage, secondStorage, container }: CaseContext, file: string, contenders: number) {
  const attempts = Array.from({ length: contenders }, (_, index) =>
    (index % 2 === 0 ? storage : secondStorage).putFile(container, file, bytes(1000, index), { ifNoneMatch: '*' }),
  )
  const outcomes = await Promise.allSettled(attempts)
  for (const outcome of outcomes) if (outcome.status === 'rejected') isCode(outcome.reason, 'PRECONDITION_FAILED')
  const winners = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
  assert.equal(winners.length, 1, `${winners.length} writes succeeded`)
  return bytes(1000, winners[0])
}

export const conditionalWrites: ConformanceCategory = {
  title: 'Conditional writes',
  cases: [
    {
      id: 'J.1',
      name: 'create-only of a new file',
      needs: needs.create,
      rejection: rejectCreate,
      async run({ put, isWhole }) {
        await put('file', first, { ifNoneMatch: '*' })
        await isWhole('file', first)
      },
    },
    {
      id: 'J.2',
      name: 'create-only of an existing file fails and leaves it unchanged',
      needs: needs.create,
      rejection: rejectCreate,
      async run({ put, isWhole, storage, container }) {
        await put('file', first, { contentType: 'image/png' })
        const before = lasting(await storage.getFile(container, 'file'))
        await rejects(put('file', second, { ifNoneMatch: '*', contentType: 'text/plain' }), 'PRECONDITION_FAILED')
        assert.deepEqual(lasting(await storage.getFile(container, 'file')), before)
        await isWhole('file', first)
        await storage.removeFile(container, 'file')
        await put('file', second, { ifNoneMatch: '*' })
        await isWhole('file', second)
      },
    },
    {
      id: 'J.3',
      name: 'exactly one of ten concurrent create-only writes succeeds',
      needs: needs.atomicCreate,
      async run(context) {
        const winner = await raceToCreate(context, 'file', 10)
        await context.isWhole('file', winner)
      },
    },
    {
      id: 'J.4',
      name: 'an update with the current ETag',
      needs: needs.update,
      rejection: rejectUpdate,
      async run({ put, isWhole, storage, container }) {
        const { etag } = await put('file', first)
        const written = await put('file', second, { ifMatch: etag })
        await isWhole('file', second)
        assert.notEqual(written.etag, etag)
        await put('file', first, { ifMatch: (await storage.getFile(container, 'file')).etag })
        await put('file', second, { ifMatch: '*' })
        await isWhole('file', second)
      },
    },
    {
      id: 'J.5',
      name: 'an update with a stale ETag fails',
      needs: needs.update,
      rejection: rejectUpdate,
      async run({ put, isWhole }) {
        const { etag } = await put('file', first)
        await put('file', second)
        await rejects(put('file', first, { ifMatch: etag }), 'PRECONDITION_FAILED')
        await rejects(put('file', first, { ifMatch: staleTag }), 'PRECONDITION_FAILED')
        await isWhole('file', second)
      },
    },
    {
      id: 'J.6',
      name: 'an update of a missing file fails',
      needs: needs.update,
      rejection: rejectUpdate,
      async run({ put, storage, container, nothingOf }) {
        await rejects(put('file', first, { ifMatch: staleTag }), 'PRECONDITION_FAILED')
        await nothingOf('file')
        const { etag } = await put('file', first)
        await storage.removeFile(container, 'file')
        await rejects(put('file', first, { ifMatch: etag }), 'PRECONDITION_FAILED')
        await nothingOf('file')
      },
    },
    {
      id: 'J.7',
      name: 'five concurrent counters lose no increment',
      needs: needs.atomicUpdate,
      async run({ storage, secondStorage, container, put, read }) {
        await put('counter', '0')
        const counters = Array.from({ length: 5 }, async (_, index) => {
          for (let times = 0; times < 10; times++)
            await increment(index % 2 === 0 ? storage : secondStorage, container, 'counter')
        })
        await Promise.all(counters)
        assert.equal(String(await read('counter')), '50')
      },
    },
    {
      id: 'J.8',
      name: 'If-Match * on a missing file fails',
      needs: needs.update,
      rejection: rejectUpdate,
      async run({ put, nothingOf }) {
        await rejects(put('file', first, { ifMatch: '*' }), 'PRECONDITION_FAILED')
        await nothingOf('file')
      },
    },
    {
      id: 'J.9',
      name: 'conditions on a stream',
      needs: all(needs.create, needs.update),
      async run({ put, isWhole }) {
        const stream = () => Readable.from(pieces(second, 100))
        const { etag } = await put('file', Readable.from(pieces(first, 100)), { ifNoneMatch: '*' })
        await rejects(put('file', stream(), { ifNoneMatch: '*' }), 'PRECONDITION_FAILED')
        await rejects(put('file', stream(), { ifMatch: staleTag }), 'PRECONDITION_FAILED')
        await isWhole('file', first)
        await put('file', stream(), { ifMatch: etag })
        await isWhole('file', second)
      },
    },
    {
      id: 'J.10',
      name: 'conditions on a file that is sent in parts',
      needs: all(needs.parts, needs.create, needs.update),
      async run(context) {
        const { container, partSize, inParts, over, isWhole } = context
        const large = bytes(2 * partSize + 5)
        const storage = over(inParts(), { partSize })
        const stream = () => pieces(large, 50_000)
        const { etag } = await storage.putFile(container, 'file', stream(), { ifNoneMatch: '*' })
        await rejects(storage.putFile(container, 'file', stream(), { ifNoneMatch: '*' }), 'PRECONDITION_FAILED')
        await rejects(storage.putFile(container, 'file', stream(), { ifMatch: staleTag }), 'PRECONDITION_FAILED')
        await isWhole('file', large)
        assert.deepEqual(await context.uploads(), [], 'the failed condition left an upload')
        await storage.putFile(container, 'file', pieces(large.subarray(1), 50_000), { ifMatch: etag })
        await isWhole('file', large.subarray(1))
      },
    },
    {
      id: 'J.11',
      name: 'a failed condition stores nothing',
      needs: all(needs.create, needs.update),
      async run(context) {
        const { put, storage, container } = context
        await put('file', first, { contentType: 'image/png' })
        const before = lasting(await storage.getFile(container, 'file'))
        for (const conditions of [{ ifNoneMatch: '*' }, { ifMatch: staleTag }] as const) {
          await rejects(put('file', second, { ...conditions, contentType: 'text/plain' }), 'PRECONDITION_FAILED')
          const source = { container, file: 'other' }
          await put('other', second, { contentType: 'text/plain' })
          await rejects(storage.copyFile(source, { container, file: 'file' }, conditions), 'PRECONDITION_FAILED')
          assert.deepEqual(lasting(await storage.getFile(container, 'file')), before)
        }
        await context.isWhole('file', first)
        assert.deepEqual(await context.names(), ['file', 'other'])
        assert.deepEqual(await context.uploads(), [])
      },
    },
    {
      id: 'J.12',
      name: 'a removal with the current ETag',
      needs: needs.remove,
      rejection: rejectRemove,
      async run({ put, storage, container, nothingOf }) {
        const { etag } = await put('file', first)
        await storage.removeFile(container, 'file', { ifMatch: etag })
        await nothingOf('file')
        await put('file', first)
        await storage.removeFile(container, 'file', { ifMatch: '*' })
        await nothingOf('file')
      },
    },
    {
      id: 'J.13',
      name: 'a removal with a stale ETag fails and keeps the file',
      needs: needs.remove,
      rejection: rejectRemove,
      async run({ put, storage, container, isWhole }) {
        const { etag } = await put('file', first)
        await put('file', second)
        await rejects(storage.removeFile(container, 'file', { ifMatch: etag }), 'PRECONDITION_FAILED')
        await rejects(storage.removeFile(container, 'file', { ifMatch: staleTag }), 'PRECONDITION_FAILED')
        await isWhole('file', second)
        await storage.removeFile(container, 'file')
        await rejects(
          storage.removeFile(container, 'file', { ifMatch: staleTag }),
          'FILE_NOT_FOUND',
          'PRECONDITION_FAILED',
        )
      },
    },
    {
      id: 'J.14',
      name: 'atomic conditions hold between two handles, in twenty rounds',
      needs: all(needs.atomicCreate, needs.atomicUpdate),
      async run(context) {
        const { storage, secondStorage, container } = context
        for (let round = 0; round < 20; round++) {
          const file = `round ${round}`
          await context.isWhole(file, await raceToCreate(context, file, 4))
          const { etag } = await storage.getFile(container, file)
          const updates = await Promise.allSettled(
            [storage, secondStorage, storage, secondStorage].map((handle, index) =>
              handle.putFile(container, file, bytes(2000, index), { ifMatch: etag }),
            ),
          )
          const winners = updates.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
          assert.equal(winners.length, 1, `${winners.length} updates of one version succeeded`)
          await context.isWhole(file, bytes(2000, winners[0]))
        }
      },
    },
    {
      id: 'J.15',
      name: 'malformed conditions are rejected before any I/O',
      async run(context) {
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const { container } = context
        const malformed = [
          { ifMatch: 'abc' },
          { ifMatch: 'W/"weak"' },
          { ifMatch: '' },
          { ifNoneMatch: '"a"' },
          { ifMatch: '"a"', ifNoneMatch: '*' },
        ] as WriteConditions[]
        for (const conditions of malformed) {
          await rejects(storage.putFile(container, 'file', first, conditions), 'INVALID_ARGUMENT')
          const place = { container, file: 'file' }
          await rejects(storage.copyFile(place, { container, file: 'b' }, conditions), 'INVALID_ARGUMENT')
        }
        await rejects(storage.removeFile(container, 'file', { ifMatch: 'abc' }), 'INVALID_ARGUMENT')
        assert.deepEqual(faulty.calls, [])
      },
    },
    ...otherProcesses,
  ],
}
