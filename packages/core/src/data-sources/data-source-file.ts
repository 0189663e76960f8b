/**
 * The file `datasources.json`.
 */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { invalid } from '../checks/invalid.js'
import { checkOptions } from '../checks/option-names.js'
import { describeCause, StorageError } from '../contract/errors.js'
import type { StorageService } from '../service/service.js'
import { type DataSourceSettings, openDataSource, type ProviderContext } from './create-storage.js'
import { dataSourceError } from './data-source-error.js'
import { type Environment, lookUp, mapTexts, parseReferences, referenceRule } from './environment.js'

type Entry = Readonly<Record<string, unknown>>

/** One entry of a `datasources.json` that is a storage. */
export class DataSource {
  readonly name: string
  /** The provider's name. */
  readonly provider: string
  readonly #entry: Entry
  readonly #directory: string
  readonly #environment: Environment

  constructor(
    name: string,
    entry: Entry & { readonly provider: string },
    { directory, environment }: ProviderContext & { readonly environment: Environment },
  ) {
    this.name = name
    this.provider = entry.provider
    this.#entry = entry
    this.#directory = directory
    this.#environment = environment
  }

  /**
   * The entry with its references to the environment filled in, not checked: it holds secrets, and
   * is no part of the JSON or the inspection. `INVALID_ARGUMENT` names the property and the
   * variable that is not set.
   */
  get settings(): DataSourceSettings {
    return this.#filled().settings as DataSourceSettings
  }

  /** A new service over this data source. */
  async createStorage(): Promise<StorageService> {
    const { settings, texts } = this.#filled()
    return openDataSource(settings, { directory: this.#directory, texts })
  }

  /** `texts`: the paths of the values that are one reference and nothing else. */
  #filled(): { readonly settings: Entry; readonly texts: ReadonlySet<string> } {
    const texts = new Set<string>()
    const filled = mapTexts(this.#entry, (text, path) => {
      const pieces = parseReferences(text)
      if (pieces === undefined) throw dataSourceError(this.name, path, referenceRule)
      if (pieces.length === 1 && typeof pieces[0] === 'object') texts.add(path)
      const values = pieces.map((piece) => {
        const value = typeof piece === 'string' ? piece : lookUp(piece, this.#environment)
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
 * Reads a `datasources.json`, LoopBack's own included: entries without a `provider` are not
 * storages and are left out. `${NAME}` in a string stands for the environment variable, and
 * `${NAME:-default}` for one that may be unset. They are looked up when the data source is used:
 * one that is not set is an error of that data source only. A value that is one reference and
 * nothing else may be a number or a boolean where the provider wants one.
 */
export async function loadDataSources(
  file: string,
  options: { readonly environment?: Environment } = {},
): Promise<ReadonlyMap<string, DataSource>> {
  checkOptions('loadDataSources', options, { environment: true })
  if (typeof file !== 'string') throw invalid('file', 'the file of the data sources must be a path')
  const { environment = process.env } = options
  const entries = await parseDataSources(file, await read(file))
  const sources = new Map<string, DataSource>()
  const context = { directory: dirname(resolve(file)), environment }
  for (const [name, entry] of Object.entries(entries)) {
    if (!isRecord(entry)) throw dataSourceError(name, undefined, 'it must be an object')
    const { provider } = entry
    if (provider === undefined) continue
    if (typeof provider !== 'string') throw dataSourceError(name, 'provider', 'it must be a string')
    sources.set(name, new DataSource(name, { ...entry, provider }, context))
  }
  return sources
}

/**
 * The entries of a `datasources.json` from its text, storages or not. A byte order mark in front is
 * ignored. `INVALID_ARGUMENT` names the file and says where it is no JSON, without quoting it,
 * since it may hold secrets.
 */
export async function parseDataSources(file: string, text: string): Promise<Readonly<Record<string, unknown>>> {
  const json = text.replace(/^\uFEFF/, '')
  let entries: unknown
  try {
    entries = JSON.parse(json)
  } catch (error) {
    throw fileError(file, `is not valid JSON${await placeOfMistake(json, error)}`, error)
  }
  if (!isRecord(entries)) throw fileError(file, 'must hold one object, with an entry for each data source', undefined)
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
 * In words. Node names the place of some mistakes only; a parser that names it for all is loaded
 * when there is one.
 */
async function placeOfMistake(json: string, error: unknown): Promise<string> {
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
  new StorageError('INVALID_ARGUMENT', `the data sources' file ${file} ${message}`, { cause: describeCause(cause) })

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
