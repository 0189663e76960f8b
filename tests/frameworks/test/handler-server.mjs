/**
 * The server of `handler.test.ts`: the handler over a directory, on Bun, Deno or Node.
 */
import { createStorage } from '@stowage/core'
import { storageHandler } from '@stowage/rest-express/fetch'

const storage = await createStorage({ provider: 'filesystem', root: './files', createRoot: true })
const handler = storageHandler(storage, {
  maxFileSize: 1024 ** 3,
  resumable: true,
  authorize: ({ file }) => file !== 'forbidden',
})

const port = 3000
if (globalThis.Bun !== undefined) {
  Bun.serve({ port, hostname: '127.0.0.1', maxRequestBodySize: 1024 ** 3, idleTimeout: 60, fetch: handler })
} else if (globalThis.Deno !== undefined) {
  Deno.serve({ port, hostname: '127.0.0.1' }, handler)
} else {
  const { serve } = await import('@hono/node-server')
  serve({ port, hostname: '127.0.0.1', fetch: handler })
}
