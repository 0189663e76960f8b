/**
 * Data sources: storages described by settings, in JavaScript or in a `datasources.json`.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describeCause, StorageError } from './errors.js'
import type { StorageProvider } from './provider.js'
import { StorageService, type StorageServiceOptions } from './service.js'

/** The providers by their names in settings, and the packages that they come in. Nothing else is ever loaded by name. */
export const providerPackages = Object.freeze({
  amazon: '@stowage/provider-s3',
  azure: '@stowage/provider-azure',
  filesystem: '@stowage/provider-fs',
  memory: '@stowage/provider-memory',
  openstack: '@stowage/provider-openstack',
  rackspace: '@stowage/provider-rackspace',
})

/** What a schema library's object must be able to do; those of valibot, zod, arktype and others can (Standard Schema 1). */
export interface SettingsSchema<Settings> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Settings> | Promise<SchemaResult<Settings>>
    readonly types?: { readonly input: unknown; readonly output: Settings } | undefined
  }
}

type SchemaResult<Settings> =
  | { readonly value: Settings; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a provider's package exports, and what is passed as `provider` for one of one's own. */
export interface ProviderModule<Settings = unknown> {
  readonly settings: SettingsSchema<Settings>
  createProvider(settings: Settings, context: ProviderContext): StorageProvider
}

export interface ProviderContext {
  /** What relative paths in the settings are relative to: the directory of `datasources.json`, or the working directory. */
  readonly directory: string
}

/** A data source's entry. Beside what stands here it holds the provider's own settings, such as `root` or `keyId`. */
export interface DataSourceSettings extends Omit<StorageServiceOptions, 'retry'> {
  /** For messages. */
  readonly name?: string
  /** LoopBack's; not looked at. */
  readonly connector?: unknown
  /** A name of {@link providerPackages}, or a provider's module. */
  readonly provider: keyof typeof providerPackages | ProviderModule
  readonly [property: string]: unknown
}

/** Settings of a data source that tell an HTTP layer how to take uploads; no provider sees them. */
export const uploadSettings = Object.freeze([
  'maxFileSize',
  'maxFieldsSize',
  'allowedContentTypes',
  'getFilename',
  'nameConflict',
  'acl',
] as const)

const ourSettings: ReadonlySet<string> = new Set([
  'name',
  'connector',
  'provider',
  'partSize',
  'parallelism',
  ...uploadSettings,
])

/**
 * The storage that the settings describe. The provider's package is imported now, from the application's installation; no
 * request is made. `INVALID_ARGUMENT` names the data source and the property.
 */
export async function createStorage(
  settings: DataSourceSettings,
  { directory = process.cwd() }: Partial<ProviderContext> = {},
): Promise<StorageService> {
  const { partSize, parallelism } = settings
  const module = await providerModule(settings, directory)
  const own = Object.fromEntries(Object.entries(settings).filter(([property]) => !ourSettings.has(property)))
  const result = await module.settings['~standard'].validate(own)
  if (result.issues !== undefined) throw settingsError(settings, result.issues)
  const provider = module.createProvider(result.value, { directory })
  return new StorageService(provider, { partSize, parallelism })
}

type Environment = Readonly<Record<string, string | undefined>>

/** One entry of a `datasources.json` that is a storage. */
export class DataSource {
  readonly name: string
  /** The provider's name. */
  readonly provider: string
  readonly #entry: Readonly<Record<string, unknown>>
  readonly #directory: string
  readonly #environment: Environment

  constructor(
    name: string,
    entry: Readonly<Record<string, unknown>> & { readonly provider: string },
    { directory, environment }: ProviderContext & { readonly environment: Environment },
  ) {
    this.name = name
    this.provider = entry.provider
    this.#entry = entry
    this.#directory = directory
    this.#environment = environment
  }

  /**
   * The entry with its references to the environment filled in: it holds secrets, and is no part of the JSON or the inspection.
   * `INVALID_ARGUMENT` names the property and the variable that is not set.
   */
  get settings(): DataSourceSettings {
    return { ...(fillIn(this.#entry, this.#environment, this.name, undefined) as DataSourceSettings), name: this.name }
  }

  /** A new service over this data source. */
  async createStorage(): Promise<StorageService> {
    return createStorage(this.settings, { directory: this.#directory })
  }

  toJSON(): { readonly name: string; readonly provider: string } {
    return { name: this.name, provider: this.provider }
  }
}

/**
 * Reads a `datasources.json`, LoopBack's own included: entries without a `provider` are not storages and are left out.
 * `${NAME}` in a string stands for the environment variable, which is looked up when the data source is used: one that is
 * not set is an error of that data source alone.
 */
export async function loadDataSources(
  file: string,
  { environment = process.env }: { readonly environment?: Environment } = {},
): Promise<ReadonlyMap<string, DataSource>> {
  const entries = await readEntries(file)
  const sources = new Map<string, DataSource>()
  const context = { directory: dirname(resolve(file)), environment }
  for (const [name, entry] of Object.entries(entries)) {
    if (!isRecord(entry)) throw wrong(name, undefined, 'it must be an object')
    const { provider } = entry
    if (provider === undefined) continue
    if (typeof provider !== 'string') throw wrong(name, 'provider', 'it must be a string')
    sources.set(name, new DataSource(name, { ...entry, provider }, context))
  }
  return sources
}

async function readEntries(file: string): Promise<Record<string, unknown>> {
  const fail = (message: string, cause: unknown) =>
    new StorageError('INVALID_ARGUMENT', `the data sources' file ${file} ${message}`, { cause: describeCause(cause) })
  let content: string
  try {
    content = await readFile(file, 'utf8')
  } catch (error) {
    throw fail('cannot be read', error)
  }
  let entries: unknown
  try {
    entries = JSON.parse(content)
  } catch (error) {
    // The parser's message quotes the file, which may hold secrets.
    throw fail('is not valid JSON', error)
  }
  if (!isRecord(entries)) throw fail('must hold one object, with an entry for each data source', undefined)
  return entries
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function fillIn(value: unknown, environment: Environment, source: string, property: string | undefined): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, variable: string) => {
      const found = environment[variable]
      if (found === undefined) throw wrong(source, property, `the environment variable ${variable} is not set`)
      return found
    })
  }
  if (Array.isArray(value)) return value.map((each) => fillIn(each, environment, source, property))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      fillIn(each, environment, source, property === undefined ? key : `${property}.${key}`),
    ]),
  )
}

