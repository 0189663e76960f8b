import { registerConformance } from '@stowage/core/conformance'
import { breakServiceAt, bulkThrough, describeServer, openSockets } from '@stowage/test-servers'
import { afterAll, describe, it } from 'vitest'
import { S3Provider } from '../src/index.js'

describeServer('swift-s3', ({ endpoint, region, key, keyId, server, seedUrl }) => {
  const settings = {
    endpoint,
    region,
    key,
    keyId,
    conditionalWrites: false,
    sealedUrls: true,
    directUploads: false,
    maxMetadataBytes: 256,
  } as const
  registerConformance({ describe, it, after: afterAll }, 'amazon-swift', {
    createProvider: () => new S3Provider(settings),
    otherProcess: { module: new URL('../dist/index.js', import.meta.url).href, settings },
    server,
    ...bulkThrough(seedUrl),
    open: openSockets,
    breakService: {
      ...breakServiceAt(endpoint, (elsewhere) => new S3Provider({ ...settings, endpoint: elsewhere })),
      refused: () => new S3Provider({ ...settings, key: 'wrong' }),
    },
    secrets: [key],
  })
})
