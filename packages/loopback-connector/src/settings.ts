/**
 * The settings of a data source, whose names come from LoopBack's storage component and pkgcloud,
 * and their translation to the settings of Stowage.
 */
import { dirname, join } from 'node:path'
import { createStorage, type StorageService } from '@stowage/core'
import type { ProviderModule } from '@stowage/core/provider'
import { checkUploadOptions } from '@stowage/rest-express'
import type { DownloadSettings } from './download-options.js'
import { isPkgcloudModule, type PkgcloudModule } from './pkgcloud-client.js'
import { pkgcloudProvider } from './pkgcloud-provider.js'
import { type ConnectorUploadOptions, uploadOptions, uploadSettings } from './upload-options.js'

/**
 * The settings of a data source: those below, and those of the provider, such as `root` or `keyId`.
 */
export interface ConnectorSettings extends ConnectorUploadOptions, DownloadSettings {
  /**
   * The name of a provider. In code also the module of a Stowage provider, or a module with
   * pkgcloud's interface. Default: `filesystem`.
   */
  readonly provider?: string | ProviderModule | PkgcloudModule
  /**
   * Whether to fail with the status codes of the storage component, which are 500 for most
   * failures, and with its messages for uploads. Default: false.
   */
  readonly legacyStatusCodes?: boolean
  readonly [property: string]: unknown
}

/** Settings that LoopBack itself reads. */
const loopbackSettings = ['adapter', 'connector', 'debug', 'lazyConnect', 'maxOfflineRequests', 'localStorage']

/** Settings of this package, which are not passed to the provider. */
const connectorSettings = ['legacyStatusCodes', 'legacyDownloads', 'cacheControl']

/** Settings of pkgcloud that have no effect, or only state what Stowage does anyway. */
const settingsWithoutEffect = ['protocol', 'version', 'useServiceCatalog', 'earlyTokenTimeout']

/** Settings of pkgcloud that have another name in Stowage. */
const renamedSettings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  amazon: { accessKey: 'key', accessKeyId: 'keyId', forcePathBucket: 'forcePathStyle' },
  openstack: { userid: 'userId' },
}

/**
 * Opens the storage of a data source. Rejects with a `StorageError` that names the invalid setting.
 */
export async function openStorage(settings: ConnectorSettings): Promise<StorageService> {
  checkUploadOptions(uploadOptions(settings))
  const { provider = 'filesystem', name } = settings
  const own = providerSettings(settings, provider)
  return createStorage(
    {
      ...(typeof name === 'string' ? { name } : {}),
      ...own,
      // An unknown name is refused by `createStorage`, which lists the valid names.
      provider: (isPkgcloudModule(provider) ? pkgcloudProvider(provider, settings) : provider) as ProviderModule,
    },
    { directory: applicationDirectory() },
  )
}

function providerSettings(settings: ConnectorSettings, provider: unknown): Record<string, unknown> {
  if (isPkgcloudModule(provider)) return {}
  const omitted = new Set([
    ...loopbackSettings,
    ...connectorSettings,
    ...settingsWithoutEffect,
    // On Amazon, `SSECustomerKey` is also a setting of the provider, which needs it to read files.
    ...Object.keys(uploadSettings(settings)).filter((name) => provider !== 'amazon' || name !== 'SSECustomerKey'),
  ])
  const names = renamedSettings[String(provider)] ?? {}
  const own = Object.fromEntries(
    Object.entries(settings)
      .filter(([property, value]) => !omitted.has(property) && value !== undefined)
      .map(([property, value]) => [names[property] ?? property, value]),
  )
  return provider === 'amazon' ? amazonSettings(own) : own
}

/**
 * Applies the defaults of the former SDK: the region is `us-east-1`, and an endpoint may be a host
 * name without a scheme.
 */
function amazonSettings({ endpoint, ...own }: Record<string, unknown>): Record<string, unknown> {
  const { AWS_REGION, AWS_DEFAULT_REGION, AWS_PROFILE } = process.env
  const regionIsKnown = [own['region'], own['profile'], endpoint, AWS_REGION, AWS_PROFILE].some(
    (value) => value !== undefined,
  )
  return {
    ...own,
    ...(regionIsKnown ? {} : { region: AWS_DEFAULT_REGION ?? 'us-east-1' }),
    ...(endpoint === undefined ? {} : { endpoint: withScheme(endpoint) }),
  }
}

const withScheme = (endpoint: unknown) =>
  typeof endpoint === 'string' && !endpoint.includes('://') ? `https://${endpoint}` : endpoint

/**
 * Returns the directory for relative paths: the parent of the main script's directory. The main
 * script is usually `server/server.js` or `dist/index.js`.
 */
function applicationDirectory(): string {
  // Every `require` function knows the main script. `import.meta` is empty in a CommonJS bundle.
  const { createRequire } = process.getBuiltinModule('node:module')
  const main = createRequire(join(process.cwd(), 'index.js')).main?.filename
  return main === undefined ? process.cwd() : dirname(dirname(main))
}
