/**
 * One request on its way through the router: what it asks for, who may do it, and where the answer goes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { checkContainerName, checkFileName, isStorageError, type StorageService } from '@stowage/core'
import { requestSignal, responseSignal } from '../http/connection.js'
import { errorAnswer } from '../http/errors.js'
import { RequestError } from '../http/request-error.js'
import type { DownloadRules, FailedRequest, StorageRouterOptions, UploadRules } from '../options.js'
import type { Action } from './actions.js'

/** What a router was made with. */
export interface RouterRules {
  readonly storage: StorageService
  readonly upload: UploadRules
  readonly download: DownloadRules
  readonly authorize: StorageRouterOptions['authorize']
  readonly onError: StorageRouterOptions['onError']
}

export class Exchange {
  readonly rules: RouterRules
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly #container: string | undefined
  readonly #file: string | undefined
  readonly #query: string
  #responseSignal: AbortSignal | undefined
  #requestSignal: AbortSignal | undefined

  constructor(
    rules: RouterRules,
    req: IncomingMessage,
    res: ServerResponse,
    path: { readonly container: string | undefined; readonly file: string | undefined; readonly query: string },
  ) {
    this.rules = rules
    this.req = req
    this.res = res
    this.#container = path.container
    this.#file = path.file
    this.#query = path.query
  }

  get storage(): StorageService {
    return this.rules.storage
  }

  /** The container in the path; `''`, which is no name, where the route has none. */
  get container(): string {
    return this.#container ?? ''
  }

  /** The file in the path; `''`, which is no name, where the route has none. */
  get file(): string {
    return this.#file ?? ''
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#query)
  }

  /** For reads: aborted when the client closes the connection before it has the whole response. */
  get responseSignal(): AbortSignal {
    this.#responseSignal ??= responseSignal(this.res)
    return this.#responseSignal
  }

  /** For changes: aborted when the client closes the connection before it has sent the whole request. */
  get requestSignal(): AbortSignal {
    this.#requestSignal ??= requestSignal(this.req, this.res)
    return this.#requestSignal
  }

  /** Lets the request pass, or throws the answer. The names are checked first, so that the hook sees none that can't exist. */
  async authorize(action: Action, container?: string, file?: string): Promise<void> {
    if (container !== undefined) checkContainerName(container, this.storage.capabilities.containerNames)
    if (file !== undefined) checkFileName(file)
    const { authorize } = this.rules
    if (authorize === undefined) return
    const { req, res } = this
    const verdict: unknown = await fromHook(() =>
      authorize({
        action,
        ...(container === undefined ? {} : { container }),
        ...(file === undefined ? {} : { file }),
        req,
        res,
      }),
    )
    if (verdict === true) return
    throw refusal(verdict)
  }

  /** Tells the application of a failure that changes nothing about the answer. */
  report(action: Action, error: unknown): void {
    report(this.rules, { action, statusCode: errorAnswer(error).statusCode, req: this.req }, error)
  }
}

/**
 * Tells the application of a failure. Without a hook, failures of the server are warnings of the process, so that
 * none is silent; what the hook throws is one too.
 */
export function report({ onError }: RouterRules, request: FailedRequest, error: unknown): void {
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

/** 501 is not one: the request asks for what this storage does not have. */
export const isServerFailure = (statusCode: number): boolean => statusCode >= 500 && statusCode !== 501

function warn({ action, statusCode, req }: FailedRequest, error: unknown): void {
  const what = action ?? `a ${req.method} request`
  process.emitWarning(`storage router: ${what} failed with status ${statusCode} (set onError to log failures)`, {
    type: 'StorageRouterWarning',
    detail: inspect(error),
  })
}

function refusal(verdict: unknown): RequestError {
  if (typeof verdict === 'number' && isClientError(verdict) && verdict !== 403) {
    return verdict === 401
      ? new RequestError(401, 'UNAUTHENTICATED', 'the request must say who makes it')
      : new RequestError(verdict, 'REFUSED', 'the request was refused')
  }
  return new RequestError(403, 'PERMISSION_DENIED', 'the request may not do this')
}

/**
 * Calls a function that the application gave. What it throws with a status of a client's error (as `http-errors` and LoopBack make them)
 * is meant for the client; anything else is a failure of the server.
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
