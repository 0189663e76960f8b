/**
 * @stowage/test-servers: the real servers that the providers' suites run against.
 *
 * - `global-setup.ts`, `describe-server.ts`, `servers.ts`: servers for a whole vitest run, and the
 *   tests that need them.
 * - `azurite.ts`: Azure Blob Storage. `ceph.ts`: Amazon S3. `swift.ts` and `keystone.ts`:
 *   OpenStack, and a second S3. `s3-endpoint.ts`: the address and keys of an S3.
 *   `keystone-template.ts`: Keystone's database, reused between runs. `swift-seed.ts`: many objects
 *   at once in that Swift. `rackspace.ts`: Rackspace. `nginx.ts`: a web server in front of the
 *   application.
 * - `placement.ts`: whether a server runs in a container or on this machine. `server-group.ts`: its
 *   programs, wherever they run; `container-group.ts` in a container; `native-group.ts` on this
 *   machine, where `supervisor.ts` and `servers/supervisor.mjs` see to it that none outlives the
 *   tests.
 * - `client-process.ts`, `client-program.ts`, `large-body.ts`: a provider's client in a process of
 *   its own, which is measured, or killed.
 * - `clamd.ts`: ClamAV's daemon, for the scans of upload policies.
 * - `tcp-proxy.ts`, `idle-closing-proxy.ts`: what breaks, and closes, connections on the way to a
 *   server.
 * - `broken-services.ts`, `open-sockets.ts`: hooks of the conformance harness for services over
 *   HTTP.
 * - `ports.ts`, `environment.ts`, `debian.ts`: where a server listens; a real service instead of
 *   it; where it comes from.
 */
export { type AzureEndpoint, type AzureServer, type OwnAccount, ownAccount, startAzurite } from './azurite.js'
export { breakServiceAt } from './broken-services.js'
export { startCeph } from './ceph.js'
export { type ClamdEndpoint, startClamd } from './clamd.js'
export { killWhileWriting, transferWhole } from './client-process.js'
export { type InstallOptions, requirePackages } from './debian.js'
export { describeServer } from './describe-server.js'
export { type IdleClosingProxy, startIdleClosingProxy } from './idle-closing-proxy.js'
export { type KeystoneUser, signIn } from './keystone.js'
export { hashOf, largeBody, largeBodySize } from './large-body.js'
export { type Nginx, startNginx } from './nginx.js'
export { openSockets } from './open-sockets.js'
export { freePort } from './ports.js'
export { type RackspaceEndpoint, type RackspaceServer, startRackspace } from './rackspace.js'
export type { S3Endpoint, S3Keys, S3Server } from './s3-endpoint.js'
export type { Endpoint, ServerName } from './servers.js'
export { type SwiftEndpoint, type SwiftServer, startSwift } from './swift.js'
export { bulkThrough } from './swift-seed.js'
export { type Fault, httpResponse, startTcpProxy, type TcpProxy } from './tcp-proxy.js'
