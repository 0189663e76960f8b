import { describe, expect, it } from 'vitest'
import { StorageError, type StorageErrorCode } from '../src/index.js'
import { RetryPolicy } from '../src/retry.js'

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
})
