/**
 * @tus/server with its file store. An upload is created and sent in one request.
 *
 *     node tus.mjs ROOT PACKAGES
 */
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [, , root, packages] = process.argv
const require = createRequire(packages)
const { Server } = require('@tus/server')
const { FileStore } = require('@tus/file-store')
const tus = new Server({ path: '/files', datastore: new FileStore({ directory: join(root, 'bench') }) })
const server = createServer((req, res) => tus.handle(req, res))
server.requestTimeout = 0
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('disconnect', () => process.exit())
