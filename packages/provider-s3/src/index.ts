/**
 * @stowage/provider-s3: containers and files on Amazon S3 and every service that speaks its language.
 *
 * The rooms, in the order to read them:
 * - `settings.ts`, `client.ts`, `capabilities.ts`: settings, the SDK's client made from them, and what the service can do.
 * - `connection.ts`, `middleware.ts`, `request-handler.ts`, `errors.ts`: what all requests have in common, and how their failures are named.
 * - `provider.ts`: the contract's calls, each in its room: `containers.ts`, `lister.ts`, `reader.ts`, `writer.ts`,
 *   `uploads.ts`, `copier.ts`, `remover.ts`, `signing.ts`.
 * - `list-position.ts`: where a page of a list begins.
 * - `names.ts`, `metadata.ts`: names and metadata as the service takes them.
 *
 * Configuration: `key` and `keyId`, or the SDK's chain of credentials; `region`; `endpoint` for other services than Amazon.
 *
 * Names: a file's name is the object's key. NUL and the path segments `.` and `..` are escaped; see `names.ts`.
 *
 * Layout: a container is a bucket, and a file is an object with its attributes as headers. A large file is a multipart
 * upload. Checksums that a writer gave stand in the metadata `md5chksum` and `sha256chksum`.
 *
 * Consistency: every finished call is seen by the next one. A write is atomic; what conditions are depends on the service.
 */
export type { S3ProviderOptions } from './client.js'
export { createProvider, S3Provider } from './provider.js'
export { type S3Settings, settings } from './settings.js'
