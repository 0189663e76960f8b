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

/**
 * `DELETE /:container`. Completes even if the client closes the connection.
 *
 * Not with a slash at the end: a client that deletes a file named `..` sends that path, because
 * URLs resolve `/photos/files/..` to `/photos/`.
 */
export async function destroyContainer(context: RequestContext): Promise<void> {
  const { storage, container, req, res, query } = context
  if (/^[^?]*\/(?:\?|$)/.test(req.url ?? '')) {
    throw new StorageError('INVALID_NAME', 'the path of a container that is deleted must not end with a slash')
  }
  await context.authorize('destroyContainer', container)
  await storage.destroyContainer(container, { onlyIfEmpty: query.get('onlyIfEmpty') === 'true' })
  sendJson(res, 200, '{}')
}
