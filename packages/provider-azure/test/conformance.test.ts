import { registerConformance } from '@stowage/core/conformance'
import { describeServer } from '@stowage/test-servers'
import { describe, it } from 'vitest'
import { AzureProvider } from '../src/index.js'

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint, server }) => {
  registerConformance({ describe, it }, 'azure', {
    createProvider: () => new AzureProvider({ storageAccount, storageAccessKey, endpoint }),
    server,
    secrets: [storageAccessKey],
  })
})
