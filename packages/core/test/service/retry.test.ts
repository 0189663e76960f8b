import { describe, expect, it } from 'vitest'
import { StorageError, type StorageErrorCode } from '../../src/index.js'
import { RetryPolicy } from '../../src/service/retry.js'

const quick = { minDelay: 1, maxDelay: 5 }

const failing = (code: StorageErrorCode, times: number) => {
  const calls = { count: 0 }
  const call = async () => {
    calls.count++
    if (calls.count <= times) throw new StorageError(code, 'not now')
    return 'done'
  }
  return { calls, call }
}

const never = () => new AbortController().signal

describe('the retry policy', () => {
  it('tries again what the service says it did not do, whatever the call', async () => {
    const { calls, call } = failing('UNAVAILABLE', 2)
    expect(await new RetryPolicy(quick).run(never(), false, call)).toBe('done')
    expect(calls.count).toBe(3)
  })

  it('tries a lost connection again only when doing it twice is harmless', async () => {
    const harmless = failing('CONNECTION_LOST', 1)
    expect(await new RetryPolicy(quick).run(never(), true, harmless.call)).toBe('done')
    const harmful = failing('CONNECTION_LOST', 1)
    await expect(new RetryPolicy(quick).run(never(), false, harmful.call)).rejects.toThrow('not now')
    expect(harmful.calls.count).toBe(1)
  })

  it('gives up after the attempts that it was given', async () => {
    const { calls, call } = failing('UNAVAILABLE', Infinity)
    await expect(new RetryPolicy({ ...quick, attempts: 3 }).run(never(), true, call)).rejects.toThrow('not now')
    expect(calls.count).toBe(3)
  })

  it('does not try again what is wrong for good', async () => {
    const { calls, call } = failing('PERMISSION_DENIED', 1)
    await expect(new RetryPolicy(quick).run(never(), true, call)).rejects.toThrow('not now')
    expect(calls.count).toBe(1)
  })

  it('stops waiting when the operation is aborted', async () => {
    const controller = new AbortController()
    const call = async () => {
      setImmediate(() => controller.abort())
      throw new StorageError('RATE_LIMITED', 'later', { details: { retryAfter: 3600 } })
    }
    await expect(new RetryPolicy({ maxDelay: 3_600_000 }).run(controller.signal, true, call)).rejects.toThrow()
  })

  it('lets a transfer go on for an outage, beyond its attempts', async () => {
    const { calls, call } = failing('CONNECTION_LOST', 20)
    const policy = new RetryPolicy({ ...quick, attempts: 2, maxOutage: 60_000 })
    expect(await policy.runTransfer(never(), true, call)).toBe('done')
    expect(calls.count).toBe(21)
  })

  it('gives a transfer up when neither an attempt nor time is left', async () => {
    const { calls, call } = failing('UNAVAILABLE', Infinity)
    const policy = new RetryPolicy({ ...quick, attempts: 3, maxOutage: 0 })
    await expect(policy.runTransfer(never(), true, call)).rejects.toThrow('not now')
    expect(calls.count).toBe(3)
  })

  it('repeats nothing of a transfer that is done for good, or that would be done twice', async () => {
    for (const [code, idempotent] of [
      ['PERMISSION_DENIED', true],
      ['CONNECTION_LOST', false],
    ] as const) {
      const { calls, call } = failing(code, Infinity)
      await expect(new RetryPolicy(quick).runTransfer(never(), idempotent, call)).rejects.toThrow('not now')
      expect(calls.count).toBe(1)
    }
  })
})
