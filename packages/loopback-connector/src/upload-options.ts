/**
 * Upload options of a data source and of one call, which take precedence.
 */
import { type IncomingFile, uploadOptionNames as names, type UploadOptions } from '@stowage/rest-express'
import type { Request, Response } from './http.js'

type FileFunction<T> = (file: IncomingFile, req: Request, res: Response) => T | Promise<T>

/**
 * The upload options of `@stowage/rest-express`, with the values that the storage component
 * accepted.
 */
export interface ConnectorUploadOptions
  extends Omit<UploadOptions<Request>, 'allowedContentTypes' | 'nameConflict' | 'maxFileSize'> {
  /**
   * The media types that may be uploaded: a list, or a function of the file that returns one. An
   * empty list, `null` and `undefined` allow all types.
   */
  readonly allowedContentTypes?: readonly string[] | FileFunction<readonly string[] | null | undefined> | null
  /**
   * `makeUnique` stores files under random names that keep the extension. Other values have no
   * effect.
   */
  readonly nameConflict?: string
  /**
   * Bytes per file: a number, digits, or a function of the file. Default, also for 0: 10 MiB. A
   * function that returns 0 or nothing sets no limit.
   */
  readonly maxFileSize?: number | string | FileFunction<number | string>
}

/** Returns the upload options among the settings of a data source, with unchanged values. */
export function uploadSettings(settings: ConnectorUploadOptions): ConnectorUploadOptions {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => (names as readonly string[]).includes(name)))
}

/**
 * Returns the upload options among the properties of several objects, of which the first takes
 * precedence. As in the storage component, `0`, `''` and `null` count as absent. Other properties
 * are omitted.
 */
export function uploadOptions(...sources: readonly object[]): UploadOptions {
  const options: Record<string, unknown> = {}
  for (const name of names) {
    const value = sources.map((source) => (source as Readonly<Record<string, unknown>>)[name]).find(Boolean)
    if (value !== undefined) options[name] = value
  }
  const { allowedContentTypes: types, maxFileSize, nameConflict } = options
  if (typeof types === 'function') {
    options['allowedContentTypes'] = async (...file: unknown[]) => listOrAll(await types(...file))
  } else if (listOrAll(types) === undefined) {
    delete options['allowedContentTypes']
  }
  if (typeof maxFileSize === 'function') {
    options['maxFileSize'] = async (...file: unknown[]) => (await maxFileSize(...file)) || Number.MAX_SAFE_INTEGER
  }
  if (nameConflict !== 'makeUnique') delete options['nameConflict']
  return options
}

/**
 * Returns `undefined`, which allows all types, for an empty list and for values other than lists.
 */
const listOrAll = (types: unknown): unknown => (Array.isArray(types) && types.length > 0 ? types : undefined)
