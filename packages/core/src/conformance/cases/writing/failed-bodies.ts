/**
 * D. Writing large bodies that fail before their end.
 */
import { Readable } from 'node:stream'
import type { Body } from '../../../index.js'
import { defined } from '../../../kit/defined.js'
import type { ConformanceCase } from '../../run/case.js'
import { blocks, bytes, failingAfter, stallingAfter } from '../../tools/content.js'
import { rejects } from '../../tools/expectations.js'

const mebibyte = 1024 * 1024

/** Bytes: several parts, and more than a provider holds in memory before it stores something. */
const bodySize = 24 * mebibyte
const chunks = () => blocks(bodySize, mebibyte)

const failure = new Error('the disk of the sender failed')

const failingBodies: Readonly<Record<string, () => Body>> = {
  iterable: () => failingAfter(chunks(), failure),
  'node stream': () => Readable.from(failingAfter(chunks(), failure)),
}

export const failedBodies: readonly ConformanceCase[] = [
  {
    id: 'D.30',
    name: 'a body that fails after 24 MiB stores nothing and leaves nothing',
    async run(context) {
      const old = bytes(1000)
      await context.put('old', old)
      for (const body of Object.values(failingBodies)) {
        for (const file of ['new', 'old']) {
          await rejects(context.put(file, body()), 'SOURCE_FAILED')
          await rejects(context.put(file, body(), { size: bodySize + 1 }), 'SOURCE_FAILED')
          await context.nothingLeft()
        }
      }
      await context.nothingOf('new')
      await context.isWhole('old', old)
    },
  },
  {
    id: 'D.31',
    name: 'a body that is aborted after 24 MiB stores nothing and leaves nothing',
    async run(context) {
      const old = bytes(1000)
      await context.put('old', old)
      for (const size of [undefined, bodySize + 1]) {
        for (const file of ['new', 'old']) {
          const controller = new AbortController()
          const body = stallingAfter([...chunks()], () => controller.abort())
          const options = { signal: controller.signal, ...defined({ size }) }
          await rejects(context.put(file, body, options), 'ABORTED')
          await context.nothingLeft()
        }
      }
      await context.nothingOf('new')
      await context.isWhole('old', old)
    },
  },
]
