/** A process that uploads files under a quota, until none fits. Writes the bytes that it stored. */
import { createStorage, type DataSourceSettings, isStorageError, StorageQuota } from '@stowage/core'

interface Job {
  readonly settings: DataSourceSettings
  /** The container of the files. */
  readonly photos: string
  readonly accounts: string
  readonly limit: number
  /** Whether the bodies have a known length. */
  readonly length: 'known' | 'unknown'
}

const { settings, photos, accounts, limit, length } = JSON.parse(process.argv[2] ?? '') as Job
const storage = await createStorage(settings)
const quota = new StorageQuota(storage, { container: accounts, limit })
let stored = 0
for (let index = 0, refusals = 0; refusals < 5; index++) {
  const content = Buffer.alloc(1000 + ((index * 7919 + process.pid) % 20_000))
  const body = length === 'known' ? content : [content.subarray(0, 500), content.subarray(500)]
  try {
    await storage.putFile(photos, `${process.pid}-${index}`, body, { policy: { quota, owner: 'tom' } })
    stored += content.length
  } catch (error) {
    if (!isStorageError(error, 'QUOTA_EXCEEDED')) throw error
    refusals++
  }
}
await storage.close()
process.stdout.write(String(stored))
