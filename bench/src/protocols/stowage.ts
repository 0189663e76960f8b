/**
 * Stowage's router over a data source.
 *
 *     node stowage.ts SETTINGS MAX_SIZE PORT
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createStorage } from '@stowage/core'
import { storageRouter } from '@stowage/rest-express'

const [, , settings = '', maxSize = '', port = ''] = process.argv
const storage = await createStorage(JSON.parse(settings), { directory: import.meta.dirname })
await storage.createContainer({ name: 'uploads', ifNotExists: true })
const router = storageRouter(storage, { maxFileSize: Number(maxSize), resumable: true })
const server = createServer((req, res) => router(req, res))
server.listen(Number(port), '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/uploads/uploads` })
})
process.on('disconnect', () => process.exit())
