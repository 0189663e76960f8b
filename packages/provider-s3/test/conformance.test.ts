import { registerConformance } from '@stowage/core/conformance'
import { breakServiceAt, describeServer, openSockets } from '@stowage/test-servers'
import { afterAll, describe, it } from 'vitest'
import { S3Provider } from '../src/index.js'

describeServer('ceph', ({ endpoint, region, key, keyId, server }) => {
  const settings = { endpoint, region, key, keyId }
  registerConformance({ describe, it, after: afterAll }, 'amazon-ceph', {
    createProvider: () => new S3Provider(settings),
    server,
    otherProcess: { module: new URL('../dist/index.js', import.meta.url).href, settings },
    open: openSockets,
    breakService: {
      ...breakServiceAt(endpoint, (elsewhere) => new S3Provider({ ...settings, endpoint: elsewhere })),
      refused: () => new S3Provider({ ...settings, key: 'wrong' }),
    },
    secrets: [key],
  })
})
