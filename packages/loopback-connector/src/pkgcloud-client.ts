/**
 * The interface of pkgcloud's storage clients, which the storage component used, and its calls as
 * promises that reject with a `StorageError`.
 */
import type { Readable, Writable } from 'node:stream'
import { StorageError } from '@stowage/core'
import { describeCause } from '@stowage/core/provider'

type ClientCallback = (error: unknown, result?: unknown) => void

/** The properties of a container or a file, as a client describes it. They include the name. */
export type ClientProperties = Readonly<Record<string, unknown>>

/** A storage client with pkgcloud's interface. */
export interface PkgcloudClient {
  getContainers(callback: ClientCallback): unknown
  createContainer(options: object, callback: ClientCallback): unknown
  getContainer(container: string, callback: ClientCallback): unknown
  destroyContainer(container: string, callback: ClientCallback): unknown
  getFiles(container: string, options: object, callback: ClientCallback): unknown
  getFile(container: string, file: string, callback: ClientCallback): unknown
  removeFile(container: string, file: string, callback: ClientCallback): unknown
  /** Emits `success` when the file is stored. */
  upload(options: UploadTarget): Writable
  download(options: { readonly container: string; readonly remote: string }): Readable
}

interface UploadTarget {
  readonly container: string
  /** The file's name. */
  readonly remote: string
  readonly contentType: string
  readonly acl?: string
  readonly [option: string]: unknown
}

/** A module that creates clients. The storage component loaded it by its name. */
export interface PkgcloudModule {
  createClient(settings: Readonly<Record<string, unknown>>): PkgcloudClient
  readonly storage?: { readonly Container?: new (client: PkgcloudClient, details: object) => object }
}

export const isPkgcloudModule = (value: unknown): value is PkgcloudModule =>
  typeof value === 'object' && value !== null && 'createClient' in value && typeof value.createClient === 'function'

/**
 * Calls a method of the client. `notFound` creates the error for a container or file that the
 * client does not find.
 */
export function call(start: (callback: ClientCallback) => unknown, notFound: () => StorageError): Promise<unknown> {
  return new Promise<unknown>((resolve, reject) => {
    start((error, result) => {
      if (error) reject(error)
      else resolve(result)
    })
  }).catch((error: unknown) => {
    throw clientError(error, notFound)
  })
}

/**
 * Translates an error of the client. The client's message is not copied, because it may contain
 * anything, such as paths or secrets.
 */
export function clientError(error: unknown, notFound: () => StorageError): StorageError {
  const { code, statusCode, status = statusCode } = Object(error) as ClientProperties
  if (code === 'ENOENT' || status === 404) return notFound()
  const cause = describeCause(error)
  return status === 401 || status === 403 || code === 'EACCES'
    ? new StorageError('PERMISSION_DENIED', 'the pkgcloud client reported that access is denied', { cause })
    : new StorageError('INTERNAL', 'unexpected error from the pkgcloud client', { cause })
}

/**
 * Returns the properties of a container or file of the client: those that its `getMetadata` or
 * `toJSON` returns, or else its fields. Methods, `client` and names with a leading `_` are omitted.
 */
export function propertiesOf(described: unknown): ClientProperties {
  const entity = Object(described) as ClientProperties
  const show = [entity['getMetadata'], entity['toJSON']].find((method) => typeof method === 'function')
  const properties: unknown = typeof show === 'function' ? show.call(entity) : entity
  return Object.fromEntries(
    Object.entries(Object(properties)).filter(
      ([name, value]) => !name.startsWith('_') && name !== 'client' && typeof value !== 'function',
    ),
  )
}
