import { StorageService } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { expect, it } from 'vitest'
import { purgeStaleUploads } from '../src/purge.js'
import type { ConfiguredStorage } from '../src/storages.js'

const configured = (name: string, storage: StorageService) => [name, { name, storage } as ConfiguredStorage] as const

async function storageWithUpload() {
  const storage = new StorageService(new MemoryProvider())
  await storage.createContainer({ name: 'photos' })
  const upload = await storage.startResumableUpload('photos', 'film.mp4')
  await storage.appendToResumableUpload(upload, 'abc', { offset: 0, complete: false })
  const left = () => Array.fromAsync(storage.uploads('photos'))
  return { storage, left }
}

it('deletes uploads that are older than a time, of every storage, also after one that fails', async () => {
  const closed = new StorageService(new MemoryProvider())
  await closed.close()
  const { storage, left } = await storageWithUpload()
  const messages: string[] = []
  const storages = new Map([configured('closed', closed), configured('open', storage)])
  await purgeStaleUploads(storages, new Date(0), (message) => void messages.push(message))
  expect(await left()).toHaveLength(1)
  await purgeStaleUploads(storages, new Date(Date.now() + 1000), (message) => void messages.push(message))
  expect(await left()).toEqual([])
  expect(messages).toEqual([
    expect.stringMatching(/^stale uploads of data source "closed" were not deleted: /),
    expect.stringMatching(/^stale uploads of data source "closed" were not deleted: /),
  ])
})
