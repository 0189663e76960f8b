/**
 * tus-node-server, the predecessor of @tus/server, over its file store.
 *
 *     node tus-node-server.mjs PLACE PACKAGES PORT
 */
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

const [, , place = '{}', packages, port] = process.argv
const { root } = JSON.parse(place)
const require = createRequire(packages)
// It stores below the working directory.
process.chdir(root)
const { Server, FileStore } = require('tus-node-server')
const tus = new Server({ path: '/files' })
tus.datastore = new FileStore({ path: '/files', directory: './files' })
const server = createServer((req, res) => tus.handle(req, res))
server.listen(Number(port), '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}/files` }))
process.on('disconnect', () => process.exit())
