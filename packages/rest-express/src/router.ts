/**
 * The router: a function of a request and its response, which Express 5 and 4 mount like any
 * middleware.
 *
 * It finds the route itself, because the two versions of Express write wildcards differently and
 * decode names more than once.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { StorageService } from '@stowage/core'
import { directRules } from './direct/direct-options.js'
import { applyCors, corsRules } from './http/cors.js'
import { errorResponse, forwardedError, sendError } from './http/errors.js'
import { discardRest, lingerOnClose } from './http/lingering.js'
import type { HttpRequest, HttpResponse } from './http/messages.js'
import { turnOf } from './http/pipelining.js'
import { RequestError } from './http/request-error.js'
import {
  checkFlag,
  checkFunction,
  checkNames,
  checkStorage,
  downloadRules,
  type StorageRouterOptions,
  uploadRules,
} from './options.js'
import { resumableRules } from './resumable/resumable-options.js'
import type { Action } from './routes/actions.js'
import { parsePath, type StoragePath } from './routes/paths.js'
import { isServerFailure, RequestContext, type RouterRules, report } from './routes/request-context.js'
import { type RouteHandler, routeHandlers } from './routes/routes.js'

/** The middleware, for `app.use`. */
export type StorageRouter<Req extends IncomingMessage = IncomingMessage> = (
  req: Req,
  res: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/** The methods of one path. */
interface Methods {
  readonly handlers: ReadonlyMap<string, RouteHandler>
  readonly allow: string
}

/**
 * Creates a router with LoopBack's storage routes and more, over one storage:
 * `app.use('/api/containers', storageRouter(storage))`. Every failure becomes a response. An
 * unknown path is passed to the application's next handler.
 *
 * Throws `INVALID_ARGUMENT`, which names the option, if an option is invalid or unknown.
 */
export function storageRouter<Req extends IncomingMessage = IncomingMessage>(
  storage: StorageService,
  options: StorageRouterOptions<Req> = {},
): StorageRouter<Req> {
  checkStorage(storage)
  checkNames('storageRouter', options)
  // Req is the framework's request, which is the one passed in at run time.
  return createRouter(storage, options as StorageRouterOptions<HttpRequest>)
}

/** The router, over every kind of request. */
export function createRouter(
  storage: StorageService,
  options: StorageRouterOptions<HttpRequest>,
): (req: HttpRequest, res: HttpResponse, next?: (error?: unknown) => void) => void {
  const { rules, cors, paths, forwardErrors } = compileRoutes(storage, options)
  return (req, res, next) => {
    const fail: Fail = (action, error) => {
      if (forwardErrors && next !== undefined) forward(rules, { action, error, req, res }, next)
      else respond(rules, { action, error, req, res })
    }
    let path: StoragePath | undefined
    try {
      path = req.url === undefined ? undefined : parsePath(req.url)
    } catch (error) {
      fail(undefined, error)
      return
    }
    const methods = path && paths.get(path.pattern)
    if (path === undefined || methods === undefined) {
      if (next === undefined) fail(undefined, new RequestError(404, 'NOT_FOUND', 'unknown path'))
      else next()
      return
    }
    if (cors !== undefined && applyCors(cors, methods.allow, req, res)) return
    void dispatch(methods, new RequestContext(rules, req, res, path), fail)
  }
}

/** Checked options, and the routes that they turn on. */
export function compileRoutes(storage: StorageService, options: StorageRouterOptions<HttpRequest>) {
  checkFunction('authorize', options.authorize)
  checkFunction('onError', options.onError)
  checkFlag('forwardErrors', options.forwardErrors)
  const { authorize, onError, forwardErrors = false, ...rest } = options
  const { signedUrls } = storage.capabilities
  const rules: RouterRules = {
    storage,
    upload: uploadRules(rest),
    download: downloadRules(storage, rest),
    resumable: resumableRules(rest.resumable),
    direct: directRules(rest.direct, typeof rest.resumable === 'object' ? rest.resumable.secrets : undefined),
    signedUrls: signedUrls !== false && signedUrls.throughRouter ? true : undefined,
    authorize,
    onError,
  }
  const paths = tabulate(routeHandlers.filter((route) => !('option' in route) || rules[route.option] !== undefined))
  return { rules, cors: corsRules(rest.cors), paths, forwardErrors }
}

/** A request that failed, and where. */
interface Failure {
  readonly action: Action | undefined
  readonly error: unknown
  readonly req: HttpRequest
  readonly res: HttpResponse
}

/** Responds to a failed request, and reports it. */
export function respond(rules: RouterRules, { action, error, req, res }: Failure): void {
  report(rules, { action, statusCode: errorResponse(error).statusCode, req }, error)
  sendError(req, res, error)
}

/** Passes a failure of the server to the application. Responds to any other. */
export function forward(rules: RouterRules, failure: Failure, next: (error: unknown) => void): void {
  const { action, error, req, res } = failure
  const { statusCode } = errorResponse(error)
  if (!isServerFailure(statusCode) || res.headersSent) {
    respond(rules, failure)
    return
  }
  if (rules.onError !== undefined) report(rules, { action, statusCode, req }, error)
  discardRest(req)
  next(forwardedError(error))
}

/** Responds to a failed request, or passes it to the application. */
type Fail = (action: Action | undefined, error: unknown) => void

/** Handles a request to a path with these methods. Never rejects. */
export async function dispatch({ handlers, allow }: Methods, context: RequestContext, fail: Fail): Promise<void> {
  const { req, res } = context
  if (hasBody(req)) lingerOnClose(req)
  const method = req.method ?? 'GET'
  const route = handlers.get(method)
  if (method === 'OPTIONS') res.setHeader('Allow', allow)
  if (route !== undefined) {
    // If the connection breaks while the response is written, the handlers learn of it by `close`.
    res.on('error', ignoreBrokenConnection)
    const handled = turnOf(req, res)?.then(() => route.handle(context)) ?? route.handle(context)
    await handled.catch((error: unknown) => fail(route.action, error))
  } else if (method === 'OPTIONS') {
    res.writeHead(204).end()
  } else {
    fail(
      undefined,
      new RequestError(405, 'METHOD_NOT_ALLOWED', `method not allowed (allowed: ${allow})`, { Allow: allow }),
    )
  }
}

/** Whether the request has a body (RFC 9112, 6.3). */
const hasBody = ({ headers }: HttpRequest) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

function ignoreBrokenConnection(): void {
  // The handler that writes the response is notified by `close`.
}

function tabulate(routes: readonly RouteHandler[]): ReadonlyMap<string, Methods> {
  const table = new Map<string, Map<string, RouteHandler>>()
  for (const route of routes) {
    const path = route.path.replace(/\*\w+$/, '*file')
    const handlers = table.get(path) ?? new Map<string, RouteHandler>()
    table.set(path, handlers)
    handlers.set(route.method, route)
    if (route.method === 'GET') handlers.set('HEAD', route)
  }
  return new Map(
    [...table].map(([path, handlers]) => [
      path,
      { handlers, allow: [...new Set([...handlers.keys(), 'OPTIONS'])].join(', ') },
    ]),
  )
}
