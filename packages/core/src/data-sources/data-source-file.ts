/** Reads `datasources.json`. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { invalid } from '../checks/invalid.js'
import { checkOptions } from '../checks/option-names.js'
import { describeCause, StorageError } from '../contract/errors.js'
import type { StorageService } from '../service/service.js'
import {
  checkProviderModules,
  type DataSourceSettings,
  openDataSource,
  type ProviderContext,
  type ProviderModules,
} from './create-storage.js'
import { dataSourceError } from './data-source-error.js'
import { type Environment, mapTexts, parseReferences, referenceRule, resolveReference } from './environment.js'

type Entry = Readonly<Record<string, unknown>>

/**
 * An entry of a `datasources.json` that is a storage.
 *
 * @example
 * const sources = await loadDataSources('datasources.json')
 * const files = await sources.get('files')?.createStorage()
 * files?.name // 'memory'
 */
export class DataSource {
  readonly name: string
  /** The provider's name. */
  readonly provider: string
  readonly #entry: Entry
  readonly #directory: string
  readonly #environment: Environment
  readonly #providers: ProviderModules

  constructor(
    name: string,
    entry: Entry & { readonly provider: string },
    {
      directory,
      environment,
      providers = {},
    }: ProviderContext & { readonly environment: Environment; readonly providers?: ProviderModules },
  ) {
    this.name = name
    this.provider = entry.provider
    this.#entry = entry
    this.#directory = directory
    this.#environment = environment
    this.#providers = providers
  }

  /**
   * Returns the entry with environment variables filled in, unchecked. It contains secrets, so the
   * JSON and the inspection of a data source omit it. Throws `INVALID_ARGUMENT` with the property
   * and the variable that is not set.
   */
  get settings(): DataSourceSettings {
    return this.#filled().settings as DataSourceSettings
  }

  /** Creates a service for this data source. */
  async createStorage(): Promise<StorageService> {
    const { settings, texts } = this.#filled()
    return openDataSource(settings, { directory: this.#directory, texts, providers: this.#providers })
  }

  /** `texts`: the paths of the values that consist of one reference. */
  #filled(): { readonly settings: Entry; readonly texts: ReadonlySet<string> } {
    const texts = new Set<string>()
    const filled = mapTexts(this.#entry, (text, path) => {
      const pieces = parseReferences(text)
      if (pieces === undefined) throw dataSourceError(this.name, path, referenceRule)
      if (pieces.length === 1 && typeof pieces[0] === 'object') texts.add(path)
      const values = pieces.map((piece) => {
        const value = typeof piece === 'string' ? piece : resolveReference(piece, this.#environment)
        if (value !== undefined) return value
        const { variable } = piece as Exclude<typeof piece, string>
        throw dataSourceError(this.name, path, `the environment variable ${variable} is not set`)
      })
      return values.join('')
    })
    return { settings: { ...(filled as Entry), name: this.name }, texts }
  }

  toJSON(): { readonly name: string; readonly provider: string } {
    return { name: this.name, provider: this.provider }
  }
}

/**
 * Reads a `datasources.json`, also a LoopBack one: entries without a `provider` are omitted.
 *
 * In a string, `${NAME}` is replaced by the environment variable, and `${NAME:-default}` has a
 * default. Variables are read when the data source is used, so an unset variable fails only that
 * data source. A value that consists of one reference can be a number or a boolean.
 *
 * Fails with `INVALID_ARGUMENT` if the file cannot be read or an entry is invalid.
 *
 * @param options.environment The variables. Default: `process.env`.
 * @param options.providers Modules by the name that an entry gives as `provider`: for providers of
 * your own, and for bundles, which cannot import a provider by its name.
 *
 * @example
 * const environment = { ROOT: '/srv/files' }
 * const sources = await loadDataSources('datasources.json', { environment })
 * Array.from(sources.keys()) // ['files']
 */
export async function loadDataSources(
  file: string,
  options: { readonly environment?: Environment; readonly providers?: ProviderModules } = {},
): Promise<ReadonlyMap<string, DataSource>> {
  checkOptions('loadDataSources', options, { environment: true, providers: true })
  if (typeof file !== 'string') throw invalid('file', 'the data source file must be a path')
  const { environment = process.env, providers = {} } = options
  const entries = await parseDataSources(file, await read(file))
  const sources = new Map<string, DataSource>()
  const context = { directory: dirname(resolve(file)), environment, providers: checkProviderModules(providers) }
  for (const [name, entry] of Object.entries(entries)) {
    if (!isRecord(entry)) throw dataSourceError(name, undefined, 'must be an object')
    const { provider } = entry
    if (provider === undefined) continue
    if (typeof provider !== 'string') throw dataSourceError(name, 'provider', 'must be a string')
    sources.set(name, new DataSource(name, { ...entry, provider }, context))
  }
  return sources
}

/**
 * Parses the text of a `datasources.json` and returns all entries, also those that are not
 * storages. A byte order mark is ignored.
 *
 * Fails with `INVALID_ARGUMENT`, with the file and the position of a syntax error. The error does
 * not quote the text, which may contain secrets.
 *
 * @param file The file's name, for errors.
 *
 * @example
 * const text = '{ "files": { "provider": "memory" } }'
 * await parseDataSources('datasources.json', text) // { files: { provider: 'memory' } }
 */
export async function parseDataSources(file: string, text: string): Promise<Readonly<Record<string, unknown>>> {
  const json = text.replace(/^\uFEFF/, '')
  let entries: unknown
  try {
    entries = JSON.parse(json)
  } catch (error) {
    throw fileError(file, `is not valid JSON${await locationOfSyntaxError(json, error)}`, error)
  }
  if (!isRecord(entries)) throw fileError(file, 'must contain an object with one entry per data source', undefined)
  return entries
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw fileError(file, 'cannot be read', error)
  }
}

/**
 * Returns the line and the column of a syntax error. Node reports them for some errors only. For
 * the others, a parser that reports them for all is loaded.
 */
async function locationOfSyntaxError(json: string, error: unknown): Promise<string> {
  const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(String(error)) ?? []
  if (line !== undefined) return `: line ${line}, column ${column}`
  const { parse } = await import('@humanwhocodes/momoa')
  try {
    parse(json)
    return ''
  } catch (mistake) {
    const { line, column } = mistake as { readonly line?: number; readonly column?: number }
    return line === undefined ? '' : `: line ${line}, column ${column}`
  }
}

const fileError = (file: string, message: string, cause: unknown) =>
  new StorageError('INVALID_ARGUMENT', `the data source file "${file}" ${message}`, {
    cause: describeCause(cause),
  })

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
