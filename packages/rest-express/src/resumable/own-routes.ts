/** Resumable uploads in an application's own routes. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { StorageError, type StorageService } from '@stowage/core'
import { applyCors } from '../http/cors.js'
import type { HttpRequest } from '../http/messages.js'
import { checkNames, checkStorage, type StorageRouterOptions } from '../options.js'
import { compileRoutes, dispatch, forward, respond } from '../router.js'
import { RequestContext } from '../routes/request-context.js'

/** Which upload a request is about. */
export interface UploadTarget {
  /** The container in which files are stored. */
  readonly container: string
  /**
   * The part of the URL that identifies the upload. Absent in requests to the URL at which clients
   * create uploads.
   */
  readonly ticket?: string | undefined
  /**
   * Returns the URL of an upload, which ends with the ticket; absolute, or relative to that of the
   * request. The ticket has only letters, digits, `-` and `_`. Default: the URL of the request, a
   * slash and the ticket.
   */
  readonly url?: ((ticket: string) => string) | undefined
}

/** Handles one request. The promise is fulfilled when the response is written or has failed. */
export type ResumableUploadHandler<Req extends IncomingMessage = IncomingMessage> = (
  req: Req,
  res: ServerResponse,
  target: UploadTarget,
) => Promise<void>

/**
 * Creates a function that handles the requests of resumable uploads, for routes of an application's
 * own: with other URLs than those of `storageRouter`, and in any framework over `node:http`. The
 * options are those of `storageRouter`; `resumable` is on. The function needs the methods OPTIONS,
 * POST, HEAD, GET, PATCH and DELETE, and a body that nothing has read.
 *
 * Every failure becomes a response. With `forwardErrors`, the promise rejects with failures of the
 * server. Throws `INVALID_ARGUMENT`, which names the option, if an option is invalid or unknown.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createStorage } from '@stowage/core'
 * import { resumableUploads } from '@stowage/rest-express'
 *
 * const storage = await createStorage({ provider: 'memory' })
 * await storage.createContainer({ name: 'films' })
 * const upload = resumableUploads(storage, { maxFileSize: 5 * 1024 ** 3 })
 *
 * createServer((req, res) => {
 *   const [, ticket] = /^\/studio\/uploads\/([\w-]+)$/.exec(req.url ?? '') ?? []
 *   return upload(req, res, { container: 'films', ticket })
 * }).listen(3000)
 * ```
 */
export function resumableUploads<Req extends IncomingMessage = IncomingMessage>(
  storage: StorageService,
  options: StorageRouterOptions<Req> = {},
): ResumableUploadHandler<Req> {
  checkStorage(storage)
  checkNames('resumableUploads', options)
  const given = { resumable: true, ...options } as StorageRouterOptions<HttpRequest>
  const { rules, cors, paths, forwardErrors } = compileRoutes(storage, given)
  const creation = paths.get('/:container/uploads')
  const single = paths.get('/:container/uploads/*file')
  if (creation === undefined || single === undefined) {
    throw new StorageError('INVALID_ARGUMENT', 'resumableUploads: resumable must be true, or its options', {
      details: { property: 'resumable' },
    })
  }
  return async (req, res, { container, ticket, url }) => {
    const methods = ticket === undefined ? creation : single
    if (cors !== undefined && applyCors(cors, methods.allow, req, res)) return
    const uploadUrl = url ?? ((text: string) => below(req.url ?? '', text))
    const context = new RequestContext(rules, req, res, { container, file: ticket, query: '', uploadUrl })
    let failure: { readonly error: unknown } | undefined
    await dispatch(methods, context, (action, error) => {
      const failed = { action, error, req, res }
      if (!forwardErrors) respond(rules, failed)
      else {
        forward(rules, failed, (forwarded) => {
          failure = { error: forwarded }
        })
      }
    })
    if (failure !== undefined) throw failure.error
  }
}

/** The URL of a ticket below that of a request, relative to it. */
function below(url: string, ticket: string): string {
  const [path = ''] = url.split('?', 1)
  const last = path.slice(path.lastIndexOf('/') + 1)
  return last === '' ? ticket : `${last}/${ticket}`
}
