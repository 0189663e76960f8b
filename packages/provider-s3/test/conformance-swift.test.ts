import { registerConformance } from '@stowage/core/conformance'
import { bulkThrough, describeServer } from '@stowage/test-servers'
import { describe, it } from 'vitest'
import { S3Provider } from '../src/index.js'

describeServer('swift-s3', ({ endpoint, region, key, keyId, server, seedUrl }) => {
  registerConformance({ describe, it }, 'amazon-swift', {
    createProvider: () =>
      new S3Provider({
        endpoint,
        region,
        key,
        keyId,
        conditionalWrites: false,
        sealedUrls: true,
        maxMetadataBytes: 256,
      }),
    server,
    ...bulkThrough(seedUrl),
    secrets: [key],
  })
})
