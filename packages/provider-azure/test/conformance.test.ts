import { registerConformance } from '@stowage/core/conformance'
import { breakServiceAt, describeServer, openSockets } from '@stowage/test-servers'
import { afterAll, describe, it } from 'vitest'
import { AzureProvider } from '../src/index.js'

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint, server }) => {
  const settings = { storageAccount, storageAccessKey, endpoint }
  registerConformance({ describe, it, after: afterAll }, 'azure', {
    createProvider: () => new AzureProvider(settings),
    server,
    otherProcess: { module: new URL('../dist/index.js', import.meta.url).href, settings },
    open: openSockets,
    breakService: {
      ...breakServiceAt(endpoint, (elsewhere) => new AzureProvider({ ...settings, endpoint: elsewhere })),
      refused: () => new AzureProvider({ ...settings, storageAccessKey: Buffer.alloc(64, 1).toString('base64') }),
    },
    secrets: [storageAccessKey],
  })
})
