/**
 * @stowage/test-servers: the real servers that the providers' suites run against.
 *
 * - `azurite.ts`: Azure Blob Storage.
 * - `supervisor.ts` and `servers/supervisor.mjs`: the programs, held so that none outlives the tests.
 * - `ports.ts`, `environment.ts`: where a server listens; a real service instead of it.
 */
export { type AzureEndpoint, type AzureServer, startAzurite } from './azurite.js'
export { startCeph } from './ceph.js'
export type { S3Endpoint, S3Keys, S3Server } from './s3-endpoint.js'
