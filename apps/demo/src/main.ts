/**
 * The demo as a process: reads the environment, starts one server, and ends on signals.
 */
import cluster from 'node:cluster'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isStorageError, loadDataSources } from '@stowage/core'
import { createApp } from './app.js'
import { type Config, readConfig, StartError } from './config.js'
import { serviceOrigins } from './direct.js'
import { listen } from './listen.js'
import { purgeDaily } from './purge.js'
import { noServers, type RunningServers, startServers } from './servers.js'
import { GracefulShutdown } from './shutdown.js'
import { type ConfiguredStorage, closeStorages, contactStorages, openStorages } from './storages.js'
import { uploadSecret } from './upload-secret.js'
import { announces, handOver, onStop, runWorkers } from './workers.js'

const second = 1000
const minute = 60 * second

try {
  const config = readConfig(process.env, process.argv.slice(2))
  const secret = config.uploadSecret ?? (await uploadSecret(config.dataSourcesFile, console.error))
  if (config.workers > 1 && cluster.isPrimary) {
    // Each worker must be able to continue what another one began.
    process.env['UPLOAD_SECRET'] = secret
    process.exit(await runWorkers(config.workers, console))
  }
  await start(config, secret)
} catch (error) {
  // A cause that the user can fix is printed as one line. Any other error is a bug, and is printed
  // with its stack.
  if (!(error instanceof StartError || isStorageError(error))) throw error
  console.error(`Stowage cannot start: ${error.message}`)
  process.exitCode = 1
  // The channel to the primary process would keep a worker alive.
  cluster.worker?.disconnect()
}

async function start(config: Config, secret: string): Promise<void> {
  const { maxFileSize, dataSource, dataSourcesFile } = config
  const sources = await loadDataSources(dataSourcesFile)
  const servers = config.all ? await startServers(new Set(sources.keys()), console) : noServers
  const speaks = announces()
  const storages = await openStorages([...sources.values(), ...servers.sources], {
    maxFileSize,
    // A sender that sends nothing for this time is disconnected. A slow one may continue.
    idleTimeout: 2 * minute,
    resumable: { secrets: [secret] },
    direct: { secrets: [secret] },
    onError: (error, { statusCode }) => {
      if (statusCode >= 500) console.error(error)
    },
  })
  if (!storages.has(dataSource)) {
    throw new StartError(
      `unknown data source ${JSON.stringify(dataSource)} in DATASOURCE (${dataSourcesFile} has no such entry)`,
    )
  }
  for (const [name, error] of speaks ? await contactStorages(storages, 5 * second) : []) {
    const message = isStorageError(error) ? error.message : error
    console.error(`data source ${JSON.stringify(name)}${rootOf(storages.get(name))} is unusable: ${message}`)
  }
  const services = await serviceOrigins(storages, 5 * second)
  const { allowedHosts } = config
  const server = createServer(createApp({ storages, main: dataSource, allowedHosts, services }))
  // Uploads have no time limit. `headersTimeout` limits the head of a request.
  server.requestTimeout = 0
  // For no traffic in either direction, such as a client that no longer reads a download.
  server.timeout = 5 * minute
  const shutdown = new GracefulShutdown(server)
  await listen(server, config)
  if (speaks) announce(server, config, storages)
  // One process does it for all workers.
  if (speaks) purgeDaily(storages, console.error)
  // Clients know `keepAliveTimeout`, and do not use a connection that was idle for so long.
  const idleGrace = (why: string) => (why === 'retire' ? server.keepAliveTimeout + second : 0)
  onStop((why) => stop(why, () => shutdown.stop({ ...grace, idleGrace: idleGrace(why) }), storages, servers))
}

function announce(server: Server, config: Config, storages: ReadonlyMap<string, ConfiguredStorage>): void {
  const { address, family, port } = server.address() as AddressInfo
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  console.log(`Stowage listens on ${url}`)
  for (const each of storages.values()) {
    const path =
      each.name === config.dataSource
        ? '/api/containers'
        : `/api/datasources/${encodeURIComponent(each.name)}/containers`
    console.log(`  ${path}  ${each.name} (${each.provider})`)
    if ('error' in each) console.error(`data source ${JSON.stringify(each.name)} is unusable: ${each.error.message}`)
  }
  if (!(address.startsWith('127.') || address === '::1')) {
    console.error(
      'Every client that can reach this address can read, write and delete the files: the demo has no authentication.',
    )
  }
}

const grace = { headGrace: 5 * second, requestGrace: 30 * minute }

async function stop(
  why: string,
  finish: () => Promise<boolean>,
  storages: ReadonlyMap<string, ConfiguredStorage>,
  servers: RunningServers,
): Promise<void> {
  const stopped = finish()
  if (cluster.isPrimary) console.log(`${why}: finishing pending requests; a second signal ends them`)
  const complete = await stopped
  await handOver()
  await closeStorages(storages)
  await servers.stop()
  if (!complete) console.error('Pending requests were ended')
  process.exit(complete ? 0 : 1)
}

/**
 * The directory of a filesystem storage, for the operator: errors that reach users have no paths.
 */
function rootOf(configured: ConfiguredStorage | undefined): string {
  const native: unknown = configured !== undefined && 'storage' in configured ? configured.storage.native : undefined
  const root = typeof native === 'object' && native !== null && 'root' in native ? native.root : undefined
  return typeof root === 'string' ? ` (root ${JSON.stringify(root)})` : ''
}
