/**
 * The settings of a data source, and the account that they lead to.
 */
import * as v from 'valibot'
import type { TokenCredential } from './account.js'

const textRule = 'must be a string that is not empty'
const text = v.pipe(v.string(textRule), v.minLength(1, textRule))
/** Files and environment variables often end with a line break, which the service would only call a wrong signature. */
const lineRule = 'must not contain a line break or another control character, also at its end'
const credential = v.pipe(text, v.regex(/^\P{Cc}*$/u, lineRule))
const urlRule = 'must be a URL'
const timeoutRule = 'must be a whole number of milliseconds from 1 to 2147483647'

const isCredential = (value: unknown): value is TokenCredential =>
  typeof value === 'object' && value !== null && 'getToken' in value && typeof value.getToken === 'function'

/** A data source's settings, beside `provider`. */
export const settings = v.strictObject(
  {
    /** The account's name. */
    storageAccount: v.optional(credential),
    /** One of the account's two keys, in Base64. */
    storageAccessKey: v.optional(credential),
    /** As the portal shows it, with a key or a shared access signature; instead of all the others. */
    connectionString: v.optional(text),
    /** A shared access signature for the account or for one container, with or without its question mark. */
    sas: v.optional(credential),
    /** The blob service's URL; default: `https://<storageAccount>.blob.core.windows.net`. */
    endpoint: v.optional(v.pipe(v.string(urlRule), v.url(urlRule))),
    /** Milliseconds without a byte on a connection until it counts as lost; default: 60,000. */
    idleTimeout: v.optional(
      v.pipe(
        v.number(timeoutRule),
        v.integer(timeoutRule),
        v.minValue(1, timeoutRule),
        v.maxValue(2 ** 31 - 1, timeoutRule),
      ),
    ),
    /** Passed in as code: any of @azure/identity, or one's own. */
    credential: v.optional(v.custom<TokenCredential>(isCredential, 'must be a TokenCredential, passed in as code')),
  },
  'is missing',
)

export type AzureSettings = v.InferOutput<typeof settings>
