/**
 * Q. Outages: transfers outlast them, other calls do not.
 */
import assert from 'node:assert/strict'
import { StorageError } from '../../../provider.js'
import { type ConformanceCase, needs } from '../../run/case.js'
import { bytes, pieces } from '../../tools/content.js'
import { rejects, sameBytes } from '../../tools/expectations.js'

const content = bytes(200_000)
const unavailable = new StorageError('UNAVAILABLE', 'the service is restarting')
const lost = new StorageError('CONNECTION_LOST', 'the connection broke')

/** More failures than `attempts`, in less time than `maxOutage`. */
const failures = 12
const retry = { attempts: 2, minDelay: 1, maxDelay: 1, maxOutage: 60_000 }

export const outages: readonly ConformanceCase[] = [
  {
    id: 'Q.22',
    name: 'an upload outlasts an outage, whichever request the outage begins with',
    needs: needs.parts,
    async run(context) {
      const { container, partSize } = context
      const large = bytes(2 * partSize + 1)
      for (const method of ['startUpload', 'uploadPart', 'completeUpload'] as const) {
        for (const error of [unavailable, lost]) {
          const faulty = context.faulty({ streamingPut: false }).fail(method, error, failures)
          const storage = context.over(faulty, { retry, partSize })
          await storage.putFile(container, 'parts', pieces(large, 100_000))
          await context.isWhole('parts', large)
        }
      }
      const put = context.faulty({ streamingPut: false }).fail('putFile', unavailable, failures)
      await context.over(put, { retry }).putFile(container, 'put', pieces(content, 10_000))
      await context.isWhole('put', content)
    },
  },
  {
    id: 'Q.23',
    name: 'a started download outlasts an outage',
    async run(context) {
      await context.put('file', content)
      const faulty = context.faulty().breakDownload(70_000, lost).fail('openFile', unavailable, failures)
      const opened = await context.over(faulty, { retry }).openFile(context.container, 'file')
      sameBytes(await opened.bytes(), content)
    },
  },
  {
    id: 'Q.24',
    name: 'a call without content fails after its attempts, however short the outage',
    async run(context) {
      const { container } = context
      const faulty = context.faulty()
      for (const method of ['getFile', 'openFile', 'listFiles'] as const) faulty.fail(method, unavailable, failures)
      const storage = context.over(faulty, { retry })
      await rejects(storage.getFile(container, 'file'), 'UNAVAILABLE')
      await rejects(storage.openFile(container, 'file'), 'UNAVAILABLE')
      await rejects(storage.getFiles(container), 'UNAVAILABLE')
      for (const method of ['getFile', 'openFile', 'listFiles'] as const) assert.equal(faulty.count(method), 2, method)
    },
  },
]
