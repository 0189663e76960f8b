/**
 * @stowage/provider-s3: containers and files on Amazon S3 and S3-compatible services.
 *
 * - `settings.ts`, `capabilities.ts`: settings, and what the service supports.
 * - `provider.ts`: the class, made from the modules of the calls: `containers.ts`, `lister.ts`,
 *   `reader.ts`, `writer.ts`, `remover.ts`, `copier.ts`, `uploads.ts`, `hidden-files.ts`,
 *   `signing.ts`, `direct-uploads.ts`, `cors.ts`.
 * - `mapping/`: how the service represents names, attributes, conditions on writes and errors.
 * - `client/`: the SDK's client. `client/client.ts` creates it from the options;
 *   `client/middleware.ts` changes its requests, and `client/request-handler.ts` sends them over
 *   the transport. `client/connection.ts` is the context of all calls, with the keys of
 *   `client/customer-key.ts`; `client/responses.ts` reads headers of responses.
 *
 * Configuration: `key` and `keyId`, or the SDK's chain of credentials; `region`; `endpoint` for
 * services other than Amazon.
 *
 * Names: a file's name is the object's key. NUL and the path segments `.` and `..` are escaped; see
 * `mapping/names.ts`.
 *
 * Layout: a container is a bucket. A file is an object with its attributes as headers. A large file
 * is a multipart upload. The checksums that a writer provides are in the metadata `md5chksum` and
 * `sha256chksum`.
 *
 * Consistency: each completed call is visible to the next one. A write is atomic. Which conditions
 * are atomic depends on the service.
 */
export type { S3ProviderOptions } from './client/client.js'
export { createProvider, S3Provider } from './provider.js'
export { type S3Settings, settings } from './settings.js'
