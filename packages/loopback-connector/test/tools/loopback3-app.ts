/**
 * A LoopBack 3 application on a free port, with a model over each data source.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import loopback from 'loopback'
import { onTestFinished } from 'vitest'
import * as connector from '../../src/index.js'

export interface LoopBack3App {
  readonly app: loopback.Application
  /** By the names of their models. */
  readonly dataSources: Readonly<Record<string, loopback.DataSource>>
  readonly models: Readonly<Record<string, loopback.Model>>
  /** Without a slash at the end. */
  readonly url: string
  /** Sends a request to a path below `/api`. */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export interface LoopBack3Options {
  /** Called before the REST API is mounted. */
  readonly before?: (app: loopback.Application, dataSources: Readonly<Record<string, loopback.DataSource>>) => void
  /** Whether responses include all details of an error. */
  readonly debug?: boolean
  /** Options of every model's definition. */
  readonly model?: object
}

/** Creates a directory, which is deleted when the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'loopback-connector-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/**
 * Starts the application, which stops when the test ends. `sources` are the settings of data
 * sources by the names of their models.
 */
export async function startLoopBack3(
  sources: Readonly<Record<string, object>>,
  { before, debug = false, model: definition }: LoopBack3Options = {},
): Promise<LoopBack3App> {
  const app = loopback({ localRegistry: true, loadBuiltinModels: true })
  app.set('remoting', { errorHandler: { debug, log: false } })
  const dataSources = Object.fromEntries(
    Object.entries(sources).map(([name, settings]) => [
      name,
      app.dataSource(`${name}-source`, { connector, ...settings }),
    ]),
  )
  const models = Object.fromEntries(
    Object.entries(dataSources).map(([name, dataSource]) => [name, dataSource.createModel(name, {}, definition)]),
  )
  before?.(app, dataSources)
  app.use('/api', loopback.rest())
  for (const model of Object.values(models)) app.model(model)
  const server = app.listen(0, '127.0.0.1', () => undefined)
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await Promise.all(Object.values(dataSources).map((dataSource) => dataSource.disconnect()))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { app, dataSources, models, url, fetch: (path, init) => fetch(`${url}/api${path}`, init) }
}

/**
 * Starts an application with the model `container` over a directory with the empty container
 * `album`.
 */
export async function startOnDirectory(
  settings: object = {},
  options: LoopBack3Options = {},
): Promise<
  LoopBack3App & { readonly root: string; readonly container: loopback.Model; readonly dataSource: loopback.DataSource }
> {
  const root = await temporaryDirectory()
  const started = await startLoopBack3({ container: { provider: 'filesystem', root, ...settings } }, options)
  const { container } = started.models
  const { container: dataSource } = started.dataSources
  if (container === undefined || dataSource === undefined) throw new Error('the model is missing')
  await container.createContainer({ name: 'album' })
  return { ...started, root, container, dataSource }
}

/** Returns a request with a form of files, in the field `file` unless `field` is set. */
export function form(...files: readonly { name: string; content: string; type?: string; field?: string }[]): {
  method: 'POST'
  body: FormData
} {
  const body = new FormData()
  for (const { name, content, type = 'text/plain', field = 'file' } of files) {
    body.append(field, new File([content], name, { type }))
  }
  return { method: 'POST', body }
}

export const json = (value: object) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(value),
})
