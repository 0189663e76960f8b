/** The table over real servers of cloud services. */
import { AzureProvider } from '@stowage/provider-azure'
import { S3Provider } from '@stowage/provider-s3'
import { describeServer } from '@stowage/test-servers'
import { describePolicies } from './table.ts'

describeServer('ceph', ({ endpoint = '', region, key, keyId }) => {
  describePolicies('Ceph', () => new S3Provider({ endpoint, region, key, keyId }))
})

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) => {
  describePolicies('Azurite', () => new AzureProvider({ storageAccount, storageAccessKey, endpoint }))
})
