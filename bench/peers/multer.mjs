/**
 * multer's disk storage on Express 5.
 *
 *     node multer.mjs ROOT PACKAGES
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [, , root, packages] = process.argv
const require = createRequire(packages)
const express = require('express')
const multer = require('multer')
const storage = multer.diskStorage({
  destination: join(root, 'bench'),
  filename: (_req, file, callback) => callback(null, file.originalname),
})
const app = express()
app.disable('x-powered-by')
app.post('/upload', multer({ storage }).any(), (req, res) => {
  res.json({
    files: req.files.map(({ fieldname, filename, mimetype, size }) => ({ fieldname, filename, mimetype, size })),
  })
})
const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
server.requestTimeout = 0
process.on('disconnect', () => process.exit())
