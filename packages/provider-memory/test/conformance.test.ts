import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StorageService } from '@stowage/core'
import { registerConformance } from '@stowage/core/conformance'
import { afterAll, describe, it } from 'vitest'
// Not a dependency of this package, because the router's tests depend on it.
import { storageRouter } from '../../rest-express/dist/index.js'
import { createMemoryStore, MemoryProvider } from '../src/index.js'

const store = createMemoryStore()
const realNow = Date.now
const secret = 'the secret of the signed URLs in these tests'

// The router that serves the signed URLs.
const server = createServer((req, res) => router(req, res))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const signedUrls = { baseUrl: `http://127.0.0.1:${port}`, secrets: [secret] }
const router = storageRouter(new StorageService(new MemoryProvider({ store, signedUrls })))

registerConformance({ describe, it, after: afterAll }, 'memory', {
  createProvider: () => new MemoryProvider({ store, signedUrls }),
  secrets: [secret],
  cleanUp: async () => void server.close(),
  moveClock: (milliseconds) => {
    Date.now = milliseconds === 0 ? realNow : () => realNow() + milliseconds
  },
})
