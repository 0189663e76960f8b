/**
 * F. Abort: every call of the bare provider.
 */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { PartUpload, UploadedPart } from '../../../provider.js'
import { type ConformanceCase, needsFault } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes } from '../../tools/content.js'
import { sameBytes } from '../../tools/expectations.js'
import type { ProviderMethod } from '../../tools/faulty-provider.js'
import { type CallTargets, newContent, providerCalls } from '../../tools/provider-calls.js'
import { start } from '../uploads/parts.js'

const old = bytes(1000, 3)

/** Milliseconds: a call that takes less settles soon enough, whether it observes its signal or not. */
const slow = 200
/** The fastest of these counts, which a busy machine delays least. */
const attempts = 3

/** Milliseconds: longer than a provider waits for the response to a request that was already sent. */
const deadline = 60_000

/** Creates what the calls of a provider need. */
async function targetsOf(context: CaseContext, file: string): Promise<CallTargets> {
  const { container, partSize } = context
  await context.put(file, old)
  let upload: PartUpload = { container, file, id: 'id', partSize }
  let part: UploadedPart = { partNumber: 1, size: 1000, tag: 'tag' }
  if (context.capabilities.parts !== false) {
    upload = await start(context, `${file} in parts`)
    part = await context.storage.uploadPart(upload, 1, old)
  }
  const newContainer = context.containerName()
  return { container, file, newContainer, oldContainer: await context.newContainer(), upload, part }
}

async function settle(call: Promise<unknown>): Promise<void> {
  await call.then(
    () => undefined,
    () => undefined,
  )
}

async function durationOf(call: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await settle(call())
  return performance.now() - started
}

/** Asserts that the file is the previous version, the new one, or deleted, but nothing else. */
async function isOneVersion(context: CaseContext, file: string): Promise<void> {
  if (!(await context.storage.hasFile(context.container, file))) return
  const content = await context.read(file)
  sameBytes(content, content.length === old.length ? old : newContent)
}

export const providerAborts: readonly ConformanceCase[] = [
  {
    id: 'F.20',
    name: 'every call of the bare provider settles soon after its signal is aborted',
    async run(context) {
      const methods = Object.keys(
        providerCalls(context.provider, await targetsOf(context, 'first')),
      ) as ProviderMethod[]
      for (const method of methods) {
        const durations: number[] = []
        const aborted: number[] = []
        for (let attempt = 0; attempt < attempts; attempt++) {
          const file = `${method} ${attempt}`
          const whole = providerCalls(context.provider, await targetsOf(context, file))[method]
          durations.push(await durationOf(async () => whole?.(context.call.signal)))
          const targets = await targetsOf(context, file)
          const call = providerCalls(context.provider, targets)[method]
          const controller = new AbortController()
          const duration = durationOf(async () => {
            const pending = call?.(controller.signal)
            controller.abort(new Error('the user has left'))
            return pending
          })
          aborted.push(await duration)
          for (const name of [file, `${file} copy`, targets.upload.file]) await isOneVersion(context, name)
        }
        // Compared with the call itself, so that the speed of the machine does not matter.
        const [whole, cut] = [Math.min(...durations), Math.min(...aborted)]
        const message = `${method} takes ${Math.round(whole)} ms, and ${Math.round(cut)} ms if it is aborted at once`
        assert.ok(whole < slow || cut < whole / 2, message)
      }
    },
  },
  {
    id: 'F.21',
    name: 'every call of the bare provider settles when its signal is aborted while the service is silent',
    needs: needsFault('silent'),
    async run(context) {
      const provider = await context.brokenProvider('silent')
      const calls = providerCalls(provider, await targetsOf(context, 'file'))
      const stopped = new AbortController()
      const pending = Object.entries(calls).map(async ([method, call]) => {
        const controller = new AbortController()
        const settled = settle(call(controller.signal)).then(() => true)
        setImmediate(() => controller.abort(new Error('the user has left')))
        const late = delay(deadline, false, { signal: stopped.signal }).catch(() => false)
        assert.ok(await Promise.race([settled, late]), `${method} ignores its signal`)
      })
      try {
        await Promise.all(pending)
      } finally {
        stopped.abort()
      }
      await context.isWhole('file', old)
    },
  },
]
