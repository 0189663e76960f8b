/**
 * Direct uploads from the page: the services to which it may send, and what a service still has to
 * allow.
 */
import type { StorageService } from '@stowage/core'
import { sendError as sendStorageError } from '@stowage/rest-express'
import express, { type Request, type RequestHandler, type Response } from 'express'
import { sendError } from './errors.js'
import type { ConfiguredStorage } from './storages.js'

/** A name that some services put into the host of a URL. It need not exist. */
const container = 'stowage-origin'

/**
 * Returns the origins of the services that receive direct uploads, as a content security policy
 * names them. Leaves out services that cannot be reached within the timeout, in milliseconds.
 */
export async function serviceOrigins(
  storages: ReadonlyMap<string, ConfiguredStorage>,
  timeout: number,
): Promise<readonly string[]> {
  const origins = await Promise.all(
    Array.from(storages.values(), async (each) => {
      if ('error' in each) return []
      const { directUploads } = each.storage.capabilities
      if (directUploads === undefined || directUploads.throughRouter) return []
      const signing = each.storage.signUrl(container, 'file', { method: 'PUT', expiresIn: 1, timeout })
      const signed = await signing.catch(() => undefined)
      return signed === undefined ? [] : [new URL(signed.url).origin.replace(`//${container}.`, '//*.')]
    }),
  )
  return [...new Set(origins.flat())]
}

/**
 * `POST /api/datasources/:name/direct` with `{"container", "allow"?}`: what keeps the page from
 * sending files to the service. With `allow`, first sets the CORS rules of the container. The
 * origin is that of the request, so a page can allow only itself.
 */
export function directAccess(storages: ReadonlyMap<string, ConfiguredStorage>): readonly RequestHandler[] {
  return [
    express.json(),
    (request, response, next) => {
      const found = storages.get(String(request.params['name']))
      if (found === undefined || 'error' in found) next()
      else checkAccess(found.storage, request, response).catch(next)
    },
  ]
}

async function checkAccess(storage: StorageService, request: Request, response: Response): Promise<void> {
  const { container, allow } = Object(request.body) as { readonly container?: unknown; readonly allow?: unknown }
  const { origin } = request.headers
  if (typeof container !== 'string' || origin === undefined) {
    sendError(response, 400, 'BAD_REQUEST', 'a container and the header Origin are required')
    return
  }
  try {
    if (allow === true) await storage.allowOrigins(container, [origin])
    const problems = await storage.checkOrigin(container, origin)
    const canAllow = storage.capabilities.cors === true
    response.json({ problems: problems.map(({ message }) => message), canAllow })
  } catch (error) {
    sendStorageError(request, response, error)
  }
}
