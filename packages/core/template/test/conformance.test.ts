import { registerConformance } from '@stowage/core/conformance'
import { afterAll, describe, it } from 'vitest'
import { MyProvider } from '../src/index.js'

const settings = { endpoint: 'http://127.0.0.1:9000', key: 'a key for tests' }

registerConformance({ describe, it, after: afterAll }, 'mine', {
  createProvider: () => new MyProvider(settings),
  secrets: [settings.key],
  server: 'My Service 1.0',
})
