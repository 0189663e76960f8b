/**
 * The routes of containers.
 */
import { StorageError } from '@stowage/core'
import { containerJson, sendJson } from '../http/json.js'
import { readForm } from '../http/json-body.js'
import type { RequestContext } from './request-context.js'

/** `POST /` */
export async function createContainer(context: RequestContext): Promise<void> {
  const { name } = await readForm(context)
  if (typeof name !== 'string') {
    throw new StorageError('INVALID_NAME', 'the body must contain the name of the container: {"name":"photos"}')
  }
  await context.authorize('createContainer', name)
  sendJson(context.res, 200, containerJson(await context.storage.createContainer({ name })))
}

/** `GET` and `HEAD /:container` */
export async function getContainer(context: RequestContext): Promise<void> {
  const { storage, container, res, responseSignal: signal } = context
  await context.authorize('getContainer', container)
  sendJson(res, 200, containerJson(await storage.getContainer(container, { signal })))
}

/** `DELETE /:container`. Completes even if the client closes the connection. */
export async function destroyContainer(context: RequestContext): Promise<void> {
  const { storage, container, res, query } = context
  await context.authorize('destroyContainer', container)
  await storage.destroyContainer(container, { onlyIfEmpty: query.get('onlyIfEmpty') === 'true' })
  sendJson(res, 200, '{}')
}
