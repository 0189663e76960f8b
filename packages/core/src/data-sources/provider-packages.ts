/** The packages of providers, and their import from the application's installation. */
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { dataSourceError } from './data-source-error.js'
import type { ProviderName } from './provider-settings.js'

/** The package of each provider name. Core imports no other package by name. */
export const providerPackages = Object.freeze({
  amazon: '@stowage/provider-s3',
  azure: '@stowage/provider-azure',
  filesystem: '@stowage/provider-fs',
  memory: '@stowage/provider-memory',
  openstack: '@stowage/provider-openstack',
  rackspace: '@stowage/provider-rackspace',
} as const satisfies Record<ProviderName, string>)

/** Returns whether a value is the name of a provider. */
const isProviderName = (name: unknown): name is ProviderName =>
  typeof name === 'string' && Object.hasOwn(providerPackages, name)

/** The names of packages that others publish. Settings can make core import no other package. */
const publishedName = /^(?:@[a-z\d][a-z\d._-]*\/stowage-provider(?:-[a-z\d._-]+)?|stowage-provider-[a-z\d._-]+)$/

/**
 * Returns the package of a provider: that of its name, or the one that is named like
 * `stowage-provider-redis` or `@acme/stowage-provider-redis`. `undefined` for other names.
 */
export function packageOfProvider(provider: string): string | undefined {
  if (isProviderName(provider)) return providerPackages[provider]
  return publishedName.test(provider) ? provider : undefined
}

/** Where a provider's package is searched, and the data source for errors. */
export interface PackageSearch {
  readonly directory: string
  readonly source: string | undefined
}

/**
 * Imports a provider's package. Searches from the data source's directory, the application's main
 * script, the working directory, and the file with this code.
 *
 * Fails with `INVALID_ARGUMENT` if the package is not found. The message has the remedy.
 */
export async function importProvider(packageName: string, { directory, source }: PackageSearch): Promise<unknown> {
  const url = locate(packageName, directory)
  if (url !== undefined) return importAtRunTime(url)
  try {
    return await importAtRunTime(packageName)
  } catch (error) {
    if (!isMissing(error, packageName)) throw error
  }
  const module = `createStorage({ provider: await import("${packageName}"), … })`
  const remedy = (await isBundled())
    ? `a bundle must contain it: pass the module instead of the name, ${module}`
    : `install it with "npm install ${packageName}", or pass the module instead of the name: ${module}`
  throw dataSourceError(source, 'provider', `package "${packageName}" not found; ${remedy}`)
}

/**
 * Imports at run time. Each comment prevents one bundler from resolving the specifier during the
 * build, which would fail or insert a module that always throws.
 */
const importAtRunTime = (specifier: string): Promise<unknown> =>
  import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ specifier)

/** Returns the URL of the package's main module, or `undefined` if no directory leads to it. */
function locate(packageName: string, directory: string): string | undefined {
  // Bundlers replace an imported `createRequire` by their own, which ignores the installation.
  const { createRequire } = process.getBuiltinModule('node:module')
  // `argv[1]` is missing in a worker and where Node is embedded.
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

/** Returns whether the package itself is missing, and not one of its imports. */
const isMissing = (error: unknown, packageName: string) =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes(`'${packageName}'`)

/**
 * Returns whether this code runs from a bundle: its own package name is then missing, or another
 * copy.
 */
async function isBundled(): Promise<boolean> {
  try {
    const installed = (await importAtRunTime('@stowage/core')) as { readonly providerPackages?: unknown }
    return installed.providerPackages !== providerPackages
  } catch {
    return true
  }
}
