import { describeServer } from '@stowage/test-servers'
import { conformEverywhere } from '../src/conform.ts'

describeServer('rackspace', ({ authUrl, username, apiKey, region }) =>
  conformEverywhere('rackspace', () => ({ authUrl, username, apiKey, region })),
)
