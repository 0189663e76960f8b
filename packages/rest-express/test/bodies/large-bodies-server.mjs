/**
 * The server of `large-bodies.test.ts`: a process that serves a directory and reports its peak
 * memory.
 */
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import { storageRouter } from '@stowage/rest-express'
import { storageHandler } from '@stowage/rest-express/fetch'

const storage = new StorageService(new FilesystemProvider({ root: process.argv[2] }))
await storage.createContainer({ name: 'photos' })
const options = { maxFileSize: 400 * 1024 * 1024 }
const router = storageRouter(storage, options)
const server = createServer(
  process.env.STOWAGE_TEST_HANDLER === 'fetch'
    ? getRequestListener(storageHandler(storage, options))
    : (req, res) => router(req, res),
)
let peak = 0
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss())
}, 5).unref()
process.on('message', () => {
  process.send(Math.max(peak, process.memoryUsage.rss()))
  peak = 0
})
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
