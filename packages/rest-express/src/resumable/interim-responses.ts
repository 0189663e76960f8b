/** Interim responses with status 104 (Upload Resumption Supported) of the IETF's protocol. */
import type { RequestContext } from '../routes/request-context.js'
import { interopVersion } from './ietf-fields.js'

/**
 * Whether the client understands interim responses and the server can send them: Node from 26.10.
 * A client of a draft has to say its version; without one, it would take a 104 for something else.
 */
export const canInform = ({ req, res }: RequestContext): boolean =>
  interopVersion(req) !== undefined && req.httpVersion !== '1.0' && res.writeInformation !== undefined

/** Sends an interim response, if possible. */
export function inform(context: RequestContext, headers: Readonly<Record<string, string>>): void {
  const { req, res } = context
  if (!canInform(context) || res.headersSent || res.destroyed) return
  res.writeInformation?.(104, { 'Upload-Draft-Interop-Version': String(interopVersion(req)?.version), ...headers })
}
