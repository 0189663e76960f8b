/** A process that uploads files under a quota, until none fits. Writes the bytes that it stored. */
import { isStorageError, StorageQuota, StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'

const [root = '', limit = '0', unknownLength = ''] = process.argv.slice(2)
const storage = new StorageService(new FilesystemProvider({ root }))
const quota = new StorageQuota(storage, { container: 'accounts', limit: Number(limit) })
let stored = 0
for (let index = 0, refusals = 0; refusals < 5; index++) {
  const content = Buffer.alloc(1000 + ((index * 7919 + process.pid) % 20_000))
  const body = unknownLength === '' ? content : [content.subarray(0, 500), content.subarray(500)]
  try {
    await storage.putFile('photos', `${process.pid}-${index}`, body, { policy: { quota, owner: 'tom' } })
    stored += content.length
  } catch (error) {
    if (!isStorageError(error, 'QUOTA_EXCEEDED')) throw error
    refusals++
  }
}
process.stdout.write(String(stored))
