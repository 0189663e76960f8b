import 'vitest'
import { noServers, wantedPlacement } from './environment.js'
import { requirePackages, versionOf } from './hosting/debian.js'
import { startAzurite } from './services/azurite.js'
import { startCeph } from './services/ceph.js'
import { startClamd } from './services/clamd.js'
import { requireNginx } from './services/nginx.js'
import { type RackspaceServer, rackspaceFromEnvironment, startRackspace } from './services/rackspace.js'
import { type S3Server, s3FromEnvironment } from './services/s3-endpoint.js'
import { type SwiftEndpoint, startSwift } from './services/swift.js'

/** Every server by its name in `provide: { servers: […] }`. */
const starters = {
  azurite: () => startAzurite(),
  ceph: () => startCeph(),
  /** ClamAV's daemon. */
  clamd: () => startClamd(),
  /** Installed only: each test starts nginx with its own configuration, by `startNginx`. */
  nginx: async () => ({ ...(await requireNginx()), stop: async () => undefined }),
  /** Installed only: the test starts servers with different options. */
  redis: async () => {
    await requirePackages('Redis', ['redis-server'])
    return { server: `Redis ${await versionOf('redis-server')}`, stop: async () => undefined }
  },
  /** OpenStack Swift with Keystone. */
  swift: () => startSwift(),
  /** The S3 interface of that Swift. */
  'swift-s3': async (pool: ServerPool): Promise<S3Server> => {
    const real = s3FromEnvironment('SWIFT_S3')
    if (real !== undefined) return real
    const { local } = await pool.swift()
    if (local === undefined) throw new Error('set STOWAGE_TEST_SWIFT_S3_… beside STOWAGE_TEST_OPENSTACK_…')
    return { ...local.s3, stop: async () => undefined }
  },
  /** Rackspace's identity service in front of that Swift. */
  rackspace: async (pool: ServerPool): Promise<RackspaceServer> =>
    rackspaceFromEnvironment() ?? startRackspace(await pool.swift()),
}

export type ServerName = keyof typeof starters

type Server<Name extends ServerName> = Awaited<ReturnType<(typeof starters)[Name]>>

/** The description of a server for tests. */
export type Endpoint<Name extends ServerName> = Omit<Server<Name>, 'stop'>

/** A server that could not be started, and why. */
export interface Unavailable {
  readonly unavailable: string
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The servers that a project needs. */
    servers: readonly ServerName[]
    /** What became of them. */
    endpoints: Readonly<Partial<Record<ServerName, object | Unavailable>>>
  }
}

interface Running {
  readonly name: ServerName
  readonly server: Promise<{ readonly endpoint: object; stop(): Promise<void> } | Unavailable>
}

/**
 * The servers of a whole run. vitest loads a module once for each project that uses it, so what
 * they share is kept with the process.
 */
class ServerPool {
  readonly #running = new Map<ServerName, Running>()
  #users = 0

  static ofProcess(): ServerPool {
    const key = Symbol.for('stowage.test-servers')
    const process = globalThis as { [key]?: ServerPool }
    process[key] ??= new ServerPool()
    return process[key]
  }

  /** Begins to start those that are not running. */
  begin(names: readonly ServerName[]): void {
    for (const name of names) {
      if (this.#running.has(name)) continue
      this.#running.set(name, { name, server: this.#start(name) })
    }
  }

  async #start(name: ServerName): Running['server'] {
    try {
      if (wantedPlacement() === 'none') return { unavailable: noServers }
      const { stop, ...endpoint } = await starters[name](this)
      return { endpoint, stop }
    } catch (error) {
      return { unavailable: error instanceof Error ? error.message : String(error) }
    }
  }

  join(): void {
    this.#users++
  }

  async endpointOf(name: ServerName): Promise<object> {
    this.begin([name])
    const server = await (this.#running.get(name) as Running).server
    return 'unavailable' in server ? server : server.endpoint
  }

  async swift(): Promise<SwiftEndpoint> {
    const endpoint = await this.endpointOf('swift')
    if ('unavailable' in endpoint) throw new Error(String(endpoint.unavailable))
    return endpoint as SwiftEndpoint
  }

  /** The last one to leave stops all servers. */
  async leave(): Promise<void> {
    this.#users--
    if (this.#users > 0) return
    const running = [...this.#running.values()]
    this.#running.clear()
    const stopped = await Promise.allSettled(
      running.map(async ({ server }) => {
        const started = await server
        if ('stop' in started) await started.stop()
      }),
    )
    for (const result of stopped) if (result.status === 'rejected') throw result.reason
  }
}

export const pool = ServerPool.ofProcess()
