/**
 * What keeps other web sites from using this server through a visitor's browser.
 */
import type { RequestHandler } from 'express'
import { sendError } from './errors.js'

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses what another web site makes a visitor's browser send. Browsers say where a request comes from in Sec-Fetch-Site
 * (W3C Fetch Metadata), older ones in Origin; other clients send neither and are let through.
 */
export const refuseOtherSites: RequestHandler = (request, response, next) => {
  if (safeMethods.has(request.method) || comesFromHere(request.headers)) next()
  else sendError(response, 403, 'PERMISSION_DENIED', 'this server takes no changes from other sites')
}

function comesFromHere(headers: Parameters<RequestHandler>[0]['headers']): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin, host } = headers
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
}

/**
 * For every answer: nothing from elsewhere, no script or style but those of the server's own files, and nowhere inside another page.
 * Images may also be `blob:`, which is what Uppy's thumbnails are, and `data:`, in Uppy's styles. Downloads have a stricter policy of
 * their own.
 */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  for (const [name, value] of headers) response.setHeader(name, value)
  next()
}

const headers = Object.entries({
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
})
