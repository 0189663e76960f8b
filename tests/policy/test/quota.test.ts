import { StorageQuota, StorageService, type UploadPolicy } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it } from 'vitest'
import { serve, ways } from './ways.ts'

async function withQuota(limit: number, policy: UploadPolicy = {}) {
  const storage = new StorageService(new MemoryProvider())
  for (const name of ['photos', 'accounts']) await storage.createContainer({ name })
  const quota = new StorageQuota(storage, { container: 'accounts', limit })
  return { storage, quota, policy: { ...policy, quota, owner: 'tom' } satisfies UploadPolicy }
}

describe('a quota', () => {
  describe.each(Object.entries(ways))('%s', (way, send) => {
    it('has room for one file, and not for the next', async () => {
      const { storage, quota, policy } = await withQuota(1500)
      await using target = await serve(storage, 'photos', policy)
      // A form has a second file.
      const size = way === 'form' ? 500 : 1000
      const content = Buffer.alloc(size, 32)
      const cuts = [100]
      expect((await send(target, { name: 'a.txt', content, cuts })).status).toBeLessThan(300)
      const used = way === 'form' ? size + 'another file of the form'.length : size
      expect(await quota.usage('tom')).toEqual({ used, reserved: 0, limit: 1500 })
      const refused = await send(target, { name: 'b.txt', content: Buffer.alloc(1200, 32), cuts })
      expect(refused).toMatchObject({ status: 507, code: 'QUOTA_EXCEEDED', rule: 'quota' })
      expect(refused.details?.left).toBeGreaterThanOrEqual(0)
      expect(await storage.hasFile('photos', 'b.txt')).toBe(false)
      expect(await quota.usage('tom')).toMatchObject({ used })
    })

    it('gets back what a refused file has reserved', async () => {
      const { storage, quota, policy } = await withQuota(10_000, {
        scan: async (content) => {
          content.resume()
          return { clean: false, reason: 'a test' }
        },
      })
      await using target = await serve(storage, 'photos', policy)
      const sent = { name: 'a.txt', content: Buffer.alloc(1000, 32), cuts: [100] }
      expect(await send(target, sent)).toMatchObject({ code: 'CONTENT_REFUSED' })
      expect(await quota.usage('tom')).toEqual({ used: 0, reserved: 0, limit: 10_000 })
    })
  })

  it('gets back what an upload reserved whose body fails', async () => {
    const { storage, quota, policy } = await withQuota(1000)
    const broken = async function* () {
      yield Buffer.alloc(10)
      throw new Error('the client is gone')
    }
    await expect(storage.putFile('photos', 'a', broken(), { policy, size: 500 })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
    })
    expect(await quota.usage('tom')).toMatchObject({ used: 0, reserved: 0 })
  })

  it('counts a resumable upload from its start, until it is aborted or expires', async () => {
    const { storage, quota, policy } = await withQuota(1000)
    const upload = await storage.startResumableUpload('photos', 'a', { size: 900, policy })
    expect(await quota.usage('tom')).toMatchObject({ used: 0, reserved: 900 })
    await expect(storage.startResumableUpload('photos', 'b', { size: 200, policy })).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      details: { left: 100, size: 1000, rule: 'quota' },
    })
    await storage.abortResumableUpload(upload, { policy })
    expect(await quota.usage('tom')).toMatchObject({ reserved: 0 })
    const reservedUntil = new Date(Date.now() - 1)
    await storage.startResumableUpload('photos', 'c', { size: 900, policy, reservedUntil })
    expect(await quota.usage('tom')).toMatchObject({ reserved: 0 })
  })

  it('gets back what one of two quotas reserved if the other one refuses', async () => {
    const { storage, quota, policy } = await withQuota(1000)
    const small = new StorageQuota(storage, { container: 'accounts', limit: 10, prefix: 'small/' })
    const both = [policy, { quota: small, owner: 'tom' }]
    const refused = { code: 'QUOTA_EXCEEDED', details: { left: 10 } }
    await expect(storage.startResumableUpload('photos', 'a', { size: 900, policy: both })).rejects.toMatchObject(
      refused,
    )
    await expect(storage.putFile('photos', 'a', Buffer.alloc(900), { policy: both })).rejects.toMatchObject(refused)
    expect(await quota.usage('tom')).toMatchObject({ used: 0, reserved: 0 })
  })

  it('counts a direct upload once, although its completion is repeated', async () => {
    const signedUrls = { baseUrl: 'https://files.example', secrets: ['a secret for tests, of 32 characters or more'] }
    const storage = new StorageService(new MemoryProvider({ signedUrls }))
    for (const name of ['photos', 'accounts']) await storage.createContainer({ name })
    const quota = new StorageQuota(storage, { container: 'accounts', limit: 1000 })
    const policy = { quota, owner: 'tom' }
    const upload = await storage.createDirectUpload('photos', 'a.txt', { size: 400, policy })
    await storage.uploadPart(upload, 1, Buffer.alloc(400))
    for (let call = 0; call < 3; call++) {
      expect(await storage.completeDirectUpload(upload, { policy })).toMatchObject({ size: 400 })
    }
    expect(await quota.usage('tom')).toEqual({ used: 400, reserved: 0, limit: 1000 })
  })

  it.each([[undefined], [''], [null], [7]])('refuses files whose owner is %j', async (owner) => {
    const { storage, quota } = await withQuota(1000)
    const policy = { quota, owner: () => owner as string }
    await expect(storage.putFile('photos', 'a', 'text', { policy })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('policy.owner must return a string'),
    })
    expect(await storage.getFiles('photos')).toEqual([])
    expect(await storage.getFiles('accounts')).toEqual([])
  })

  it('is told of deleted files', async () => {
    const { storage, quota, policy } = await withQuota(1000)
    await storage.putFile('photos', 'a', Buffer.alloc(800), { policy })
    await storage.removeFile('photos', 'a')
    await quota.change('tom', -800)
    await storage.putFile('photos', 'b', Buffer.alloc(900), { policy })
    expect(await quota.usage('tom')).toMatchObject({ used: 900 })
  })

  it('has a limit for each owner', async () => {
    const { storage } = await withQuota(0)
    const limit = async (owner: string) => (owner === 'a/ü' ? 10 : 0)
    const quota = new StorageQuota(storage, { container: 'accounts', limit, prefix: 'users/' })
    await storage.putFile('photos', 'a', '0123456789', { policy: { quota, owner: () => 'a/ü' } })
    await expect(storage.putFile('photos', 'b', '1', { policy: { quota, owner: 'eve' } })).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
    })
    expect(await storage.hasFile('accounts', `users/${encodeURIComponent('a/ü')}.json`)).toBe(true)
  })

  it('may be that of the storage which keeps its accounts', async () => {
    const { storage, quota } = await withQuota(10)
    const limited = new StorageService(storage.provider, { policy: { quota } })
    await limited.putFile('photos', 'a', '0123456789')
    await expect(limited.putFile('photos', 'b', '1')).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' })
    expect(await quota.usage('photos')).toMatchObject({ used: 10 })
  })

  it('needs atomic conditions', () => {
    const storage = new StorageService(
      new MemoryProvider({ capabilities: { conditions: { create: false } } } as object),
    )
    expect(() => new StorageQuota(storage, { container: 'accounts', limit: 1 })).toThrow(
      expect.objectContaining({ code: 'NOT_SUPPORTED' }),
    )
  })
})
