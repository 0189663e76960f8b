/**
 * A data source's settings, in the words of LoopBack's storage component and of pkgcloud, put into ours.
 */
import { dirname, join } from 'node:path'
import { createStorage, type StorageService } from '@stowage/core'
import type { ProviderModule } from '@stowage/core/provider'
import { checkUploadOptions } from '@stowage/rest-express'
import type { DownloadSettings } from './download-options.js'
import { isPkgcloudModule, type PkgcloudModule } from './pkgcloud-client.js'
import { pkgcloudProvider } from './pkgcloud-provider.js'
import { type ConnectorUploadOptions, uploadOptions, uploadSettings } from './upload-options.js'

/** A data source's entry. Beside what stands here it holds the provider's own settings, such as `root` or `keyId`. */
export interface ConnectorSettings extends ConnectorUploadOptions, DownloadSettings {
  /** A name, or in code a provider's module: one of ours, or one of pkgcloud's shape. Default: `filesystem`. */
  readonly provider?: string | ProviderModule | PkgcloudModule
  /** Answer as the storage component did where it answered with 500 and its own message. Default: false. */
  readonly legacyStatusCodes?: boolean
  readonly [property: string]: unknown
}

/** What LoopBack itself keeps in a data source's settings. */
const settingsOfLoopBack = ['adapter', 'connector', 'debug', 'lazyConnect', 'maxOfflineRequests', 'localStorage']

/** Settings of this package, which no provider sees. */
const settingsOfConnector = ['legacyStatusCodes', 'legacyDownloads', 'cacheControl']

/** Settings of pkgcloud's that say what is the case anyway, or nothing. */
const settingsWithoutEffect = ['protocol', 'version', 'useServiceCatalog', 'earlyTokenTimeout']

/** Settings of pkgcloud's that have another name with us. */
const renamedSettings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  amazon: { accessKey: 'key', accessKeyId: 'keyId', forcePathBucket: 'forcePathStyle' },
  openstack: { userid: 'userId' },
}

/** The storage that a data source describes. Rejects with a `StorageError` that names the wrong property. */
export async function openStorage(settings: ConnectorSettings): Promise<StorageService> {
  checkUploadOptions(uploadOptions(settings))
  const { provider = 'filesystem', name } = settings
  const own = providerSettings(settings, provider)
  return createStorage(
    {
      ...(typeof name === 'string' ? { name } : {}),
      ...own,
      // A name that is none is refused with all those that are.
      provider: (isPkgcloudModule(provider) ? pkgcloudProvider(provider, settings) : provider) as ProviderModule,
    },
    { directory: applicationDirectory() },
  )
}

function providerSettings(settings: ConnectorSettings, provider: unknown): Record<string, unknown> {
  if (isPkgcloudModule(provider)) return {}
  const left = new Set([
    ...settingsOfLoopBack,
    ...settingsOfConnector,
    ...settingsWithoutEffect,
    // On Amazon this one is the provider's too: it is what files are read with.
    ...Object.keys(uploadSettings(settings)).filter((name) => provider !== 'amazon' || name !== 'SSECustomerKey'),
  ])
  const names = renamedSettings[String(provider)] ?? {}
  const own = Object.fromEntries(
    Object.entries(settings)
      .filter(([property, value]) => !left.has(property) && value !== undefined)
      .map(([property, value]) => [names[property] ?? property, value]),
  )
  return provider === 'amazon' ? amazonSettings(own) : own
}

/** As the former SDK had it: Amazon is found without a region, and an endpoint may be a bare host. */
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

/** What relative paths are relative to: the directory above that of the main script, which is `server/server.js` or `dist/index.js`. */
function applicationDirectory(): string {
  // Any `require` knows the main script; `import.meta` is empty in a CommonJS bundle.
  const { createRequire } = process.getBuiltinModule('node:module')
  const main = createRequire(join(process.cwd(), 'index.js')).main?.filename
  return main === undefined ? process.cwd() : dirname(dirname(main))
}
