import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStorage, loadDataSources, StorageService } from '@stowage/core'
import { compilePolicy } from '@stowage/core/provider'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it, onTestFinished } from 'vitest'

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

it('a data source has the rules that are plain data, also from the environment', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-policy-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'datasources.json')
  const policy = { maxSize: '${SIZE}', types: ['text/plain'] }
  await writeFile(file, JSON.stringify({ photos: { provider: 'memory', policy } }))
  const sources = await loadDataSources(file, { environment: { SIZE: '10' } })
  const storage = (await sources.get('photos')?.createStorage()) as StorageService
  await storage.createContainer({ name: 'photos' })
  await expect(storage.putFile('photos', 'a.txt', 'longer than ten')).rejects.toMatchObject({ code: 'TOO_LARGE' })
  await expect(storage.putFile('photos', 'a.png', 'short')).rejects.toMatchObject({ code: 'TYPE_NOT_ALLOWED' })
})

it('createStorage takes a policy with functions and objects', async () => {
  const calls: string[] = []
  const scan = async () => {
    calls.push('scan')
    return { clean: true } as const
  }
  const storage = await createStorage({ provider: 'memory', policy: { scan, quota } })
  await storage.createContainer({ name: 'photos' })
  await storage.putFile('photos', 'a.txt', 'text')
  expect(calls).toEqual(['scan'])
})

it('a scanner that never decides does not outlive its call', async () => {
  const storage = new StorageService(new MemoryProvider())
  await storage.createContainer({ name: 'photos' })
  const policy = { scan: () => new Promise<never>(() => undefined) }
  await expect(
    storage.putFile('photos', 'a.txt', [Buffer.from('a'), Buffer.from('b')], { policy, timeout: 50 }),
  ).rejects.toMatchObject({
    code: 'TIMEOUT',
  })
  const controller = new AbortController()
  const put = storage.putFile('photos', 'a.txt', 'text', { policy, signal: controller.signal })
  controller.abort()
  await expect(put).rejects.toMatchObject({ code: 'ABORTED' })
  expect(await storage.getFiles('photos')).toEqual([])
})
