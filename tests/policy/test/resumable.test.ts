/** Resumable uploads under a policy: outages, kills and races between their requests. */
import { type ScanVerdict, StorageService, type UploadPolicy } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { expect, it } from 'vitest'
import { png } from './content.ts'

async function open() {
  const provider = new MemoryProvider()
  const storage = new StorageService(provider)
  await storage.createContainer({ name: 'photos' })
  // Another process, which shares only the storage.
  return { storage, other: new StorageService(provider) }
}

it('an upload outlasts an outage of the scanner, and any process completes it', async () => {
  const { storage, other } = await open()
  let isDown = true
  const scan = async (content: NodeJS.ReadableStream): Promise<ScanVerdict> => {
    if (isDown) throw new Error('connect ECONNREFUSED')
    for await (const _ of content);
    return { clean: true }
  }
  const policy: UploadPolicy = { scan }
  const upload = await storage.startResumableUpload('photos', 'a.txt', { size: 4, policy, ifNoneMatch: '*' })
  const down = { code: 'UNAVAILABLE', statusCode: 503, details: { rule: 'scan' } }
  await expect(storage.appendToResumableUpload(upload, 'meow', { offset: 0, policy })).rejects.toMatchObject(down)
  await expect(other.getResumableUpload(upload, { policy })).rejects.toMatchObject(down)
  expect(await other.getResumableUpload(upload, { complete: false })).toEqual({ offset: 4, size: 4 })
  expect(await storage.getFiles('photos')).toEqual([])
  isDown = false
  const kept = JSON.parse(JSON.stringify(upload))
  expect(await other.getResumableUpload(kept, { policy })).toMatchObject({
    offset: 4,
    file: { name: 'a.txt', size: 4 },
  })
  expect(await storage.getResumableUpload(kept, { policy })).toMatchObject({ file: { size: 4 } })
})

it('a process that was killed after it stored the file, and before it recorded it', async () => {
  const { storage, other } = await open()
  const policy: UploadPolicy = { scan: async () => ({ clean: true }) }
  const upload = await storage.startResumableUpload('photos', 'a.txt', { size: 4, policy, ifNoneMatch: '*' })
  const { provider } = storage
  const put = provider.putHiddenFile?.bind(provider)
  // The record of the completion is lost.
  provider.putHiddenFile = async (container, name, bytes, options) =>
    name.endsWith('/finished') ? undefined : put?.(container, name, bytes, options)
  const remove = provider.removeHiddenFiles?.bind(provider)
  provider.removeHiddenFiles = async () => undefined
  await storage.appendToResumableUpload(upload, 'meow', { offset: 0, policy })
  if (put) provider.putHiddenFile = put
  if (remove) provider.removeHiddenFiles = remove
  expect(await other.getResumableUpload(upload, { policy })).toMatchObject({ offset: 4, file: { size: 4 } })
})

it('a request that replaces the head after it was checked changes nothing', async () => {
  const { storage, other } = await open()
  const policy: UploadPolicy = { types: ['application/zip'], content: 'agree' }
  const good = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(200_000)])
  const bad = Buffer.concat([png(10, 10), Buffer.alloc(200_000)])
  const upload = await storage.startResumableUpload('photos', 'a.zip', { size: good.length, policy })
  await storage.appendToResumableUpload(upload, good.subarray(0, 2000), { offset: 0, policy })
  // It began when nothing was stored, and ends now, with as many bytes.
  const { provider } = other
  const [piece] = await Array.fromAsync(
    (
      await provider.listHiddenFiles?.('photos', {
        prefix: `${upload.key}/`,
        limit: 10,
        signal: new AbortController().signal,
      })
    )?.entries ?? [],
  )
  await storage.appendToResumableUpload(upload, good.subarray(2000, 100_000), { offset: 2000, policy })
  const signal = new AbortController().signal
  await provider.putHiddenFile?.('photos', piece?.name ?? '', bad.subarray(0, 2000), { signal })
  await expect(
    storage.appendToResumableUpload(upload, good.subarray(100_000), { offset: 100_000, policy }),
  ).rejects.toMatchObject({ code: 'CONTENT_REFUSED', details: { rule: 'content' } })
  expect(await storage.getFiles('photos')).toEqual([])
})

it('a body that fails within the head loses nothing that arrived', async () => {
  const { storage } = await open()
  const policy: UploadPolicy = { types: ['image/png'], content: 'agree' }
  const content = png(10, 10)
  const upload = await storage.startResumableUpload('photos', 'a.png', { size: content.length, policy })
  for (let offset = 0; offset < content.length - 100; offset += 100) {
    const broken = async function* () {
      yield content.subarray(offset, offset + 100)
      throw new Error('the connection broke')
    }
    await expect(storage.appendToResumableUpload(upload, broken(), { offset, policy })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
    })
    expect(await storage.getResumableUpload(upload, { policy })).toMatchObject({ offset: offset + 100 })
  }
})
