/** The router's own URLs, as clients reach them. */
import type { TLSSocket } from 'node:tls'
import type { HttpRequest } from '../http/messages.js'
import type { RequestContext } from '../routes/request-context.js'
import type { Permit } from './direct-tickets.js'
import { rulesOf } from './open-ticket.js'

/** A request, with what Express or the web platform adds to it. */
interface FrameworkRequest extends HttpRequest {
  readonly originalUrl?: unknown
  readonly protocol?: unknown
  readonly request?: { readonly url: string }
}

/** Returns the URL of the router, without a slash at the end. */
function baseUrl(context: RequestContext): string {
  const { baseUrl } = rulesOf(context)
  if (baseUrl !== undefined) return baseUrl
  const req = context.req as FrameworkRequest
  const { url = '', originalUrl = url, request } = req
  const whole = request?.url ?? `${origin(req)}${String(originalUrl)}`
  return whole.endsWith(url) ? whole.slice(0, whole.length - url.length) : origin(req)
}

function origin({ headers, protocol, socket }: FrameworkRequest): string {
  // Express applies its setting "trust proxy".
  const isSecure = protocol === 'https' || (socket as Partial<TLSSocket> | undefined)?.encrypted === true
  const host = headers.host ?? String(headers[':authority'] ?? 'localhost')
  return `${isSecure ? 'https' : 'http'}://${host}`
}

const containerUrl = (context: RequestContext) => `${baseUrl(context)}/${encodeURIComponent(context.container)}`

/** Returns a URL for one kind of request, and when it expires. */
export function permittedUrl(context: RequestContext, permit: Permit) {
  const { permits, urlLifetime } = rulesOf(context)
  const expires = Date.now() + urlLifetime * 1000
  const sealed = permits.seal({ permit, expires })
  return { url: `${containerUrl(context)}/direct/signed/${sealed}`, expires: new Date(expires) }
}

/** Returns the URL from which the file can be downloaded. */
export const fileUrl = (context: RequestContext, file: string): string =>
  `${containerUrl(context)}/download/${file.split('/').map(encodeURIComponent).join('/')}`
