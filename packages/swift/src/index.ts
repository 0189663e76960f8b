/**
 * @stowage/swift: containers and files in OpenStack Swift, for the providers that sign in to one.
 *
 * The rooms:
 * - `sign-in.ts`: sessions, shared and renewed; `identity/`: signing in through pkgcloud.
 * - `client.ts`: requests to an account, over @stowage/http-transport.
 * - `provider.ts`: the contract's calls; `containers.ts`, `reader.ts`, `writer.ts`, `lister.ts`, `uploads.ts`, `copier.ts`,
 *   `remover.ts`, `signing.ts`: what they do. `object-removal.ts`: removal of objects, one or many.
 * - `names.ts`, `metadata.ts`, `errors.ts`: the contract's words in Swift's, and back.
 * - `segments.ts`: where the parts of large files lie; `markers.ts`: uploads that are not at their end; `stale-parts.ts`: parts
 *   that no file consists of any more.
 * - `recently.ts`: a set whose entries expire.
 *
 * Configuration: a {@link SignIn}, and the account's key for signed URLs.
 *
 * Capabilities: `capabilities.ts`. Conditions on writes are looked at in a request of their own, or by Swift before it reads the body.
 *
 * Names: as they are; NUL and U+0001 are escaped.
 *
 * Layout: a file is an object, or a static large object whose parts lie in a container beside, `stowage-segments.<container>`,
 * which lists of containers hide.
 *
 * Consistency: Swift's own. One file's reads may show its version before for a moment while a replica is behind, and lists
 * follow writes with a delay when the service is under load.
 */

export { swiftCapabilities } from './capabilities.js'
export { type SwiftAnswer, SwiftClient, type SwiftRequest } from './client.js'
export { PkgcloudSignIn, type PkgcloudSignInOptions } from './identity/pkgcloud-sign-in.js'
export { SwiftProvider, type SwiftProviderOptions } from './provider.js'
export type { Session, SignIn } from './sign-in.js'
