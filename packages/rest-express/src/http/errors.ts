/**
 * Errors as responses: every error becomes one status, one code and one message that may leave the
 * server.
 */
import { STATUS_CODES } from 'node:http'
import { isStorageError, type StorageError, type StorageErrorDetails } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { discardRest } from './lingering.js'
import type { HttpRequest, HttpResponse } from './messages.js'
import { type Problem, RequestError } from './request-error.js'

/** The response to an error. */
export interface ErrorResponse {
  readonly statusCode: number
  readonly code: string
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
  /**
   * The problem type, if the error has one. The body is then a problem, whatever the client
   * accepts.
   */
  readonly problem?: Problem
  /** Why a policy refused a file, for clients that show it in another language. */
  readonly details?: RefusalDetails
}

/** The details of an error that a client may see. */
type RefusalDetails = Pick<StorageErrorDetails, 'rule' | 'found' | 'left' | 'size'>

/**
 * The messages of failures of the server or its storage, whose details are withheld from clients.
 */
const neutralMessages: Readonly<Record<number, string>> = {
  500: 'internal server error',
  502: 'the storage failed',
  503: 'the storage is unavailable',
  504: 'the storage timed out',
  507: 'the storage is full',
}

/** The error that the body threw, which core wraps. */
function rootError(error: unknown): unknown {
  if (isStorageError(error, 'SOURCE_FAILED') && error.cause instanceof RequestError) return error.cause
  return error
}

/**
 * Whether the storage refused the credentials of this server, or their permissions. The storage
 * does not know the client, so this is a failure of the server, not of the client. The application
 * decides what a client may do; errors that it throws name no provider.
 */
const refusedCredentials = ({ code, provider }: StorageError) =>
  provider !== undefined && (code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED')

/** The response to an error. An unknown error is a 500 without details. */
export function errorResponse(thrown: unknown): ErrorResponse {
  const error = rootError(thrown)
  if (error instanceof RequestError) {
    const { statusCode, code, message, headers, problem } = error
    return { statusCode, code, message, headers, ...defined({ problem }) }
  }
  if (!isStorageError(error)) {
    return { statusCode: 500, code: 'INTERNAL', message: neutralMessages[500] as string, headers: {} }
  }
  if (refusedCredentials(error)) {
    return { statusCode: 502, code: 'SERVICE_FAILED', message: neutralMessages[502] as string, headers: {} }
  }
  const { statusCode, code } = error
  if (error.details.rule !== undefined) {
    const { rule, found, left, size } = error.details
    const details = defined({ rule, found, left, size })
    return { statusCode, code, message: error.message, headers: headersOf(error), details }
  }
  return { statusCode, code, message: neutralMessages[statusCode] ?? error.message, headers: headersOf(error) }
}

/**
 * The error to pass to the application's error handler: the original error, unless a framework
 * would derive another status from it than that of the response.
 */
export function forwardedError(thrown: unknown): Error {
  const { statusCode, code, message, headers } = errorResponse(thrown)
  const { status = statusCode, statusCode: own = statusCode } = Object(thrown)
  if (thrown instanceof Error && status === statusCode && own === statusCode) return thrown
  const original = thrown instanceof Error ? thrown.message : String(thrown)
  return new RequestError(statusCode, code, `${message}: ${original}`, headers, thrown)
}

function headersOf({ code, details }: StorageError): Record<string, string> {
  const headers: Record<string, string> = {}
  if (code === 'RANGE_NOT_SATISFIABLE' && details.size !== undefined) {
    headers['Content-Range'] = `bytes */${details.size}`
  }
  if (details.retryAfter !== undefined) headers['Retry-After'] = String(Math.ceil(details.retryAfter))
  return headers
}

/**
 * Responds with an error, as the router does: with LoopBack's body, or with
 * `application/problem+json` (RFC 9457) if the client accepts it or the error has a problem type.
 * If the response has already begun, the connection is closed, so that the client detects the
 * truncated response. The rest of the request is discarded, up to a limit.
 */
export function sendError(req: HttpRequest, res: HttpResponse, error: unknown): void {
  if (res.headersSent || res.destroyed) {
    res.destroy()
    return
  }
  const response = errorResponse(error)
  const { statusCode } = response
  if (statusCode === 304) {
    res.writeHead(304).end()
    return
  }
  const problem = response.problem !== undefined || acceptsProblem(req.headers.accept)
  const body = Buffer.from(JSON.stringify(problem ? problemBody(response) : loopbackBody(response)))
  res.writeHead(statusCode, {
    ...response.headers,
    'Content-Type': problem ? 'application/problem+json' : 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  res.end(req.method === 'HEAD' ? undefined : body)
  discardRest(req)
}

const loopbackBody = ({ statusCode, code, message, details }: ErrorResponse) => ({
  error: { statusCode, name: 'Error', message, code, ...defined({ details }) },
})

const problemBody = ({ statusCode, code, message, problem, details }: ErrorResponse) => ({
  type: 'about:blank',
  title: STATUS_CODES[statusCode] ?? 'Error',
  ...problem,
  status: statusCode,
  detail: message,
  code,
  ...details,
})

/** Whether the client names the type. A client that accepts any type receives LoopBack's body. */
function acceptsProblem(accept: string | undefined): boolean {
  if (accept === undefined) return false
  return accept.split(',').some((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    return type === 'application/problem+json' && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
  })
}
