/** The settings of a data source, with pkgcloud's names. */
import * as v from 'valibot'

const textRule = 'must be a string that is not empty'
/**
 * Files and environment variables often end with a line break, which the service would only report
 * as wrong credentials.
 */
const lineRule = 'must not contain a line break or another control character, also at its end'
const text = v.pipe(v.string(textRule), v.minLength(1, textRule), v.regex(/^\P{Cc}*$/u, lineRule))
const flag = v.boolean('must be true or false')
const urlRule = 'must be a URL that begins with http:// or https://'
const url = v.pipe(v.string(urlRule), v.url(urlRule), v.regex(/^https?:/, urlRule))
const timeoutRule = 'must be a whole number of milliseconds from 1 to 2147483647'

/** A data source's settings, except `provider`. */
export const settings = v.strictObject(
  {
    username: text,
    apiKey: text,
    /** For example `DFW`, `ORD` or `LON`. Default: the user's default region. */
    region: v.optional(text),
    /** The identity service's URL. Default: Rackspace's. */
    authUrl: v.optional(url),
    /** Uses the endpoint in Rackspace's network, where traffic is free. Default: false. */
    useInternal: v.optional(flag),
    /**
     * The account's key for signed URLs. Default: the key that the account has, which is created if
     * missing.
     */
    tempUrlKey: v.optional(text),
    /** Milliseconds without data after which a connection counts as lost. Default: 60,000. */
    idleTimeout: v.optional(
      v.pipe(
        v.number(timeoutRule),
        v.integer(timeoutRule),
        v.minValue(1, timeoutRule),
        v.maxValue(2 ** 31 - 1, timeoutRule),
      ),
    ),
  },
  'is missing',
)

export type RackspaceSettings = v.InferOutput<typeof settings>
