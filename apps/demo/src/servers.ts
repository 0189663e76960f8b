/**
 * Servers for `--all`: one of every service that this machine can run, with a data source for each,
 * so that all providers can be compared. They are empty at the start, and deleted at the end.
 */
import { DataSource } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { AzureProvider, type AzureSettings } from '@stowage/provider-azure'
import type * as testServers from '@stowage/test-servers'

type TestServers = typeof testServers
type Settings = ConstructorParameters<typeof DataSource>[1]

export interface RunningServers {
  readonly sources: readonly DataSource[]
  stop(): Promise<void>
}

export const noServers: RunningServers = { sources: [], stop: async () => undefined }

/** A running server, and the settings to reach it. */
interface Started {
  readonly settings: Settings
  stop(): Promise<void>
}

interface Offer {
  /** The name of the data source. */
  readonly name: string
  readonly what: string
  readonly start: (servers: TestServers, swift: () => Promise<testServers.SwiftServer>) => Promise<Started>
}

/** The demo installs no packages. */
const options = { install: false }

const offers: readonly Offer[] = [
  {
    name: 'azure',
    what: 'Azurite, as Azure Blob',
    start: async ({ startAzurite }) => {
      const { storageAccount, storageAccessKey, endpoint, stop } = await startAzurite()
      const account = { storageAccount, storageAccessKey, endpoint }
      await allowPages(account)
      return { settings: { provider: 'azure', ...account }, stop }
    },
  },
  {
    name: 'amazon',
    what: 'Ceph, as Amazon S3',
    start: async ({ startCeph }) => {
      const { keyId, key, region, endpoint, stop } = await startCeph(options)
      return {
        settings: { provider: 'amazon', keyId, key, region, ...defined({ endpoint }) },
        stop,
      }
    },
  },
  {
    name: 'openstack',
    what: 'OpenStack Swift with Keystone',
    start: async (_, startSwift) => {
      const { authUrl, region, username, password, projectName, userDomainName, stop } = await startSwift()
      const settings = { authUrl, region, username, password, projectName, domainName: userDomainName }
      return { settings: { provider: 'openstack', ...settings }, stop }
    },
  },
  {
    name: 'rackspace',
    what: 'a stand-in for Rackspace, in front of that Swift',
    start: async ({ startRackspace }, startSwift) => {
      const { username, apiKey, region, authUrl, stop } = await startRackspace(await startSwift())
      return {
        settings: { provider: 'rackspace', username, apiKey, region, ...defined({ authUrl }) },
        stop,
      }
    },
  },
]

/** Azure has CORS rules for the whole account only, so the page cannot set them. */
async function allowPages(account: AzureSettings): Promise<void> {
  const provider = new AzureProvider(account)
  const rule = { allowedMethods: 'GET,HEAD,PUT', allowedHeaders: '*', exposedHeaders: 'ETag', maxAgeInSeconds: 3600 }
  await provider.native.setProperties({ cors: [{ ...rule, allowedOrigins: '*' }] })
  await provider.close()
}

type Log = Pick<Console, 'log' | 'error'>

/**
 * Starts all servers at the same time, and reports each one. Skips the names in `taken`, which are
 * those of configured data sources.
 */
export async function startServers(taken: ReadonlySet<string>, { log, error }: Log): Promise<RunningServers> {
  const servers = await import('@stowage/test-servers')
  let swift: Promise<testServers.SwiftServer> | undefined
  const startSwift = () => {
    swift ??= servers.startSwift(options)
    return swift
  }
  log('Starting a server for each provider, which takes up to half a minute …')
  const outcomes = await Promise.all(
    offers.map(async ({ name, what, start }) => {
      if (taken.has(name)) {
        log(`  ${name}: not started, since there is a data source of this name`)
        return []
      }
      try {
        const started = await start(servers, startSwift)
        log(`  ${name}: ${what}`)
        return [{ name, ...started }]
      } catch (reason) {
        error(`  ${name}: ${what}: not started, ${reason instanceof Error ? reason.message : String(reason)}`)
        return []
      }
    }),
  )
  const running = outcomes.flat()
  const context = { directory: import.meta.dirname, environment: {} }
  return {
    sources: running.map(({ name, settings }) => new DataSource(name, settings, context)),
    stop: async () => {
      // A server in front of another one is stopped first.
      for (const { stop } of running.toReversed()) await stop()
    },
  }
}
