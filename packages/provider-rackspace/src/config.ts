/**
 * The settings of a data source, in pkgcloud's words.
 */
import * as v from 'valibot'
import { RackspaceProvider } from './provider.js'

const text = v.pipe(v.string(), v.minLength(1, 'it must not be empty'))

/** A data source's settings, beside `provider`. */
export const settings = v.strictObject({
  username: text,
  apiKey: text,
  /** Such as `DFW`, `ORD` or `LON`. Default: the user's own region. */
  region: v.optional(text),
  /** Default: Rackspace's own. */
  authUrl: v.optional(
    v.pipe(v.string(), v.url('it must be a URL'), v.regex(/^https?:/, 'it must begin with http:// or https://')),
  ),
  /** The endpoint on Rackspace's own network, where traffic costs nothing. Default: false. */
  useInternal: v.optional(v.boolean()),
  /** The account's key for signed URLs. Default: the account is asked for it, and given one when it has none. */
  tempUrlKey: v.optional(text),
  /** Milliseconds in which nothing comes over a connection, after which it counts as lost. Default: 60,000. */
  idleTimeout: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31 - 1))),
})

export type RackspaceSettings = v.InferOutput<typeof settings>

/** Makes the provider from checked settings. */
export function createProvider(given: RackspaceSettings): RackspaceProvider {
  return new RackspaceProvider(given)
}
