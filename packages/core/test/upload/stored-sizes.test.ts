/**
 * Providers that store less than they were sent: the operation fails, and what they stored is
 * removed.
 */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { StorageService, type WrittenFile } from '../../src/index.js'
import type { StorageProvider } from '../../src/provider.js'
import { capabilities, fakeProvider, written } from '../fake-provider.js'

const part = { partNumber: 1, size: 4, tag: '1' }
const upload = { container: 'c', file: 'f', id: 'id', partSize: 4 }

/** A provider whose every write stores as many bytes as it says. */
function storing(size: number, more: Partial<StorageProvider> = {}) {
  const removed: unknown[] = []
  const provider = fakeProvider({
    putFile: async (_container, _file, body) => {
      if (!(body instanceof Uint8Array)) await Array.fromAsync(body)
      return written(size)
    },
    copyFile: async () => written(size),
    startUpload: async () => upload,
    uploadPart: async (_upload, _body, { partNumber }) => ({ ...part, partNumber, size }),
    completeUpload: async () => written(size),
    abortUpload: async () => undefined,
    removeFile: async (container, file, { conditions }) => {
      removed.push({ container, file, ...conditions })
    },
    ...more,
  })
  return { removed, storage: new StorageService(provider, { retry: { attempts: 1 } }) }
}

const streaming = { capabilities: { ...capabilities, streamingPut: true } }
const inParts = { capabilities: { ...capabilities, maxPutSize: 4 } }
const removal = { container: 'c', file: 'f', ifMatch: '"1"' }

describe.each([0, 3, 5, Number.NaN, undefined as unknown as number])('a write that stores %s of four bytes', (size) => {
  it.each<[string, Partial<StorageProvider>, 'bytes' | 'stream']>([
    ['of bytes', {}, 'bytes'],
    ['of a stream', {}, 'stream'],
    ['of bytes to a provider that takes streams', streaming, 'bytes'],
    ['of a stream to a provider that takes streams', streaming, 'stream'],
  ])('%s fails, and the file is removed', async (_, provider, kind) => {
    const { storage, removed } = storing(size, provider)
    const body = kind === 'bytes' ? 'four' : Readable.from([Buffer.from('four')])
    await expect(storage.putFile('c', 'f', body)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: `the provider stored ${size} bytes of the file instead of 4`,
    })
    expect(removed).toEqual([removal])
  })

  it('of a completed upload fails, and the file is removed', async () => {
    const { storage, removed } = storing(size)
    await expect(storage.completeUpload(upload, [part])).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(removed).toEqual([removal])
  })

  it('of a part fails', async () => {
    const { storage } = storing(size)
    for (const body of ['four', Readable.from([Buffer.from('four')])]) {
      await expect(storage.uploadPart(upload, 1, body)).rejects.toMatchObject({ code: 'INTERNAL' })
    }
  })

  it('of a part of a large body fails, and the upload is aborted', async () => {
    const aborted: string[] = []
    const abortUpload = async ({ id }: { readonly id: string }) => void aborted.push(id)
    const { storage } = storing(size, { ...inParts, abortUpload })
    await expect(storage.putFile('c', 'f', 'fourfour', { partSize: 4 })).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(aborted).toEqual(['id'])
  })

  it('of a copy on the way to a removal fails, and the source stays', async () => {
    const getFile = async () => ({ ...written(4), mtime: new Date(0) })
    const { storage, removed } = storing(size, { getFile })
    await expect(
      storage.moveFile({ container: 'c', file: 'source' }, { container: 'c', file: 'f' }),
    ).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(removed).toEqual([removal])
  })
})

it('is removed only if it is still the version that was written, where removal takes no condition', async () => {
  const conditions = { ...capabilities.conditions, remove: false } as const
  for (const [etag, expected] of [
    ['"1"', [{ container: 'c', file: 'f' }]],
    ['"2"', []],
  ] as const) {
    const { storage, removed } = storing(3, {
      capabilities: { ...capabilities, conditions },
      getFile: async () => ({ ...written(3), etag, mtime: new Date(0) }),
    })
    await expect(storage.putFile('c', 'f', 'four')).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(removed).toEqual(expected)
  }
})

it('fails when the provider does not read a stream to its end, though it says what it read', async () => {
  const { storage, removed } = storing(0, {
    ...streaming,
    putFile: async (_container, _file, body) => {
      for await (const chunk of body as AsyncIterable<Uint8Array>) return written(chunk.length)
      return written(0)
    },
  })
  const body = Readable.from([Buffer.from('four'), Buffer.from('more')])
  await expect(storage.putFile('c', 'f', body, { contentType: 'a/b' })).rejects.toMatchObject({
    code: 'INTERNAL',
    message: 'the provider did not read the body to its end',
  })
  expect(removed).toEqual([removal])
})

it('fails when the provider returns nothing at all', async () => {
  const { storage } = storing(4, { putFile: async () => undefined as unknown as WrittenFile })
  await expect(storage.putFile('c', 'f', 'four')).rejects.toMatchObject({ code: 'INTERNAL' })
})
