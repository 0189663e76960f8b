import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { untilAborted } from '../../src/provider.js'

const pending = new Promise<never>(() => {})

it('settles as the promise does, and keeps no listener', async () => {
  const { signal } = new AbortController()
  expect(await untilAborted(Promise.resolve(3), signal)).toBe(3)
  await expect(untilAborted(Promise.reject(new RangeError('x')), signal)).rejects.toThrow(RangeError)
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

it('rejects with the reason as soon as the signal is aborted, or at once if it is', async () => {
  const controller = new AbortController()
  const waiting = untilAborted(pending, controller.signal)
  const reason = new Error('the user has left')
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  await expect(untilAborted(pending, controller.signal)).rejects.toBe(reason)
})

it('does not report a promise that fails after the abort', async () => {
  const { promise, reject } = Promise.withResolvers<never>()
  const unhandled: unknown[] = []
  process.on('unhandledRejection', (error) => unhandled.push(error))
  await expect(untilAborted(promise, AbortSignal.abort('left'))).rejects.toBe('left')
  reject(new Error('late'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(unhandled).toEqual([])
})
