/**
 * @stowage/test-servers: the real servers that the providers' suites run against.
 *
 * - `global-setup.ts`, `describe-server.ts`, `servers.ts`, `environment.ts`: servers for a whole
 *   vitest run, the tests that need them, and a real service in place of one.
 * - `services/`: how each is started: Azure, S3 (`services/ceph.ts`), OpenStack
 *   (`services/swift.ts`, `services/keystone.ts`), Rackspace, ClamAV's daemon and nginx.
 * - `hosting/`: where a server runs: in a container or on this machine, from which packages, on
 *   which port. `hosting/supervisor.ts` and `servers/supervisor.mjs` see to it that none outlives
 *   the tests.
 * - `clients/`: a provider's client in a process of its own, which is measured, or killed.
 * - `connections/`: what breaks, closes and counts connections to a server.
 */

export { killWhileWriting, transferWhole } from './clients/client-process.js'
export { hashOf, largeBody, largeBodySize } from './clients/large-body.js'
export { breakServiceAt } from './connections/broken-services.js'
export { type IdleClosingProxy, startIdleClosingProxy } from './connections/idle-closing-proxy.js'
export { openSockets } from './connections/open-sockets.js'
export { type Fault, httpResponse, startTcpProxy, type TcpProxy } from './connections/tcp-proxy.js'
export { describeServer } from './describe-server.js'
export { type InstallOptions, requirePackages } from './hosting/debian.js'
export { freePort } from './hosting/ports.js'
export type { Endpoint, ServerName } from './servers.js'
export { type AzureEndpoint, type AzureServer, type OwnAccount, ownAccount, startAzurite } from './services/azurite.js'
export { startCeph } from './services/ceph.js'
export { type ClamdEndpoint, startClamd } from './services/clamd.js'
export { type KeystoneUser, signIn } from './services/keystone.js'
export { type Nginx, startNginx } from './services/nginx.js'
export { type RackspaceEndpoint, type RackspaceServer, startRackspace } from './services/rackspace.js'
export type { S3Endpoint, S3Keys, S3Server } from './services/s3-endpoint.js'
export { type SwiftEndpoint, type SwiftServer, startSwift } from './services/swift.js'
export { bulkThrough } from './services/swift-seed.js'