async function providerModule(settings: DataSourceSettings, directory: string): Promise<ProviderModule> {
  const { name, provider } = settings
  if (typeof provider === 'object' && provider !== null) return provider
  if (typeof provider !== 'string' || !Object.hasOwn(providerPackages, provider)) {
    const known = Object.keys(providerPackages).join(', ')
    throw wrong(name, 'provider', `${JSON.stringify(provider)} is none of ${known}; another one is passed in as code`)
  }
  const packageName = providerPackages[provider]
  return (await import(locate(packageName, directory, settings))) as ProviderModule
}

/** Packages are looked for from the data source's directory, the application's main script, the working directory, and this package. */
function locate(packageName: string, directory: string, { name, provider }: DataSourceSettings): string {
  const [, main = import.meta.filename] = process.argv
  for (const from of [
    join(directory, 'datasources.json'),
    resolve(main),
    join(process.cwd(), 'index.js'),
    import.meta.filename,
  ]) {
    try {
      return pathToFileURL(createRequire(from).resolve(packageName)).href
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')) throw error
    }
  }
  throw wrong(
    name,
    'provider',
    `"${String(provider)}" needs the package ${packageName}; add it with: npm install ${packageName}`,
  )
}

function wrong(source: string | undefined, property: string | undefined, message: string): StorageError {
  const where = source === undefined ? 'the data source' : `the data source ${JSON.stringify(source)}`
  const what = property === undefined ? '' : `, property ${JSON.stringify(property)}`
  return new StorageError('INVALID_ARGUMENT', `${where}${what}: ${message}`, { details: { property } })
}

function settingsError({ name }: DataSourceSettings, issues: readonly SchemaIssue[]): StorageError {
  const pathOf = ({ path = [] }: SchemaIssue) =>
    path.map((key) => String(typeof key === 'object' ? key.key : key)).join('.') || undefined
  const [first, ...others] = issues as readonly [SchemaIssue, ...SchemaIssue[]]
  const rest = others.map((issue) => `; ${JSON.stringify(pathOf(issue))}: ${issue.message}`).join('')
  return wrong(name, pathOf(first), first.message + rest)
}
