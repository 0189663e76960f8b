/** The settings of a data source. */
import * as v from 'valibot'
import type { TokenCredential } from './client/account.js'

const textRule = 'must be a string that is not empty'
const text = v.pipe(v.string(textRule), v.minLength(1, textRule))
/**
 * Files and environment variables often end with a line break, which the service would only report
 * as a wrong signature.
 */
const lineRule = 'must not contain a line break or another control character, also at its end'
const credential = v.pipe(text, v.regex(/^\P{Cc}*$/u, lineRule))
const urlRule = 'must be a URL'
const timeoutRule = 'must be a whole number of milliseconds from 1 to 2147483647'

const isCredential = (value: unknown): value is TokenCredential =>
  typeof value === 'object' && value !== null && 'getToken' in value && typeof value.getToken === 'function'

/** A data source's settings, except `provider`. */
export const settings = v.strictObject(
  {
    /** The account's name. */
    storageAccount: v.optional(credential),
    /** One of the account's two keys, in Base64. */
    storageAccessKey: v.optional(credential),
    /**
     * The portal's connection string, with a key or a shared access signature. Replaces all other
     * settings.
     */
    connectionString: v.optional(text),
    /**
     * A shared access signature for the account or for one container, with or without its question
     * mark.
     */
    sas: v.optional(credential),
    /** The blob service's URL. Default: `https://<storageAccount>.blob.core.windows.net`. */
    endpoint: v.optional(v.pipe(v.string(urlRule), v.url(urlRule))),
    /** Milliseconds without data after which a connection counts as lost. Default: 60,000. */
    idleTimeout: v.optional(
      v.pipe(
        v.number(timeoutRule),
        v.integer(timeoutRule),
        v.minValue(1, timeoutRule),
        v.maxValue(2 ** 31 - 1, timeoutRule),
      ),
    ),
    /** Only in code: a credential of @azure/identity, or another `TokenCredential`. */
    credential: v.optional(v.custom<TokenCredential>(isCredential, 'must be a TokenCredential, passed in as code')),
  },
  'is missing',
)

export type AzureSettings = v.InferOutput<typeof settings>
