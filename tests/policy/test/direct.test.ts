/** Direct uploads whose policy reads the content: parts of any size, joined by their numbers. */
import { text } from 'node:stream/consumers'
import { StorageService, type UploadPolicy } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { expect, it } from 'vitest'
import { eicar } from './content.ts'

const policy: UploadPolicy = {
  scan: async (content) =>
    (await text(content)).includes(eicar.toString()) ? { clean: false, reason: 'EICAR' } : { clean: true },
}

async function upload(bodies: readonly Buffer[], { repeat = false } = {}) {
  const storage = new StorageService(new MemoryProvider())
  await storage.createContainer({ name: 'photos' })
  const target = await storage.createDirectUpload('photos', 'a.txt', { policy, maxSize: 1_000_000 })
  if (repeat) await storage.uploadPart(target, 1, 'replaced by another one')
  for (const [index, body] of bodies.entries()) await storage.uploadPart(target, index + 1, body)
  const parts = await Array.fromAsync(storage.parts(target))
  expect(parts.map(({ partNumber, size }) => [partNumber, size])).toEqual(
    bodies.map(({ length }, index) => [index + 1, length]),
  )
  const complete = () =>
    storage.completeDirectUpload(target, { policy, parts: parts.map(({ partNumber }) => ({ partNumber })) })
  return { storage, complete, target }
}

it('parts of other sizes are joined', async () => {
  const { storage, complete } = await upload([Buffer.from('one '), Buffer.from('and two')], { repeat: true })
  expect(await storage.getFiles('photos')).toEqual([])
  expect(await complete()).toMatchObject({ name: 'a.txt', size: 11, contentType: 'text/plain' })
  expect(await complete()).toMatchObject({ name: 'a.txt', size: 11 })
  await using opened = await storage.openFile('photos', 'a.txt')
  expect(await opened.text()).toBe('one and two')
})

it('no URL is signed for parts that must be read', async () => {
  const signedUrls = { baseUrl: 'https://files.example', secrets: ['a secret for tests, of 32 characters or more'] }
  const storage = new StorageService(new MemoryProvider({ signedUrls }))
  await storage.createContainer({ name: 'photos' })
  const target = await storage.createDirectUpload('photos', 'a.txt', { policy, size: 3 })
  await expect(storage.signDirectParts(target)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('uploadPart'),
  })
})

it('what two parts have in common is found, and nothing is left', async () => {
  const { storage, complete, target } = await upload([eicar.subarray(0, 20), eicar.subarray(20)])
  await expect(complete()).rejects.toMatchObject({ code: 'CONTENT_REFUSED', details: { rule: 'scan' } })
  expect(await storage.getFiles('photos')).toEqual([])
  await expect(storage.uploadPart(target, 1, 'again')).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
})

it('a part that is missing', async () => {
  const { storage, target } = await upload([Buffer.from('one')])
  await expect(
    storage.completeDirectUpload(target, { policy, parts: [{ partNumber: 1 }, { partNumber: 2 }] }),
  ).rejects.toMatchObject({ code: 'INVALID_PART' })
  await storage.abortResumableUpload(target, { policy })
  await expect(Array.fromAsync(storage.parts(target))).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
})
