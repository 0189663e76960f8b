/**
 * The host names that this server accepts in the `Host` header.
 *
 * The demo requires no credentials, so only its address protects it. A page of another site can
 * reach that address through a visitor's browser: it lets its own name resolve to the address (DNS
 * rebinding), and the browser then treats both as one origin. Only the `Host` header shows this.
 */
import { isIP } from 'node:net'
import type { RequestHandler } from 'express'
import { sendError } from './errors.js'

/**
 * Refuses requests for a name that is not allowed. HTTP/1.0 clients, which no browser is, may send
 * no name.
 */
export function refuseOtherHosts(allowed: ReadonlySet<string>): RequestHandler {
  // Nearly all requests have the same Host header.
  let lastAllowed: string | undefined
  return (request, response, next) => {
    const { host } = request.headers
    if (host === undefined || host === lastAllowed) next()
    else if (isAllowed(host, allowed)) {
      lastAllowed = host
      next()
    } else {
      const message = `this server does not serve the host ${JSON.stringify(host)}; ALLOWED_HOSTS adds names`
      sendError(response, 421, 'MISDIRECTED_REQUEST', message)
    }
  }
}

/**
 * Addresses are always allowed, since no site can make one its own name, and so are the names of
 * this machine itself.
 */
function isAllowed(host: string, allowed: ReadonlySet<string>): boolean {
  const name = hostName(host)
  if (name === undefined) return false
  const address = name.startsWith('[') ? name.slice(1, -1) : name
  return isIP(address) !== 0 || name === 'localhost' || name.endsWith('.localhost') || allowed.has(name)
}

/** The name without its port, in lower case; `undefined` if it is not one. */
export function hostName(host: string): string | undefined {
  if (!/^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d*)?$/i.test(host)) return undefined
  const url = `http://${host}`
  return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : undefined
}
