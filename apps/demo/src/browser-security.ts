/**
 * Prevents other web sites from using this server through a visitor's browser.
 */
import type { RequestHandler } from 'express'
import { sendError } from './errors.js'

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses requests that another web site causes a visitor's browser to send. Browsers name the
 * origin of a request in `Sec-Fetch-Site` (W3C Fetch Metadata), older ones in `Origin`. Other
 * clients send neither, and are accepted.
 */
export const refuseOtherSites: RequestHandler = (request, response, next) => {
  if (safeMethods.has(request.method) || comesFromHere(request.headers)) next()
  else sendError(response, 403, 'PERMISSION_DENIED', 'requests from other sites may only read')
}

function comesFromHere(headers: Parameters<RequestHandler>[0]['headers']): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin, host } = headers
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
}

/**
 * Headers of every response: scripts and styles only from the server's files, nothing from other
 * servers, and no embedding in other pages. Images may also be `blob:` (Uppy's thumbnails) and
 * `data:` (Uppy's styles). Downloads have a stricter policy.
 *
 * @param services The origins of services to which the page may send files.
 */
export function securityHeaders(services: readonly string[]): RequestHandler {
  const connect = services.length === 0 ? '' : ` connect-src ${["'self'", ...services].join(' ')};`
  const policy = `default-src 'self';${connect} img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`
  const headers = Object.entries({ 'Content-Security-Policy': policy, ...otherHeaders })
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value)
    next()
  }
}

const otherHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}
