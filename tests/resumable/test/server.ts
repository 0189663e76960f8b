/**
 * A server with resumable uploads over one data source, in a process that tests kill. It shares its
 * secret with all others. Writes its port to its parent.
 *
 *     node server.ts SETTINGS
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createStorage } from '@stowage/core'
import { storageRouter } from '@stowage/rest-express'

const storage = await createStorage(JSON.parse(process.argv[2] ?? ''), { directory: import.meta.dirname })
const router = storageRouter(storage, {
  maxFileSize: 1024 ** 3,
  resumable: { secrets: ['a secret for tests, of 32 characters or more'] },
  onError: (error, { statusCode }) => statusCode >= 500 && console.error(error),
})
const server = createServer((req, res) => router(req, res))
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
