/**
 * @stowage/provider-azure: containers and files on Azure Blob Storage.
 *
 * - `settings.ts`, `capabilities.ts`: settings, and what the provider supports.
 * - `provider.ts`: the class, made from the modules of the calls: `containers.ts`, `lister.ts`,
 *   `reader.ts`, `writer.ts`, `remover.ts`, `copier.ts`, `uploads.ts`, `hidden-files.ts`,
 *   `signing.ts`, `direct-uploads.ts`.
 * - `mapping/`: how the service represents names, attributes, conditions and errors.
 * - `client/`: `client/account.ts` is the account, with its credentials and the SDK's clients;
 *   `client/http-client.ts` sends their requests over the transport.
 * - `listing/`: `lister.ts` merges two lists of the service; `listing/name-stream.ts` reads one of
 *   them.
 *
 * Configuration: an account's name and key, a connection string, a shared access signature, or a
 * credential of @azure/identity.
 *
 * Names: unchanged, except for names that Azure rejects or changes (control characters,
 * backslashes, a trailing dot or slash, a segment that ends with a dot, more than 254 segments).
 * Such a name is escaped as a whole, after U+FFEE, in a form that keeps the order.
 *
 * Layout: a file is one block blob, with its attributes as the blob's headers and its metadata as
 * the blob's. An unfinished multipart upload has two separate blobs under `bookkeepingPrefix`,
 * which lists leave out.
 *
 * Conditions are Azure's, on the one request that makes a version visible, so they are atomic.
 *
 * Consistency: each completed call is visible to the next one, including in lists, as Azure
 * guarantees for one region.
 */
export type { TokenCredential } from './client/account.js'
export { AzureProvider, type AzureProviderOptions, createProvider } from './provider.js'
export { type AzureSettings, settings } from './settings.js'
