/**
 * Q. Faults: lost responses and partial failures.
 */

import assert from 'node:assert/strict'
import { withUploads } from '../../../checks/provider.js'
import { StorageError } from '../../../provider.js'
import { type ConformanceCase, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes, pieces } from '../../tools/content.js'
import { agrees, rejects } from '../../tools/expectations.js'
import type { FaultyProvider } from '../../tools/faulty-provider.js'
import { send, start } from '../uploads/parts.js'

const content = bytes(200_000)
const lost = new StorageError('CONNECTION_LOST', 'the connection broke')
const failed = new StorageError('SERVICE_FAILED', 'the service failed')
const unavailable = new StorageError('UNAVAILABLE', 'the service is unavailable')
const denied = new StorageError('PERMISSION_DENIED', 'not allowed')

/** The request of a completion is lost, and another process aborts the upload before the retry. */
const abortedBeforeRetry = (context: CaseContext): FaultyProvider =>
  context
    .faulty()
    .fail('completeUpload', lost)
    .on('completeUpload', async (proceed, target, options) => {
      await withUploads(context.provider).abortUpload(target, context.call)
      return proceed(target, options)
    })

export const lostResponses: readonly ConformanceCase[] = [
  {
    id: 'Q.13',
    name: 'an operation whose response was lost is retried only if it is idempotent',
    async run(context) {
      const { container } = context
      const faulty = context
        .faulty()
        .loseResponse('putFile', lost)
        .loseResponse('createContainer', lost)
        .loseResponse('removeFile', lost)
      const storage = context.over(faulty)
      await storage.putFile(container, 'file', content)
      assert.equal(faulty.count('putFile'), 2)
      await context.isWhole('file', content)
      await rejects(storage.createContainer({ name: context.containerName() }), 'CONNECTION_LOST')
      assert.equal(faulty.count('createContainer'), 1)
      await rejects(storage.removeFile(container, 'file'), 'CONNECTION_LOST')
      assert.equal(faulty.count('removeFile'), 1, 'a retry of the removal would fail with FILE_NOT_FOUND')
      await context.nothingOf('file')
    },
  },
  {
    id: 'Q.14',
    name: 'a conditional write whose response was lost is not retried',
    needs: needs.create,
    async run(context) {
      const { container } = context
      const faulty = context.faulty().loseResponse('putFile', lost)
      const write = context.over(faulty).putFile(container, 'file', content, { ifNoneMatch: '*' })
      await rejects(write, 'CONNECTION_LOST')
      assert.equal(faulty.count('putFile'), 1, 'a retry would find the file that the first attempt wrote')
      await context.isWhole('file', content)
    },
  },
  {
    id: 'Q.19',
    name: 'a completion whose response was lost succeeds',
    needs: needs.parts,
    async run(context) {
      const { container, partSize } = context
      const large = bytes(partSize + 10)
      for (const error of [lost, failed]) {
        const faulty = context.inParts().loseResponse('completeUpload', error)
        const written = await context.over(faulty, { partSize }).putFile(container, 'file', pieces(large, 50_000))
        assert.equal(written.size, large.length)
        assert.equal(faulty.count('completeUpload'), 2)
        await context.isWhole('file', large)
      }
      const primitive = context.faulty().loseResponse('completeUpload', lost)
      const upload = await start(context)
      const parts = await send(context, upload, large, [1, 2])
      const completed = await context.over(primitive).completeUpload(upload, parts)
      agrees(completed, await context.storage.getFile(container, 'file'))
      assert.deepEqual(await context.uploads(), [])
    },
  },
  {
    id: 'Q.20',
    name: 'a completion that did not happen fails with the first error, and stores nothing',
    needs: needs.parts,
    async run(context) {
      const { container, partSize } = context
      const upload = await start(context)
      const parts = await send(context, upload, bytes(partSize), [1])
      await rejects(context.over(abortedBeforeRetry(context)).completeUpload(upload, parts), 'CONNECTION_LOST')
      await context.nothingOf('file')
      await context.put('other', bytes(5))
      const second = await start(context, 'other')
      const ofSecond = await send(context, second, bytes(partSize), [1])
      await rejects(context.over(abortedBeforeRetry(context)).completeUpload(second, ofSecond), 'CONNECTION_LOST')
      await context.isWhole('other', bytes(5))
      assert.equal(await context.storage.hasFile(container, 'file'), false)
    },
  },
  {
    id: 'Q.21',
    name: 'a batch removal retries only the names whose failure is temporary',
    async run(context) {
      const { container } = context
      const names = ['a', 'b', 'c', 'd']
      await context.putMany(names)
      const faulty = context
        .faulty()
        .on(
          'removeFiles',
          async (proceed, name, files, options) => {
            const kept = files.filter((file) => file !== 'b' && file !== 'd')
            const done = new Map((await proceed(name, kept, options)).map((outcome) => [outcome.file, outcome]))
            return files.map((file) => done.get(file) ?? { file, error: unavailable })
          },
          1,
        )
        .on(
          'removeFiles',
          async (proceed, name, files, options) => {
            assert.deepEqual(files, ['b', 'd'])
            return [{ file: 'b', error: denied }, ...(await proceed(name, ['d'], options))]
          },
          1,
        )
      const outcomes = await context.over(faulty).removeFiles(container, names)
      assert.deepEqual(
        outcomes.map(({ file, error }) => [file, error?.code]),
        [
          ['a', undefined],
          ['b', 'PERMISSION_DENIED'],
          ['c', undefined],
          ['d', undefined],
        ],
      )
      assert.equal(faulty.count('removeFiles'), 2)
      assert.deepEqual(await context.names(), ['b'])
      const busy = context.faulty().on('removeFiles', async (_proceed, _name, files) => {
        return files.map((file) => ({ file, error: unavailable }))
      })
      const retry = { attempts: 3, minDelay: 1, maxDelay: 2, maxOutage: 0 }
      const [left] = await context.over(busy, { retry }).removeFiles(container, ['b'])
      assert.deepEqual([left?.error?.code, left?.error?.file], ['UNAVAILABLE', 'b'])
      assert.equal(busy.count('removeFiles'), 3)
    },
  },
]
