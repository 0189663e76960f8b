import { StorageService } from '@stowage/core'
import { compilePolicy } from '@stowage/core/provider'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it } from 'vitest'

const quota = { reserve: async () => undefined, settle: async () => undefined, release: async () => undefined }

describe('an invalid policy is INVALID_ARGUMENT, and names the rule', () => {
  it.each([
    ['maxSize', { maxSize: '10' }],
    ['maxSize', { maxSize: -1 }],
    ['types', { types: 'image/png' }],
    ['types', { types: ['image/*'] }],
    ['types', { types: ['png'] }],
    ['names', { names: '(' }],
    ['names', { names: /a/ }],
    ['content', { content: 'guess' }],
    ['image', { image: {} }],
    ['image.maxWidth', { image: { maxWidth: 0 } }],
    ['scan', { scan: 'clamd' }],
    ['quota', { quota: {} }],
    ['owner', { quota, owner: '' }],
    ['quarantine.container', { quarantine: { container: '' } }],
    ['quarantine.prefix', { quarantine: { container: 'a', prefix: 1 } }],
  ])('%s', (rule, policy) => {
    expect(() => compilePolicy(policy as object)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`policy.${rule}`),
        details: { property: `policy.${rule}` },
      }),
    )
  })

  it.each([[null], ['strict'], [undefined], [() => ({})]])('%s', (policy) => {
    expect(() => compilePolicy(policy as unknown as object)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })

  it('an unknown rule', () => {
    expect(() => compilePolicy({ maxsize: 1 } as object)).toThrow(
      /unknown option "maxsize" for policy \(known: maxSize/,
    )
  })

  it('in the options of a service', () => {
    expect(() => new StorageService(new MemoryProvider(), { policy: { maxSize: -1 } })).toThrow(/policy\.maxSize/)
  })
})

it('the rules of the service and of the call both hold', async () => {
  const storage = new StorageService(new MemoryProvider(), { policy: { maxSize: 10 } })
  await storage.createContainer({ name: 'photos' })
  const policy = { types: ['text/plain'] }
  await storage.putFile('photos', 'a.txt', 'short', { policy })
  await expect(storage.putFile('photos', 'b.txt', 'longer than ten', { policy })).rejects.toMatchObject({
    code: 'TOO_LARGE',
  })
  await expect(storage.putFile('photos', 'a.png', 'short', { policy })).rejects.toMatchObject({
    code: 'TYPE_NOT_ALLOWED',
    details: { rule: 'types', found: 'image/png' },
  })
})

it('a resumable upload that was started with a policy needs it', async () => {
  const storage = new StorageService(new MemoryProvider())
  await storage.createContainer({ name: 'photos' })
  const upload = await storage.startResumableUpload('photos', 'a.txt', { policy: { maxSize: 10 } })
  await expect(storage.appendToResumableUpload(upload, 'a', { offset: 0 })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { property: 'policy' },
  })
})
