/**
 * express.static on Express 5.
 *
 *     node express-static.mjs ROOT PACKAGES
 */
import { createRequire } from 'node:module'

const [, , root, packages] = process.argv
const express = createRequire(packages)('express')
const app = express()
app.disable('x-powered-by')
app.use(express.static(root))
const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('disconnect', () => process.exit())
