// Writes a file whose body never ends, and says when the write has begun.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'

const [root = ''] = process.argv.slice(2)
const storage = new StorageService(new FilesystemProvider({ root }))
async function* endless() {
  yield Buffer.alloc(100_000)
  while ((await readdir(join(root, '.stowage', 'tmp'))).length === 0) await delay(10)
  process.send?.('writing')
  await new Promise(() => setInterval(() => {}, 1000))
}
await storage.putFile('box', 'other', endless())
