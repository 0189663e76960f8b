/**
 * Providers by name: their packages, and how one is found in the application's installation.
 */
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { dataSourceError } from './data-source-error.js'
import type { ProviderName } from './provider-settings.js'

/** The package of each provider that has a name. Nothing else is ever loaded by name. */
export const providerPackages = Object.freeze({
  amazon: '@stowage/provider-s3',
  azure: '@stowage/provider-azure',
  filesystem: '@stowage/provider-fs',
  memory: '@stowage/provider-memory',
  openstack: '@stowage/provider-openstack',
  rackspace: '@stowage/provider-rackspace',
} as const satisfies Record<ProviderName, string>)

export const isProviderName = (name: unknown): name is ProviderName =>
  typeof name === 'string' && Object.hasOwn(providerPackages, name)

/** Where a provider's package is looked for, and the data source that an error names. */
export interface PackageSearch {
  readonly directory: string
  readonly source: string | undefined
}

/**
 * Imports a provider's package. It is searched from the data source's directory, the application's
 * main script, the working directory, and the file that this code is in. `INVALID_ARGUMENT` says
 * what to do when it is in none of them.
 */
export async function importProvider(provider: ProviderName, { directory, source }: PackageSearch): Promise<unknown> {
  const packageName = providerPackages[provider]
  const url = locate(packageName, directory)
  if (url !== undefined) return importAtRunTime(url)
  try {
    return await importAtRunTime(packageName)
  } catch (error) {
    if (!isMissing(error, packageName)) throw error
  }
  const module = `createStorage({ provider: await import("${packageName}"), … })`
  const remedy = (await isBundled())
    ? `a bundle has to contain it: pass the module in place of the name, ${module}`
    : `install it with "npm install ${packageName}", or pass the module in place of the name: ${module}`
  throw dataSourceError(source, 'provider', `the package "${packageName}" of "${provider}" was not found; ${remedy}`)
}

/**
 * An import that is left to Node: each comment keeps one bundler from resolving the specifier when
 * it builds, which would fail or put a module in place that rejects everything.
 */
const importAtRunTime = (specifier: string): Promise<unknown> =>
  import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ specifier)

/**
 * The URL of the package's main module, or nothing when it is not found from any of the
 * directories.
 */
function locate(packageName: string, directory: string): string | undefined {
  // Bundlers replace an imported `createRequire` by their own, which knows nothing of the
  // installation.
  const { createRequire } = process.getBuiltinModule('node:module')
  // Absent in a worker, and where Node is embedded.
  const main = process.argv[1] ?? process.cwd()
  for (const start of [join(directory, 'datasources.json'), resolve(main), join(process.cwd(), 'index.js')]) {
    try {
      return pathToFileURL(createRequire(start).resolve(packageName)).href
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')) throw error
    }
  }
  return undefined
}

/** Whether the package itself is missing, and not something that it imports. */
const isMissing = (error: unknown, packageName: string) =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes(`'${packageName}'`)

/**
 * Whether this code runs from a bundle: then its own package's name leads to nothing, or to another
 * copy of it.
 */
async function isBundled(): Promise<boolean> {
  try {
    const installed = (await importAtRunTime('@stowage/core')) as { readonly providerPackages?: unknown }
    return installed.providerPackages !== providerPackages
  } catch {
    return true
  }
}
