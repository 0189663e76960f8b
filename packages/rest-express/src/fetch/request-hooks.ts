/**
 * Functions among the options receive the `Request` of the web platform, and the headers of its
 * response, in place of the objects that the routes use.
 */

import type { HttpRequest } from '../http/messages.js'
import type { StorageRouterOptions } from '../options.js'
import { FetchRequest } from './fetch-request.js'
import { FetchResponse } from './fetch-response.js'

/** The options for the router. */
export function withRequestHooks(options: StorageRouterOptions<Request>): StorageRouterOptions<HttpRequest> {
  return wrapFunctions(options) as StorageRouterOptions<HttpRequest>
}

/** Options that are objects with such functions. */
const groups: readonly string[] = ['resumable', 'direct'] satisfies (keyof StorageRouterOptions)[]

function wrapFunctions(options: object): object {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]: [string, unknown]) => {
      if (typeof value === 'function') return [name, (...args: unknown[]) => value(...args.map(exposed))]
      return [name, groups.includes(name) && isPlain(value) ? wrapFunctions(value) : value]
    }),
  )
}

/** An argument of such a function. */
function exposed(value: unknown): unknown {
  if (value instanceof FetchRequest) return value.request
  if (value instanceof FetchResponse) return value.head
  if (!isPlain(value) || !('req' in value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, property]) => [name, exposed(property)]))
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
