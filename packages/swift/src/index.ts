/**
 * @stowage/swift: containers and files in OpenStack Swift, for providers that sign in to one.
 *
 * - `capabilities.ts`: what Swift supports.
 * - `provider.ts`: the class, made from the modules of the calls: `containers.ts`, `lister.ts`,
 *   `reader.ts`, `writer.ts`, `remover.ts`, `copier.ts`, `uploads.ts`, `hidden-files.ts`,
 *   `signing.ts`, `direct-uploads.ts`, `cors.ts`.
 * - `mapping/`: how Swift represents names, attributes, conditions on writes and errors.
 * - `client/`: `client/client.ts` sends requests to an account, over @stowage/http-transport;
 *   `client/sign-in.ts` has the session that they share; `client/object-deletion.ts` deletes one
 *   object or many; `client/expiring-set.ts` is a set whose entries expire.
 * - `segments/`: `segments/layout.ts` says where the parts of large files are;
 *   `segments/markers.ts` has the unfinished uploads; `segments/stale-parts.ts` deletes parts that
 *   no file uses.
 * - `identity/`: signing in through pkgcloud.
 *
 * Configuration: a {@link SignIn}, and the account's key for signed URLs.
 *
 * Conditions on writes are checked with a separate request, or by Swift before it reads the body.
 *
 * Names: unchanged, except for NUL and U+0001, which are escaped.
 *
 * Layout: a file is an object, or a static large object whose parts are in the container
 * `stowage-segments.<container>`, which lists of containers leave out.
 *
 * Consistency: that of Swift. A read may return the previous version for a moment if a replica is
 * behind. Lists are updated with a delay if the service is under load.
 */

export { swiftCapabilities } from './capabilities.js'
export { SwiftClient, type SwiftRequest, type SwiftResponse } from './client/client.js'
export type { Session, SignIn } from './client/sign-in.js'
export { PkgcloudSignIn, type PkgcloudSignInOptions } from './identity/pkgcloud-sign-in.js'
export { SwiftProvider, type SwiftProviderOptions } from './provider.js'
