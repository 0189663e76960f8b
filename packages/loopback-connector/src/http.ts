/**
 * Requests and answers as LoopBack hands them over: Express's own, of which this much is used.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

export type Request = IncomingMessage & {
  readonly params?: Readonly<Record<string, string | undefined>>
  readonly res?: unknown
}

export type Response = ServerResponse

export const isRequest = (value: unknown): value is Request =>
  typeof value === 'object' && value !== null && 'headers' in value && 'method' in value && 'url' in value

export const isResponse = (value: unknown): value is Response =>
  typeof value === 'object' && value !== null && 'writeHead' in value

/** Whether the client sends anything after the headers (RFC 9112, 6.3). */
export const hasBody = ({ headers }: Request) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** The answer to a request: the one that was given, else the one that Express keeps with the request. */
export function responseTo(req: Request, given: unknown): Response {
  const response = isResponse(given) ? given : req.res
  if (isResponse(response)) return response
  throw new TypeError('an upload needs the response to its request')
}
