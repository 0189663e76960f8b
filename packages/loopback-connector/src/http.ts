/**
 * Requests and answers as LoopBack hands them over: Express's own, of which this much is used.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

export type Request = IncomingMessage & { readonly params?: Readonly<Record<string, string | undefined>> }

export type Response = ServerResponse

export const isRequest = (value: unknown): value is Request =>
  typeof value === 'object' && value !== null && 'headers' in value && 'method' in value && 'url' in value

export const isResponse = (value: unknown): value is Response =>
  typeof value === 'object' && value !== null && 'writeHead' in value

/** Whether the client sends anything after the headers (RFC 9112, 6.3). */
export const hasBody = ({ headers }: Request) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
