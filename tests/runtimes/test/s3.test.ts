import { describeServer } from '@stowage/test-servers'
import { conformEverywhere } from '../src/conform.ts'

describeServer('ceph', ({ endpoint, region, key, keyId }) =>
  conformEverywhere('s3', () => ({ endpoint, region, key, keyId })),
)
