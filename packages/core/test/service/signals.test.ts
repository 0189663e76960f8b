import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { StorageService } from '../../src/index.js'
import { fakeProvider, written } from '../fake-provider.js'

/**
 * A storage whose provider leaves a listener on the signal of every call, and the signals that it
 * was given.
 */
function listening() {
  const signals: AbortSignal[] = []
  const storage = new StorageService(
    fakeProvider({
      getFile: async (_container, _file, { signal }) => {
        signals.push(signal)
        signal.addEventListener('abort', () => undefined)
        return { ...written(1), mtime: new Date(0) }
      },
    }),
  )
  return { storage, signals }
}

describe('The signal of a call', () => {
  it('keeps no listeners when nothing can abort the operation, so that none pile up over many calls', async () => {
    const { storage, signals } = listening()
    for (let count = 0; count < 3; count++) await storage.getFile('c', 'f')
    expect(signals.map((signal) => getEventListeners(signal, 'abort').length)).toEqual([0, 0, 0])
    expect(signals.some(({ aborted }) => aborted)).toBe(false)
  })

  it('is of one operation alone when the caller can abort it, and leaves nothing on the caller’s signal', async () => {
    const { storage, signals } = listening()
    const { signal } = new AbortController()
    await storage.getFile('c', 'f', { signal })
    await storage.getFile('c', 'f', { signal, timeout: 1000 })
    await storage.getFile('c', 'f', { timeout: 1000 })
    expect(new Set([...signals, signal]).size).toBe(4)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
