/** Serves the generated API reference: on PORT, or on a free port, of 127.0.0.1. */
import type { AddressInfo } from 'node:net'
import express from 'express'

const server = express()
  .use(express.static(new URL('../dist', import.meta.url).pathname))
  .listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', (error) => {
    if (error !== undefined) throw error
    console.log(`API reference: http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  })
