/**
 * The routes of containers.
 */
import { StorageError } from '@stowage/core'
import { containerJson, sendJson } from '../http/json.js'
import { readForm } from '../http/json-body.js'
import type { Exchange } from './request-context.js'

/** `POST /` */
export async function createContainer(exchange: Exchange): Promise<void> {
  const { name } = await readForm(exchange)
  if (typeof name !== 'string') {
    throw new StorageError('INVALID_NAME', 'the body must hold the name of the container: {"name":"photos"}')
  }
  await exchange.authorize('createContainer', name)
  sendJson(exchange.res, 200, containerJson(await exchange.storage.createContainer({ name })))
}

/** `GET` and `HEAD /:container` */
export async function getContainer(exchange: Exchange): Promise<void> {
  const { storage, container, res, responseSignal: signal } = exchange
  await exchange.authorize('getContainer', container)
  sendJson(res, 200, containerJson(await storage.getContainer(container, { signal })))
}

/** `DELETE /:container`. Goes on to its end when the client goes away. */
export async function destroyContainer(exchange: Exchange): Promise<void> {
  const { storage, container, res, query } = exchange
  await exchange.authorize('destroyContainer', container)
  await storage.destroyContainer(container, { onlyIfEmpty: query.get('onlyIfEmpty') === 'true' })
  sendJson(res, 200, '{}')
}
