/**
 * @stowage/provider-azure: containers and files on Azure Blob Storage.
 *
 * The rooms, in the order to read them:
 * - `settings.ts`: the settings that a data source may have. `account.ts`: the account that they lead to, and its clients;
 *   `http-client.ts`: what these send requests over.
 * - `capabilities.ts`: what this provider can do, as data.
 * - `names.ts`, `metadata.ts`, `attributes.ts`: names, pairs and attributes as Azure takes them, and back.
 * - `errors.ts`: Azure's errors in the contract's words.
 * - `containers.ts`, `reader.ts`, `writer.ts`, `remover.ts`, `copier.ts`, `uploads.ts`, `signing.ts`: the contract's calls.
 * - `lister.ts`: lists of files, merged from two of the service; `name-stream.ts`: one of them.
 * - `provider.ts`: the calls, put together.
 *
 * Configuration: an account's name and key, a connection string, a shared access signature, or a credential of @azure/identity.
 *
 * Names: natural. What Azure refuses or changes (control characters, backslashes, dots and slashes at the end, a segment that
 * ends with a dot, more than 254 segments) is escaped as a whole, behind U+FFEE, in a form that keeps the order.
 *
 * Layout: a file is one block blob, with its attributes as the blob's headers and its metadata as the blob's. An unfinished
 * part upload has two blobs of its own below `bookkeepingPrefix`, which lists leave out.
 *
 * Conditions are Azure's own, on the one request that makes a version appear, so they are atomic.
 *
 * Consistency: every finished call is seen by the next one, lists included, as Azure guarantees for one region.
 */
export type { TokenCredential } from './account.js'
export { AzureProvider, type AzureProviderOptions, createProvider } from './provider.js'
export { type AzureSettings, settings } from './settings.js'
