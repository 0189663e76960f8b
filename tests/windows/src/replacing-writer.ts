// Replaces a file that it reads at the same time, until it is killed.
import { once } from 'node:events'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'

const [root = ''] = process.argv.slice(2)
const storage = new StorageService(new FilesystemProvider({ root }))
for (let version = 0; ; version = (version + 1) % 256) {
  const opened = await storage.openFile('box', 'file')
  opened.stream.once('data', () => opened.stream.pause())
  await storage.putFile('box', 'file', Buffer.alloc(1_000_000, version))
  opened.stream.destroy()
  await once(opened.stream, 'close')
  if (version === 0) process.send?.('replaced')
}
