/**
 * A server of `resumable-processes.test.ts`: serves a directory with resumable uploads, whose
 * secret it shares with others.
 */
import { createServer } from 'node:http'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import { storageRouter } from '@stowage/rest-express'

const storage = new StorageService(new FilesystemProvider({ root: process.argv[2] }))
await storage.createContainer({ name: 'photos', ifNotExists: true })
const router = storageRouter(storage, {
  maxFileSize: 100 * 1024 * 1024,
  resumable: { secrets: ['a secret for tests, of 32 characters or more'] },
})
const server = createServer((req, res) => router(req, res))
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
