/**
 * Requests and responses, which LoopBack takes from Express: the part that the connector uses.
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

/** Whether the request has a body (RFC 9112, section 6.3). */
export const hasBody = ({ headers }: Request) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Returns the response to a request: the argument, or else `req.res`, which Express sets. */
export function responseTo(req: Request, res: unknown): Response {
  const response = isResponse(res) ? res : req.res
  if (isResponse(response)) return response
  throw new TypeError('upload requires the response to the request')
}
