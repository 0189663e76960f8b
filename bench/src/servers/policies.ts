/**
 * The REST router over one directory, under a path for each upload policy: `/0`, `/1` and so on.
 * One process, so that the differences are not those between processes.
 *
 *     node policies.ts ROOT
 */
import type { AddressInfo } from 'node:net'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import { storageRouter } from '@stowage/rest-express'
import express from 'express'
import { uploadPolicies } from '../upload-policies.ts'

const [, , root = ''] = process.argv
const provider = new FilesystemProvider({ root })
const app = express()
app.disable('x-powered-by')
for (const [index, policy] of Object.values(uploadPolicies).entries()) {
  const rules = policy === undefined ? {} : { policy }
  app.use(`/${index}`, storageRouter(new StorageService(provider), { maxFileSize: 100 * 1024 ** 3, ...rules }))
}
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
server.requestTimeout = 0
process.on('disconnect', () => process.exit())
