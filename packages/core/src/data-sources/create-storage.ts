/** Data sources: storages that are described by settings. */

import { invalid } from '../checks/invalid.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import { pathOf, type SchemaIssue, settingsError } from '../checks/settings.js'
import type { StorageProvider } from '../contract/provider.js'
import { defined } from '../kit/defined.js'
import { StorageService, type StorageServiceOptions } from '../service/service.js'
import { dataSourceError } from './data-source-error.js'
import { mapTexts, valueOfText } from './environment.js'
import { importProvider, type PackageSearch, packageOfProvider, providerPackages } from './provider-packages.js'
import type { ProviderName, ProviderSettings } from './provider-settings.js'

/** A schema for settings, as valibot, zod, arktype and others make it (Standard Schema 1). */
export interface SettingsSchema<Settings, Input = Settings> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Settings> | Promise<SchemaResult<Settings>>
    readonly types?: { readonly input: Input; readonly output: Settings } | undefined
  }
}

type SchemaResult<Settings> =
  | { readonly value: Settings; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/**
 * What a provider's package exports. Applications pass one as `provider` for a provider without a
 * name.
 */
export interface ProviderModule<Settings = unknown, Input = Settings> {
  readonly settings: SettingsSchema<Settings, Input>
  createProvider(settings: Settings, context: ProviderContext): StorageProvider
}

/** Provider modules by the name that data sources give as `provider`. */
export type ProviderModules = Readonly<Record<string, ProviderModule>>

/** What a provider module gets besides its settings. */
export interface ProviderContext {
  /**
   * The directory that relative paths in the settings are relative to: that of `datasources.json`,
   * or the working directory.
   */
  readonly directory: string
}

/** Settings of a data source for the uploads of an HTTP layer. Providers do not receive them. */
export const uploadSettings = Object.freeze([
  'maxFileSize',
  'maxFieldsSize',
  'allowedContentTypes',
  'getFilename',
  'nameConflict',
  'acl',
] as const)

type UploadSettings = { readonly [Name in (typeof uploadSettings)[number]]?: unknown }

/** Settings that every data source can have, whatever its provider. */
export interface CommonSettings extends StorageServiceOptions, UploadSettings {
  /** The data source's name, for messages. */
  readonly name?: string
  /** LoopBack's connector. Ignored. */
  readonly connector?: unknown
}

/**
 * A data source's settings: the provider's name or its module, and the settings of that provider.
 */
export type DataSourceSettings<Provider extends ProviderName | ProviderModule = ProviderName | ProviderModule> =
  Provider extends ProviderName
    ? CommonSettings & { readonly provider: Provider } & ProviderSettings[Provider]
    : Provider extends ProviderModule
      ? CommonSettings & { readonly provider: Provider } & InputOf<Provider>
      : never

/** The type that a module's schema accepts, or any object if the schema does not declare it. */
type InputOf<Module extends ProviderModule> =
  NonNullable<Module['settings']['~standard']['types']> extends { readonly input: infer Input }
    ? unknown extends Input
      ? { readonly [property: string]: unknown }
      : Input
    : { readonly [property: string]: unknown }

const tuningAndUploads = ['partSize', 'parallelism', 'retry', 'policy', ...uploadSettings]

const commonSettings: ReadonlySet<string> = new Set(['name', 'connector', 'provider', ...tuningAndUploads])

const contextNames = { directory: true } as const satisfies NamesOf<ProviderContext>

/**
 * Creates the storage that the settings describe. A provider with a name is imported from the
 * application's installation. Makes no request.
 *
 * Fails with `INVALID_ARGUMENT`, with the data source and the property.
 *
 * @param context.directory The directory for relative paths in the settings. Default: the working
 * directory.
 *
 * @example
 * const files = await createStorage({ provider: 'memory', parallelism: 2 })
 * files.name // 'memory'
 */
export async function createStorage<Provider extends ProviderName | ProviderModule>(
  settings: { readonly provider: Provider } & DataSourceSettings<Provider>,
  context: Partial<ProviderContext> = {},
): Promise<StorageService> {
  checkOptions('createStorage', context, contextNames)
  const { directory = process.cwd() } = context
  if (typeof directory !== 'string') throw invalid('directory', 'directory must be the path of a directory')
  return openDataSource(settings, { directory })
}

/**
 * Creates a storage from settings whose properties are not known to the compiler, as {@link
 * createStorage} does.
 */
export async function openDataSource(
  settings: object,
  {
    directory,
    texts,
    providers,
  }: ProviderContext & {
    /** The paths of the values that may be converted from text. */
    readonly texts?: ReadonlySet<string>
    /** Modules by name. They come before the packages. */
    readonly providers?: ProviderModules
  },
): Promise<StorageService> {
  if (typeof settings !== 'object' || settings === null) {
    throw invalid('settings', 'the settings of a data source must be an object')
  }
  const { name, provider, partSize, parallelism, retry, policy } = settings as CommonSettings & {
    readonly provider?: unknown
  }
  const source = typeof name === 'string' ? name : undefined
  const module = await providerModule(provider, { source, directory, providers })
  const own = Object.fromEntries(
    Object.entries(settings).filter(([property, value]) => value !== undefined && !commonSettings.has(property)),
  )
  const about = { source, provider: typeof provider === 'string' ? provider : undefined, texts: new Set(texts) }
  const checked = await checkedSettings(module.settings, own, about)
  const tuning = convertTexts({ partSize, parallelism, retry }, new Set(texts))
  // A policy with texts of the environment is plain data; another one may have objects of classes.
  const rules = texts === undefined || texts.size === 0 ? policy : convertTexts(policy && { policy }, texts)?.policy
  return new StorageService(module.createProvider(checked, { directory }), { ...tuning, ...defined({ policy: rules }) })
}

async function providerModule(
  provider: unknown,
  { providers = {}, ...search }: PackageSearch & { readonly providers: ProviderModules | undefined },
): Promise<ProviderModule> {
  if (isProviderModule(provider)) return provider
  if (typeof provider === 'string') {
    if (Object.hasOwn(providers, provider)) return providers[provider] as ProviderModule
    const packageName = packageOfProvider(provider)
    if (packageName !== undefined) {
      const module = await importProvider(packageName, search)
      if (isProviderModule(module)) return module
      throw dataSourceError(search.source, 'provider', `package "${packageName}" ${moduleRule}`)
    }
  }
  const known = [...new Set([...Object.keys(providerPackages), ...Object.keys(providers)])].join(', ')
  const given = typeof provider === 'string' ? `, not ${JSON.stringify(provider)}` : ''
  throw dataSourceError(
    search.source,
    'provider',
    `must be one of ${known}, a package named like "stowage-provider-…", or a module that exports "settings" and "createProvider"${given}`,
  )
}

const moduleRule = 'must export "settings" and "createProvider"'

/** Returns the modules. Throws `INVALID_ARGUMENT` with the name of a value that is none. */
export function checkProviderModules(providers: unknown): ProviderModules {
  if (typeof providers !== 'object' || providers === null) {
    throw invalid('providers', 'providers must be an object with one module for each name')
  }
  for (const [name, module] of Object.entries(providers)) {
    if (isProviderModule(module)) continue
    throw invalid(`providers.${name}`, `the module of providers.${name} ${moduleRule}`)
  }
  return providers as ProviderModules
}

const isProviderModule = (value: unknown): value is ProviderModule =>
  typeof value === 'object' &&
  value !== null &&
  'createProvider' in value &&
  typeof value.createProvider === 'function' &&
  'settings' in value &&
  Object(value.settings) === value.settings &&
  '~standard' in (value.settings as object)

/**
 * Returns the provider's own settings, as its schema returns them. Environment variables are texts:
 * if the schema rejects one, it is tried again as the number or the boolean that it denotes.
 */
async function checkedSettings(
  schema: ProviderModule['settings'],
  given: unknown,
  about: { readonly source: string | undefined; readonly provider: string | undefined; readonly texts: Set<string> },
): Promise<unknown> {
  const result = await schema['~standard'].validate(given)
  if (result.issues === undefined) return result.value
  const refused = new Set(result.issues.map(pathOf).filter((path) => about.texts.delete(path)))
  if (refused.size === 0) {
    const { source, provider } = about
    const where = source === undefined ? '' : `data source ${JSON.stringify(source)}: `
    const owner = provider === undefined ? 'the provider' : `provider ${JSON.stringify(provider)}`
    throw settingsError(result.issues, where, { schema, noun: 'property', owner, more: tuningAndUploads })
  }
  return checkedSettings(schema, convertTexts(given, refused), about)
}

const convertTexts = <Value>(value: Value, paths: ReadonlySet<string>) =>
  mapTexts(value, (text, path) => (paths.has(path) ? valueOfText(text) : text)) as Value
