/**
 * The application: every storage's routes, the list of them, and the page.
 */
import { join } from 'node:path'
import express, { type Express, type RequestHandler } from 'express'
import { refuseOtherSites, securityHeaders } from './browser-security.js'
import { lastResort, sendError } from './errors.js'
import { type ConfiguredStorage, describeStorage } from './storages.js'

export interface AppOptions {
  readonly storages: ReadonlyMap<string, ConfiguredStorage>
  /** The name of the storage that `/api/containers` serves. */
  readonly main: string
}

const webDirectory = join(import.meta.dirname, '..', 'web')

export function createApp({ storages, main }: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(securityHeaders, refuseOtherSites)
  app.get('/api/datasources', (_request, response) => {
    response.json(Array.from(storages.values(), (each) => ({ ...describeStorage(each), main: each.name === main })))
  })
  app.use('/api/datasources/:name/containers', (request, response, next) => {
    containerRoutes(storages, request.params.name)(request, response, next)
  })
  app.use('/api/containers', containerRoutes(storages, main))
  app.use(express.static(webDirectory))
  app.use((_request, response) => sendError(response, 404, 'NOT_FOUND', 'there is nothing at this address'))
  app.use(lastResort)
  return app
}

function containerRoutes(storages: AppOptions['storages'], name: string): RequestHandler {
  const configured = storages.get(name)
  if (configured === undefined) {
    return (_request, response) =>
      sendError(response, 404, 'NOT_FOUND', `there is no data source ${JSON.stringify(name)}`)
  }
  if ('error' in configured) {
    const { code, message } = configured.error
    return (_request, response) => sendError(response, 503, code, message)
  }
  return configured.router
}
