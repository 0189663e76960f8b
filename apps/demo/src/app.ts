/**
 * The application: every storage's routes, the list of them, and the page.
 */
import { join } from 'node:path'
import { openApiDocument } from '@stowage/rest-express'
import compression from 'compression'
import express, { type Express, type RequestHandler } from 'express'
import { refuseOtherHosts } from './allowed-hosts.js'
import { refuseOtherSites, securityHeaders } from './browser-security.js'
import { directAccess } from './direct.js'
import { lastResort, sendError } from './errors.js'
import { type ConfiguredStorage, describeStorage } from './storages.js'

export interface AppOptions {
  readonly storages: ReadonlyMap<string, ConfiguredStorage>
  /** The name of the storage that `/api/containers` serves. */
  readonly main: string
  /** Accepted host names, in addition to addresses and `localhost`. */
  readonly allowedHosts: ReadonlySet<string>
  /** The origins of services to which the page may send files. */
  readonly services: readonly string[]
}

/** The page as vite built it. */
const webDirectory = join(import.meta.dirname, 'web')

export function createApp({ storages, main, allowedHosts, services }: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(securityHeaders(services), refuseOtherHosts(allowedHosts), refuseOtherSites, compress())
  app.use('/api/containers', containerRoutes(storages, main))
  app.get('/api/datasources', (_request, response) => {
    response.json(Array.from(storages.values(), (each) => ({ ...describeStorage(each), main: each.name === main })))
  })
  app.use('/api/datasources/:name/containers', (request, response, next) => {
    containerRoutes(storages, request.params.name)(request, response, next)
  })
  app.post('/api/datasources/:name/direct', ...directAccess(storages))
  const description = describeApi(storages, main)
  app.get('/openapi.json', (_request, response) => {
    response.json(description)
  })
  // Their names contain a hash of their content.
  app.use('/assets', express.static(join(webDirectory, 'assets'), { immutable: true, maxAge: '1y' }))
  app.use(express.static(webDirectory))
  app.use((_request, response) => sendError(response, 404, 'NOT_FOUND', 'not found'))
  app.use(lastResort)
  return app
}

/**
 * Downloads are never compressed (`no-transform`), and responses to uploads and deletions are
 * short.
 */
function compress(): RequestHandler {
  const middleware = compression()
  return (request, response, next) => {
    const { method, url } = request
    if ((method === 'GET' || method === 'HEAD') && !downloadUrl.test(url)) middleware(request, response, next)
    else next()
  }
}

const downloadUrl = /^\/api\/(?:datasources\/[^/?]+\/)?containers\/[^/?]+\/download\//

/** One description for all storages, since their routes are the same. */
function describeApi(storages: AppOptions['storages'], main: string) {
  const others = [...storages.values()].filter((each) => !('error' in each))
  return openApiDocument({
    title: 'Stowage',
    resumable: true,
    direct: true,
    servers: [
      { url: '/api/containers', description: main },
      ...others.map(({ name, provider }) => ({
        url: `/api/datasources/${encodeURIComponent(name)}/containers`,
        description: `${name} (${provider})`,
      })),
    ],
  })
}

function containerRoutes(storages: AppOptions['storages'], name: string): RequestHandler {
  const configured = storages.get(name)
  if (configured === undefined) {
    return (_request, response) => sendError(response, 404, 'NOT_FOUND', `unknown data source ${JSON.stringify(name)}`)
  }
  if ('error' in configured) {
    const { code, message } = configured.error
    return (_request, response) => sendError(response, 503, code, message)
  }
  return configured.router
}
