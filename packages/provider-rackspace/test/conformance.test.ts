import { registerConformance } from '@stowage/core/conformance'
import { bulkThrough, describeServer } from '@stowage/test-servers'
import { describe, it } from 'vitest'
import { RackspaceProvider } from '../src/index.js'

describeServer('rackspace', ({ authUrl, username, apiKey, region, server, seedUrl }) => {
  registerConformance({ describe, it }, 'rackspace', {
    createProvider: () =>
      new RackspaceProvider({ username, apiKey, region, ...(authUrl === undefined ? {} : { authUrl }) }),
    server,
    ...bulkThrough(seedUrl),
    secrets: [apiKey],
  })
})
