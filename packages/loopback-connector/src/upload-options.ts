/**
 * Options of uploads: those of the data source, with those of one call over them.
 */
import { type IncomingFile, uploadOptionNames as names, type UploadOptions } from '@stowage/rest-express'
import type { Request, Response } from './http.js'

type FileFunction<T> = (file: IncomingFile, req: Request, res: Response) => T | Promise<T>

/** As in `@stowage/rest-express`; a data source and one call take them. */
export interface ConnectorUploadOptions
  extends Omit<UploadOptions<Request>, 'allowedContentTypes' | 'nameConflict' | 'maxFileSize'> {
  /** A list, or a function of the file that gives one. Empty, `null` or left out: all types. */
  readonly allowedContentTypes?: readonly string[] | FileFunction<readonly string[] | null | undefined> | null
  /** `makeUnique`: store files under random names. Anything else is nothing. */
  readonly nameConflict?: string
  /** Bytes: a number, digits, or a function of the file. Default, also for 0: 10 MiB. */
  readonly maxFileSize?: number | string | FileFunction<number | string>
}

/** The upload options among a data source's settings, as they stand there. */
export function uploadSettings(settings: ConnectorUploadOptions): ConnectorUploadOptions {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => (names as readonly string[]).includes(name)))
}

/**
 * The upload options among some properties, the first that says something. As it always was, `0`, `''` and `null` say nothing, and
 * properties that are none are left out.
 */
export function uploadOptions(...given: readonly object[]): UploadOptions {
  const options: Record<string, unknown> = {}
  for (const name of names) {
    const value = given.map((each) => (each as Readonly<Record<string, unknown>>)[name]).find(Boolean)
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

/** What is no list, or an empty one, forbids nothing. */
const listOrAll = (types: unknown): unknown => (Array.isArray(types) && types.length > 0 ? types : undefined)
