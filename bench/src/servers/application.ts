/**
 * A typical application: Express 5 with the usual middlewares, and behind them the router,
 * express.static and multer. The path selects one of the three, so all have the middlewares' cost.
 *
 *     node application.ts ROOT PACKAGES
 */
import { createWriteStream } from 'node:fs'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import { storageRouter } from '@stowage/rest-express'

const [, , root = '', packages = ''] = process.argv
const load = createRequire(packages)
const express = load('express')
const multer = load('multer')

const app = express()
app.use(load('morgan')('combined', { stream: createWriteStream('/dev/null') }))
app.use(load('helmet')())
app.use(load('cors')())
app.use(load('compression')())
app.use(load('express-session')({ secret: 'bench', resave: false, saveUninitialized: false }))
app.use(express.json())

const storage = new StorageService(new FilesystemProvider({ root }))
app.use('/api/containers', storageRouter(storage, { maxFileSize: 100 * 1024 ** 3 }))

app.use('/static', express.static(root))

interface UploadedFile {
  readonly fieldname: string
  readonly filename: string
  readonly mimetype: string
  readonly size: number
}
const disk = multer.diskStorage({
  destination: join(root, 'bench'),
  filename: (_req: unknown, file: { originalname: string }, callback: (error: null, name: string) => void) =>
    callback(null, file.originalname),
})
app.post(
  '/upload',
  multer({ storage: disk }).any(),
  (req: { files: UploadedFile[] }, res: { json(body: unknown): void }) => {
    const files = req.files.map(({ fieldname, filename, mimetype, size }) => ({ fieldname, filename, mimetype, size }))
    res.json({ files })
  },
)

const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
server.requestTimeout = 0
process.on('disconnect', () => process.exit())
