import { registerConformance } from '@stowage/core/conformance'
import { describeServer } from '@stowage/test-servers'
import { describe, it } from 'vitest'
import { S3Provider } from '../src/index.js'

describeServer('ceph', ({ endpoint, region, key, keyId, server }) => {
  registerConformance({ describe, it }, 'amazon-ceph', {
    createProvider: () => new S3Provider({ endpoint, region, key, keyId }),
    server,
    secrets: [key],
  })
})
