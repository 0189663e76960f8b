/**
 * F. Abort: every call of the bare provider.
 */
import assert from 'node:assert/strict'
import { type ConformanceCase, needsFault } from '../../run/case.js'
import { type CaseContext, deadline } from '../../run/context.js'
import { sameBytes } from '../../tools/expectations.js'
import type { ProviderMethod } from '../../tools/faulty-provider.js'
import { calledMethods, newContent, oldContent, providerCalls, targetsOf } from '../../tools/provider-calls.js'
import { within } from '../../tools/time-limit.js'

/** Milliseconds: a call that takes less settles soon enough, even if it ignores its signal. */
const slow = 200
/** The fastest of these counts, which a busy machine delays least. */
const attempts = 3

async function settle(call: Promise<unknown> | undefined): Promise<void> {
  await call?.then(
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
  sameBytes(content, content.length === oldContent.length ? oldContent : newContent)
}

/** Returns the duration of a call, and that of one that is aborted at once. */
async function durationsOf(context: CaseContext, method: ProviderMethod, file: string) {
  const { provider } = context
  const whole = providerCalls(provider, await targetsOf(context, file, method))[method]
  const uncut = await durationOf(async () => whole?.(context.call.signal))
  const targets = await targetsOf(context, file, method)
  const call = providerCalls(provider, targets)[method]
  const controller = new AbortController()
  const cut = await durationOf(async () => {
    const pending = call?.(controller.signal)
    controller.abort(new Error('the user has left'))
    return pending
  })
  for (const name of [file, `${file} copy`, targets.upload.file]) await isOneVersion(context, name)
  return { uncut, cut }
}

export const providerAborts: readonly ConformanceCase[] = [
  {
    id: 'F.20',
    name: 'every call of the bare provider settles soon after its signal is aborted',
    async run(context) {
      for (const method of calledMethods(context.provider)) {
        let [uncut, cut] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
        // Compared with the call itself, so that the speed of the machine does not matter.
        const isSoon = () => uncut < slow || cut < uncut / 2
        for (let attempt = 0; attempt < attempts && !isSoon(); attempt++) {
          const durations = await durationsOf(context, method, `${method} ${attempt}`)
          uncut = Math.min(uncut, durations.uncut)
          cut = Math.min(cut, durations.cut)
        }
        const message = `${method} takes ${Math.round(uncut)} ms, and ${Math.round(cut)} ms if it is aborted at once`
        assert.ok(isSoon(), message)
      }
    },
  },
  {
    id: 'F.21',
    name: 'every call of the bare provider settles when its signal is aborted while the service is silent',
    needs: needsFault('silent'),
    async run(context) {
      const provider = await context.brokenProvider('silent')
      const pending = calledMethods(provider).map(async (method) => {
        const call = providerCalls(provider, await targetsOf(context, method, method))[method]
        const controller = new AbortController()
        const settled = settle(call?.(controller.signal))
        setImmediate(() => controller.abort(new Error('the user has left')))
        await within(deadline, settled, `${method} ignores its signal: it does not settle`)
      })
      await Promise.all(pending)
      for (const method of calledMethods(provider)) await context.isWhole(method, oldContent)
    },
  },
]
