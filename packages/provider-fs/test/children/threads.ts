// Ends a thread that holds a lock, and then writes the same file.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { FilesystemProvider } from '@stowage/provider-fs'

const [root = ''] = process.argv.slice(2)
const worker = new Worker(new URL('./holder.ts', import.meta.url), { argv: [root, 'put', 'rename >/file', 'wait'] })
await once(worker, 'message')
await worker.terminate()

const provider = new FilesystemProvider({ root, lease: 150 })
const attributes = { contentType: 'a/b', metadata: {} }
const { signal } = new AbortController()
await provider.putFile('box', 'file', Buffer.from('ours'), {
  signal,
  attributes,
  conditions: {},
  checksums: {},
  native: {},
})
await provider.close()
