import { registerConformance } from '@stowage/core/conformance'
import { bulkThrough, describeServer } from '@stowage/test-servers'
import { afterAll, describe, it } from 'vitest'
import { RackspaceProvider } from '../src/index.js'

describeServer('rackspace', ({ authUrl, username, apiKey, region, server, seedUrl }) => {
  const settings = { username, apiKey, region, ...(authUrl === undefined ? {} : { authUrl }) }
  registerConformance({ describe, it, after: afterAll }, 'rackspace', {
    createProvider: () => new RackspaceProvider(settings),
    otherProcess: { module: new URL('../dist/index.js', import.meta.url).href, settings },
    server,
    ...bulkThrough(seedUrl),
    secrets: [apiKey],
  })
})
