/**
 * One request in the router: its names and query, its authorization, and its response.
 */
import { inspect } from 'node:util'
import { checkContainerName, checkFileName, isStorageError, type StorageService } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import type { DirectRules } from '../direct/direct-options.js'
import { requestSignal, responseSignal } from '../http/connection.js'
import { errorResponse } from '../http/errors.js'
import type { HttpRequest, HttpResponse } from '../http/messages.js'
import { RequestError } from '../http/request-error.js'
import type { DownloadRules, FailedRequest, StorageRouterOptions, UploadRules } from '../options.js'
import type { ResumableRules } from '../resumable/resumable-options.js'
import type { Action } from './actions.js'

/** The storage and the checked options of a router. */
export interface RouterRules {
  readonly storage: StorageService
  readonly upload: UploadRules
  readonly download: DownloadRules
  /** `undefined`: there are no resumable uploads. */
  readonly resumable: ResumableRules | undefined
  /** `undefined`: there are no direct uploads. */
  readonly direct: DirectRules | undefined
  /** `undefined`: the storage has no signed URLs that lead to the router. */
  readonly signedUrls: true | undefined
  readonly authorize: StorageRouterOptions<HttpRequest>['authorize']
  readonly onError: StorageRouterOptions<HttpRequest>['onError']
}

export class RequestContext {
  readonly rules: RouterRules
  readonly req: HttpRequest
  readonly res: HttpResponse
  readonly #container: string | undefined
  readonly #file: string | undefined
  readonly #query: string
  /** The number of a part in the path, as text. */
  readonly part: string | undefined
  /** Returns the URL of an upload in an application's own routes. */
  readonly uploadUrl: ((ticket: string) => string) | undefined
  #responseSignal: AbortSignal | undefined
  #requestSignal: AbortSignal | undefined

  constructor(
    rules: RouterRules,
    req: HttpRequest,
    res: HttpResponse,
    path: {
      readonly container: string | undefined
      readonly file: string | undefined
      readonly query: string
      readonly part?: string
      readonly uploadUrl?: (ticket: string) => string
    },
  ) {
    this.rules = rules
    this.req = req
    this.res = res
    this.#container = path.container
    this.#file = path.file
    this.#query = path.query
    this.part = path.part
    this.uploadUrl = path.uploadUrl
  }

  get storage(): StorageService {
    return this.rules.storage
  }

  /** The container in the path; `''`, which is not a valid name, if the route has none. */
  get container(): string {
    return this.#container ?? ''
  }

  /** The file in the path; `''`, which is not a valid name, if the route has none. */
  get file(): string {
    return this.#file ?? ''
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#query)
  }

  /** For reads: aborted if the client closes the connection before the whole response was sent. */
  get responseSignal(): AbortSignal {
    this.#responseSignal ??= responseSignal(this.res)
    return this.#responseSignal
  }

  /**
   * For writes: aborted if the client closes the connection before the whole request has arrived.
   */
  get requestSignal(): AbortSignal {
    this.#requestSignal ??= requestSignal(this.req, this.res)
    return this.#requestSignal
  }

  /**
   * Calls the application's `authorize`, and throws the error to respond with if it refuses. Names
   * are checked first, so the hook receives only valid ones.
   */
  async authorize(action: Action, container?: string, file?: string): Promise<void> {
    if (container !== undefined) checkContainerName(container, this.storage.capabilities.containerNames)
    if (file !== undefined) checkFileName(file)
    const { authorize } = this.rules
    if (authorize === undefined) return
    const { req, res } = this
    const verdict: unknown = await fromHook(() =>
      authorize({
        action,
        ...defined({ container, file }),
        req,
        res,
      }),
    )
    if (verdict === true) return
    throw refusal(verdict)
  }

  /** Reports a failure that does not change the response to the application. */
  report(action: Action, error: unknown): void {
    report(this.rules, { action, statusCode: errorResponse(error).statusCode, req: this.req }, error)
  }
}

/**
 * Reports a failure to the application's `onError`. Without that hook, a failure of the server
 * becomes a process warning, so that none is silent. So does an error that the hook throws.
 */
export function report({ onError }: RouterRules, request: FailedRequest<HttpRequest>, error: unknown): void {
  if (onError === undefined) {
    if (isServerFailure(request.statusCode)) warn(request, error)
    return
  }
  try {
    onError(error, request)
  } catch (failure) {
    process.emitWarning(`onError of the storage router failed: ${String(failure)}`)
  }
}

/**
 * 501 is not a server failure: the request asks for something that this storage does not support.
 */
export const isServerFailure = (statusCode: number): boolean => statusCode >= 500 && statusCode !== 501

function warn({ action, statusCode, req }: FailedRequest<HttpRequest>, error: unknown): void {
  const what = action ?? `a ${req.method} request`
  process.emitWarning(`storage router: ${what} failed with status ${statusCode} (set onError to log failures)`, {
    type: 'StorageRouterWarning',
    detail: inspect(error),
  })
}

function refusal(verdict: unknown): RequestError {
  if (typeof verdict === 'number' && isClientError(verdict) && verdict !== 403) {
    return verdict === 401
      ? new RequestError(401, 'UNAUTHENTICATED', 'authentication required')
      : new RequestError(verdict, 'REFUSED', 'request refused')
  }
  return new RequestError(403, 'PERMISSION_DENIED', 'permission denied')
}

/**
 * Calls a function that the application supplied. An error that it throws with a `statusCode` from
 * 400 to 499, as `http-errors` and LoopBack create them, is sent to the client. Any other error is
 * a failure of the server.
 */
export async function fromHook<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isStorageError(error) || !(error instanceof Error)) throw error
    const { statusCode, code } = error as { statusCode?: unknown; code?: unknown }
    if (typeof statusCode !== 'number' || !isClientError(statusCode)) throw error
    throw new RequestError(statusCode, typeof code === 'string' ? code : 'REFUSED', error.message)
  }
}

const isClientError = (statusCode: number) => Number.isInteger(statusCode) && statusCode >= 400 && statusCode <= 499
