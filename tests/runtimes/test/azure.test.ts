import { describeServer } from '@stowage/test-servers'
import { conformEverywhere } from '../src/conform.ts'

describeServer('azurite', ({ endpoint, storageAccount, storageAccessKey }) =>
  conformEverywhere('azure', () => ({ endpoint, storageAccount, storageAccessKey })),
)
