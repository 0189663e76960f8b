/**
 * The storage routes as a function of a web-standard request.
 */
import { StorageError, type StorageService } from '@stowage/core'
import { checkFunction, checkNames, checkStorage, type StorageRouterOptions } from '../options.js'
import { createRouter } from '../router.js'
import { pathStart } from '../routes/paths.js'
import { FetchRequest } from './fetch-request.js'
import { FetchResponse } from './fetch-response.js'
import { withRequestHooks } from './request-hooks.js'

/** Further arguments, which frameworks pass, are ignored. */
export type StorageHandler = (request: Request) => Promise<Response>

/**
 * The options of `storageRouter`. Functions among them receive the `Request` as `req`, and
 * `{ headers }` as `res`. With `forwardErrors`, the promise rejects with failures of the server.
 */
export interface StorageHandlerOptions extends StorageRouterOptions<Request> {
  /**
   * The path of the routes, such as `/api/containers`: starts with a slash, ends without one.
   * Default: `''`, the root.
   */
  readonly basePath?: string
  /**
   * Responds to requests for other paths: those outside of `basePath`, and those below it that are
   * no route. Their bodies are not read. Default: 404.
   */
  readonly notFound?: (request: Request) => Response | Promise<Response>
}

/**
 * Creates a handler with the same routes, options and responses as `storageRouter`, for servers
 * whose requests and responses are those of the Fetch standard. Every failure becomes a response.
 * Bodies are streamed in both directions.
 *
 * Throws `INVALID_ARGUMENT`, which names the option, if an option is invalid or unknown.
 *
 * @example
 * ```ts
 * import { createStorage } from '@stowage/core'
 * import { storageHandler } from '@stowage/rest-express/fetch'
 *
 * const storage = await createStorage({
 *   provider: 'filesystem',
 *   root: './files',
 *   createRoot: true,
 * })
 * const handler = storageHandler(storage, { basePath: '/api/containers' })
 * const response = await handler(new Request('http://localhost/api/containers'))
 * ```
 */
export function storageHandler(storage: StorageService, options: StorageHandlerOptions = {}): StorageHandler {
  checkStorage(storage)
  checkNames('storageHandler', options)
  const { basePath = '', notFound, ...routerOptions } = options
  checkBasePath(basePath)
  checkFunction('notFound', notFound)
  const router = createRouter(storage, withRequestHooks(routerOptions))
  return async (request) => {
    const path = pathBelow(basePath, request.url)
    if (path === undefined && notFound !== undefined) return notFound(request)
    return new Promise((resolve, reject) => {
      const req = new FetchRequest(request, path)
      const res = new FetchResponse(req, resolve)
      router(req, res, (error) => {
        if (error !== undefined) reject(error)
        else if (notFound === undefined) router(req, res)
        else resolve(notFound(request))
      })
    })
  }
}

/**
 * The path and query of a URL below the base path; `undefined` if it is elsewhere. The URL is not
 * parsed, so that the router decodes names from the text that the client sent.
 */
function pathBelow(basePath: string, url: string): string | undefined {
  const target = url.slice(pathStart(url))
  if (!target.startsWith(basePath)) return undefined
  const path = target.slice(basePath.length)
  return path === '' || path.startsWith('/') || path.startsWith('?') ? path : undefined
}

function checkBasePath(basePath: unknown): void {
  if (basePath === '') return
  if (typeof basePath === 'string' && /^(?:\/[^/?#]+)+$/.test(basePath)) return
  throw new StorageError(
    'INVALID_ARGUMENT',
    `basePath must be a path such as "/api/containers", without a slash at the end, not ${JSON.stringify(basePath)}`,
    { details: { property: 'basePath' } },
  )
}
