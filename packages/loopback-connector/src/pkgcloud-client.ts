/**
 * What the storage component and pkgcloud call a client, and its calls as promises that fail with a `StorageError`.
 */
import type { Readable, Writable } from 'node:stream'
import { StorageError } from '@stowage/core'
import { describeCause } from '@stowage/core/provider'

type ClientCallback = (error: unknown, result?: unknown) => void

/** A container or a file, as such a client describes it: an object of its own, with at least a name. */
export type Described = Readonly<Record<string, unknown>>

/** A storage client of pkgcloud's shape. */
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

/** A module that makes clients: what the storage component loaded by its name. */
export interface PkgcloudModule {
  createClient(settings: Readonly<Record<string, unknown>>): PkgcloudClient
  readonly storage?: { readonly Container?: new (client: PkgcloudClient, details: object) => object }
}

export const isPkgcloudModule = (value: unknown): value is PkgcloudModule =>
  typeof value === 'object' && value !== null && 'createClient' in value && typeof value.createClient === 'function'

/** One call of the client. `missing` makes the error for what the client does not find. */
export function call(start: (callback: ClientCallback) => unknown, missing: () => StorageError): Promise<unknown> {
  return new Promise<unknown>((resolve, reject) => {
    start((error, result) => {
      if (error) reject(error)
      else resolve(result)
    })
  }).catch((error: unknown) => {
    throw clientError(error, missing)
  })
}

/** A client's error as a `StorageError`. Its message may hold anything, and stays behind. */
export function clientError(error: unknown, missing: () => StorageError): StorageError {
  const { code, statusCode, status = statusCode } = Object(error) as Described
  if (code === 'ENOENT' || status === 404) return missing()
  const kind = status === 401 || status === 403 || code === 'EACCES' ? 'PERMISSION_DENIED' : 'INTERNAL'
  return new StorageError(kind, 'the client of the provider failed', { cause: describeCause(error) })
}

/** Its properties, as it shows them itself; without methods and what is its own business. */
export function propertiesOf(described: unknown): Described {
  const entity = Object(described) as Described
  const show = [entity['getMetadata'], entity['toJSON']].find((method) => typeof method === 'function')
  const properties: unknown = typeof show === 'function' ? show.call(entity) : entity
  return Object.fromEntries(
    Object.entries(Object(properties)).filter(
      ([name, value]) => !name.startsWith('_') && name !== 'client' && typeof value !== 'function',
    ),
  )
}
