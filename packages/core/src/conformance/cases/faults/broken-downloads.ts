/**
 * Q. Faults during a download.
 */
import assert from 'node:assert/strict'
import { StorageError } from '../../../provider.js'
import type { ConformanceCase } from '../../run/case.js'
import { bytes } from '../../tools/content.js'
import { rejects, sameBytes } from '../../tools/expectations.js'

const content = bytes(200_000)
const unavailable = new StorageError('UNAVAILABLE', 'the service is unavailable')
const lost = new StorageError('CONNECTION_LOST', 'the connection broke')

export const brokenDownloads: readonly ConformanceCase[] = [
  {
    id: 'Q.6',
    name: 'a download resumes by range under the same ETag when the connection breaks',
    async run(context) {
      const { container } = context
      const { etag } = await context.put('file', content)
      const faulty = context.faulty().breakDownload(70_000, lost).breakDownload(50_000, unavailable)
      const opened = await context.over(faulty).openFile(container, 'file')
      sameBytes(await opened.bytes(), content)
      const asked = faulty.calls.map(({ args }) => args[2] as { range?: object; conditions: object })
      const last = content.length - 1
      assert.deepEqual(
        asked.map(({ range, conditions }) => ({ range, conditions })),
        [
          { range: undefined, conditions: {} },
          { range: { start: 70_000, end: last }, conditions: { ifMatch: etag } },
          { range: { start: 120_000, end: last }, conditions: { ifMatch: etag } },
        ],
      )
      const ranged = context.faulty().breakDownload(10, lost)
      const part = await context.over(ranged).openFile(container, 'file', { range: { start: 1000, end: 1999 } })
      sameBytes(await part.bytes(), content.subarray(1000, 2000))
      const opening = context.faulty().breakDownload(10, lost).fail('openFile', unavailable)
      sameBytes(await (await context.over(opening).openFile(container, 'file')).bytes(), content)
    },
  },
  {
    id: 'Q.15',
    name: 'a download that breaks after the file was replaced fails, and is never a mix',
    async run(context) {
      const { container } = context
      await context.put('file', content)
      const faulty = context.faulty().breakDownload(70_000, lost)
      const opened = await context.over(faulty).openFile(container, 'file')
      await context.put('file', bytes(content.length, 77))
      const error = await rejects(opened.bytes(), 'PRECONDITION_FAILED')
      assert.equal(error.file, 'file')
      await context.put('gone', content)
      const second = context.faulty().breakDownload(70_000, lost)
      const reading = await context.over(second).openFile(container, 'gone')
      await context.storage.removeFile(container, 'gone')
      await rejects(reading.bytes(), 'FILE_NOT_FOUND', 'PRECONDITION_FAILED')
    },
  },
  {
    id: 'Q.17',
    name: 'a download that breaks repeatedly without progress fails',
    async run(context) {
      await context.put('file', content)
      const faulty = context.faulty().breakDownload(0, lost, 100)
      const opened = await context.over(faulty).openFile(context.container, 'file')
      await rejects(opened.bytes(), 'CONNECTION_LOST')
      assert.ok(faulty.count('openFile') <= 5, `${faulty.count('openFile')} attempts`)
      const slow = context.faulty().breakDownload(20_000, lost, 9)
      const whole = await context.over(slow).openFile(context.container, 'file')
      sameBytes(await whole.bytes(), content, 'a download that makes progress each time')
    },
  },
]
