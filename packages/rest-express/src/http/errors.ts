/**
 * Errors as answers: every error, whatever threw it, becomes one status, one code and one message that may leave the server.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { isStorageError, type StorageError } from '@stowage/core'
import { discardRest } from './lingering.js'
import { RequestError } from './request-error.js'

/** What an error tells a client. */
export interface ErrorAnswer {
  readonly statusCode: number
  readonly code: string
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
}

/** What the client may know of an error that is the server's or its storage's own. */
const neutralMessages: Readonly<Record<number, string>> = {
  500: 'the server failed',
  502: 'the storage behind this server failed',
  503: 'the storage behind this server is not available now',
  504: 'the storage behind this server took too long',
  507: 'the storage is full',
}

/** The error that a body's failure stands for: core wraps what the body threw. */
function rootError(error: unknown): unknown {
  if (isStorageError(error, 'SOURCE_FAILED') && error.cause instanceof RequestError) return error.cause
  return error
}

/**
 * Whether a storage refused the credentials that this server has for it, or what they may do. The storage never learns who
 * the client is, so that this is the server's fault and not the client's; what a client may do is for the application
 * to say. Errors that an application throws itself name no provider.
 */
const refusedCredentials = ({ code, provider }: StorageError) =>
  provider !== undefined && (code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED')

/** The answer to an error. Anything unknown is a 500 that tells nothing. */
export function errorAnswer(thrown: unknown): ErrorAnswer {
  const error = rootError(thrown)
  if (error instanceof RequestError) {
    const { statusCode, code, message, headers } = error
    return { statusCode, code, message, headers }
  }
  if (!isStorageError(error)) {
    return { statusCode: 500, code: 'INTERNAL', message: neutralMessages[500] as string, headers: {} }
  }
  if (refusedCredentials(error)) {
    return { statusCode: 502, code: 'SERVICE_FAILED', message: neutralMessages[502] as string, headers: {} }
  }
  const { statusCode, code } = error
  return { statusCode, code, message: neutralMessages[statusCode] ?? error.message, headers: headersOf(error) }
}

/**
 * A failure of the server as an application's error handler gets it: the error as it was thrown, unless frameworks would
 * take another status from it than the client is to get.
 */
export function forwardedError(thrown: unknown): Error {
  const { statusCode, code, message, headers } = errorAnswer(thrown)
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
 * Answers a request with an error, as the router does: LoopBack's body, or `application/problem+json` (RFC 9457) for a client that
 * accepts it. When the answer has begun already, the connection is cut, so that the client sees that it is not whole.
 * What the client is still sending is thrown away, up to a bound.
 */
export function sendError(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  if (res.headersSent || res.destroyed) {
    res.destroy()
    return
  }
  const answer = errorAnswer(error)
  const { statusCode } = answer
  if (statusCode === 304) {
    res.writeHead(304).end()
    return
  }
  const problem = acceptsProblem(req.headers.accept)
  const body = Buffer.from(JSON.stringify(problem ? problemBody(answer) : loopbackBody(answer)))
  res.writeHead(statusCode, {
    ...answer.headers,
    'Content-Type': problem ? 'application/problem+json' : 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  res.end(req.method === 'HEAD' ? undefined : body)
  discardRest(req)
}

const loopbackBody = ({ statusCode, code, message }: ErrorAnswer) => ({
  error: { statusCode, name: 'Error', message, code },
})

const problemBody = ({ statusCode, code, message }: ErrorAnswer) => ({
  type: 'about:blank',
  title: STATUS_CODES[statusCode] ?? 'Error',
  status: statusCode,
  detail: message,
  code,
})

/** Whether the client names the type; one that takes anything gets LoopBack's body. */
function acceptsProblem(accept: string | undefined): boolean {
  if (accept === undefined) return false
  return accept.split(',').some((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    return type === 'application/problem+json' && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
  })
}
