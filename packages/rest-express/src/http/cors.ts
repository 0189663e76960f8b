/**
 * Cross-origin requests of browsers (Fetch Standard, 3.2): preflights, and the headers that let a
 * page of another origin read a response.
 */
import { StorageError } from '@stowage/core'
import { checkOptions, type NamesOf } from '@stowage/core/provider'
import type { HttpRequest, HttpResponse } from './messages.js'

/** Which pages of other origins may use the routes. */
export interface CorsOptions {
  /**
   * Origins, such as `https://app.example.com`, compared exactly; or `*`, every origin, without
   * credentials.
   */
  readonly origins: '*' | readonly string[]
  /**
   * Whether browsers send cookies and HTTP authentication, and let the page read the response. Not
   * needed for an `Authorization` header that the page sets. Default: false.
   */
  readonly credentials?: boolean
  /** Request headers that pages may send, in addition to those of the routes. */
  readonly allowedHeaders?: readonly string[]
  /** Response headers that pages may read, in addition to those of the routes. */
  readonly exposedHeaders?: readonly string[]
  /** Seconds for which a browser may remember a preflight. Default: 7,200. */
  readonly maxAge?: number
}

/** Checked options, as headers. */
export interface CorsRules {
  readonly origins: '*' | ReadonlySet<string>
  readonly credentials: boolean
  readonly allowedHeaders: string
  readonly exposedHeaders: string
  readonly maxAge: string
}

/** The headers that the routes understand, besides those that every page may send. */
const requestHeaders = [
  'Authorization',
  'Content-Digest',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-MD5',
  'Content-Type',
  'If-Match',
  'If-Modified-Since',
  'If-None-Match',
  'If-Range',
  'If-Unmodified-Since',
  'Range',
  'Repr-Digest',
  'Tus-Resumable',
  'Upload-Checksum',
  'Upload-Complete',
  'Upload-Concat',
  'Upload-Defer-Length',
  'Upload-Draft-Interop-Version',
  'Upload-Length',
  'Upload-Metadata',
  'Upload-Offset',
  'Want-Repr-Digest',
  'X-HTTP-Method-Override',
  'X-Request-ID',
  'X-Requested-With',
]

/** The headers of responses, besides those that every page may read. */
const responseHeaders = [
  'Accept-Patch',
  'Accept-Ranges',
  'Allow',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Range',
  'ETag',
  'Link',
  'Location',
  'Repr-Digest',
  'Retry-After',
  'Tus-Checksum-Algorithm',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Resumable',
  'Tus-Version',
  'Upload-Complete',
  'Upload-Concat',
  'Upload-Defer-Length',
  'Upload-Draft-Interop-Version',
  'Upload-Expires',
  'Upload-Length',
  'Upload-Limit',
  'Upload-Metadata',
  'Upload-Offset',
]

const names = {
  origins: true,
  credentials: true,
  allowedHeaders: true,
  exposedHeaders: true,
  maxAge: true,
} as const satisfies NamesOf<CorsOptions>

const defaultMaxAge = 7200

const invalid = (property: string, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property: `cors.${property}` } })

/**
 * Returns the checked options; `undefined` if pages of other origins are not served. Throws
 * `INVALID_ARGUMENT`, which names the option.
 */
export function corsRules(options: CorsOptions | undefined): CorsRules | undefined {
  if (options === undefined) return undefined
  checkOptions('cors', options, names)
  const { origins, credentials = false, allowedHeaders = [], exposedHeaders = [], maxAge = defaultMaxAge } = options
  if (typeof credentials !== 'boolean') throw invalid('credentials', 'cors.credentials must be true or false')
  if (!Number.isSafeInteger(maxAge) || maxAge < 0) {
    throw invalid('maxAge', 'cors.maxAge must be a whole number of seconds from 0')
  }
  return {
    origins: checkOrigins(origins, credentials),
    credentials,
    allowedHeaders: [...requestHeaders, ...checkHeaders('allowedHeaders', allowedHeaders)].join(', '),
    exposedHeaders: [...responseHeaders, ...checkHeaders('exposedHeaders', exposedHeaders)].join(', '),
    maxAge: String(maxAge),
  }
}

function checkOrigins(origins: unknown, credentials: boolean): '*' | ReadonlySet<string> {
  if (origins === '*') {
    if (!credentials) return '*'
    throw invalid('origins', 'cors.origins must be a list with cors.credentials: "*" would expose files to every site')
  }
  if (!Array.isArray(origins) || origins.length === 0) {
    throw invalid('origins', 'cors.origins must be "*" or a list of origins such as "https://app.example.com"')
  }
  for (const origin of origins) {
    if (isOrigin(origin)) continue
    const example = 'such as "https://app.example.com", without a path'
    throw invalid('origins', `cors.origins must contain origins ${example}, not ${JSON.stringify(origin)}`)
  }
  return new Set(origins)
}

/**
 * Whether a text is an origin as browsers send it. Not `null`, which pages of every site can have.
 * Schemes of applications, such as `capacitor://localhost`, have origins too.
 */
function isOrigin(value: unknown): value is string {
  if (typeof value !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+$/.test(value)) return false
  return !/^https?:/.test(value) || (URL.canParse(value) && new URL(value).origin === value)
}

function checkHeaders(property: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string' && /^[!#$%&'*+.^_`|~\w-]+$/.test(name))) {
    return value
  }
  throw invalid(property, `cors.${property} must be a list of header names`)
}

/**
 * Sets the headers for the page that sends the request. Responds if it is a preflight, and returns
 * whether it is.
 *
 * @param allow The methods of the path.
 */
export function applyCors(rules: CorsRules, allow: string, req: HttpRequest, res: HttpResponse): boolean {
  const { origin } = req.headers
  const isPreflight =
    req.method === 'OPTIONS' && origin !== undefined && req.headers['access-control-request-method'] !== undefined
  // A cache must not give the response to a page of another origin.
  if (rules.origins !== '*') addVary(res)
  if (origin !== undefined && (rules.origins === '*' || rules.origins.has(origin))) {
    res.setHeader('Access-Control-Allow-Origin', rules.origins === '*' ? '*' : origin)
    if (rules.credentials) res.setHeader('Access-Control-Allow-Credentials', 'true')
    if (isPreflight) {
      res.setHeader('Access-Control-Allow-Methods', allow)
      res.setHeader('Access-Control-Allow-Headers', rules.allowedHeaders)
      res.setHeader('Access-Control-Max-Age', rules.maxAge)
    } else {
      res.setHeader('Access-Control-Expose-Headers', rules.exposedHeaders)
    }
  }
  if (isPreflight) res.writeHead(204, { Allow: allow }).end()
  return isPreflight
}

function addVary(res: HttpResponse): void {
  const stated = String(res.getHeader('Vary') ?? '')
  if (!/(?:^|,)\s*(?:origin|\*)\s*(?:,|$)/i.test(stated)) {
    res.setHeader('Vary', stated === '' ? 'Origin' : `${stated}, Origin`)
  }
}
