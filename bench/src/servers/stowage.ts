/**
 * Stowage: the REST router over a directory, as an application mounts it.
 *
 *     node stowage.ts ROOT
 */
import type { AddressInfo } from 'node:net'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import { storageRouter } from '@stowage/rest-express'
import express from 'express'

const [, , root = ''] = process.argv
const storage = new StorageService(new FilesystemProvider({ root }))
const app = express()
app.disable('x-powered-by')
app.use('/api/containers', storageRouter(storage, { maxFileSize: 100 * 1024 ** 3 }))
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
server.requestTimeout = 0
process.on('disconnect', () => process.exit())
