import { describe, expect, it } from 'vitest'
import { StorageError, StorageService } from '../../src/index.js'
import { fakeProvider, written } from '../fake-provider.js'

const partSize = 1000

/** A service that keeps what it was given, as none should, and tells how a part ends. */
function keeper(end: (partNumber: number, tries: number) => Promise<void> = async () => undefined) {
  const kept: { readonly bytes: Uint8Array; readonly was: string }[] = []
  const tries = new Map<number, number>()
  const provider = fakeProvider({
    startUpload: async (container, file) => ({ container, file, id: 'u', partSize }),
    uploadPart: async (_upload, body, { partNumber, size = 0 }) => {
      const bytes = body as Uint8Array
      kept.push({ bytes, was: Buffer.from(bytes).toString() })
      tries.set(partNumber, (tries.get(partNumber) ?? 0) + 1)
      await end(partNumber, tries.get(partNumber) ?? 0)
      return { partNumber, size, tag: String(partNumber) }
    },
    completeUpload: async (_upload, { parts }) => written(parts.reduce((total, { size }) => total + size, 0)),
    abortUpload: async () => undefined,
  })
  return { kept, storage: new StorageService(provider, { partSize, retry: { minDelay: 1, maxDelay: 2 } }) }
}

/** Each part has a letter of its own. */
async function* letters(count: number, onTaken: (index: number) => void = () => undefined) {
  for (let index = 0; index < count; index++) {
    onTaken(index)
    yield Buffer.alloc(partSize, 97 + index)
  }
}

const memoryOf = ({ bytes }: { readonly bytes: Uint8Array }) => bytes.buffer

describe('the buffers of parts', () => {
  it('are filled again, so that ten parts take the memory of as many as go up at once', async () => {
    const { kept, storage } = keeper()
    await storage.putFile('c', 'f', letters(10), { parallelism: 3 })
    expect(kept.map(({ was }) => was[0]).join('')).toBe('abcdefghij')
    expect(new Set(kept.map(memoryOf)).size).toBeLessThanOrEqual(3)
  })

  it('are not filled before one of the parts under way is stored', async () => {
    const stored = Promise.withResolvers<void>()
    const { kept, storage } = keeper(() => stored.promise)
    let taken = 0
    // The type is given, since finding it out takes the first bytes.
    const put = storage.putFile(
      'c',
      'f',
      letters(10, (index) => {
        taken = index + 1
      }),
      { parallelism: 3, contentType: 'text/plain' },
    )
    await expect.poll(() => kept.length).toBe(3)
    expect(taken).toBe(3)
    stored.resolve()
    await put
    expect(taken).toBe(10)
  })

  it('are left alone after a try that failed, whose bytes may still be on their way', async () => {
    const { kept, storage } = keeper(async (partNumber, tries) => {
      if (partNumber === 2 && tries === 1) throw new StorageError('UNAVAILABLE', 'not now')
    })
    await storage.putFile('c', 'f', letters(10), { parallelism: 1 })
    const second = kept.filter(({ was }) => was.startsWith('b'))
    expect(second).toHaveLength(2)
    for (const { bytes, was } of second) expect(Buffer.from(bytes).toString()).toBe(was)
  })

  it('are none of a body in memory: the caller’s bytes stay as they are', async () => {
    const { kept, storage } = keeper()
    const body = Buffer.concat(await Array.fromAsync(letters(5)))
    const before = Buffer.from(body)
    await storage.putFile('c', 'f', body)
    await storage.putFile('c', 'f', letters(5))
    expect(kept).toHaveLength(10)
    expect(body.equals(before)).toBe(true)
  })
})
