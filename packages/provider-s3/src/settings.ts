import * as v from 'valibot'

const textRule = 'must be a string that is not empty'
const text = v.pipe(v.string(textRule), v.minLength(1, textRule))
/** Files and environment variables often end with a line break, which the service would only call a wrong signature. */
const lineRule = 'must not contain a line break or another control character, also at its end'
const credential = v.pipe(text, v.regex(/^\P{Cc}*$/u, lineRule))
const flag = v.boolean('must be true or false')
const countRule = 'must be a whole number from 1'
const count = v.pipe(v.number(countRule), v.safeInteger(countRule), v.minValue(1, countRule))
const bytesRule = 'must be a whole number of bytes from 0'
const urlRule = 'must be a URL that begins with http:// or https://'
const copySizeRule = 'must be from 5242880 to 5368709120 bytes'

const properties = v.strictObject(
  {
    /** The secret access key. */
    key: v.optional(credential),
    /** The access key's id. Without both the SDK's chain of credentials is used: environment, profiles, SSO, the machine's role. */
    keyId: v.optional(credential),
    /** Beside temporary `key` and `keyId`. */
    sessionToken: v.optional(credential),
    /** Of the shared configuration files. */
    profile: v.optional(text),
    /** Default: what the environment or the profile says; with an `endpoint`, `us-east-1`. */
    region: v.optional(text),
    /** A service other than Amazon: `https://host[:port]`. */
    endpoint: v.optional(v.pipe(v.string(urlRule), v.url(urlRule), v.regex(/^https?:/, urlRule))),
    /** The container in the path instead of the host's name. Default: with an `endpoint`. */
    forcePathStyle: v.optional(flag),
    useAccelerateEndpoint: v.optional(flag),
    useDualstackEndpoint: v.optional(flag),
    useFipsEndpoint: v.optional(flag),
    /** What the service does with conditions on writes. Default: `all` on Amazon, `puts` with an `endpoint`. */
    conditionalWrites: v.optional(
      v.union([v.picklist(['all', 'puts']), v.literal(false)], 'must be "all", "puts" or false'),
    ),
    /** Whether the service looks at a condition on a removal. Default: on Amazon. */
    conditionalRemovals: v.optional(flag),
    /** Whether the service verifies and keeps checksums (CRC32, CRC32C, SHA-256). Default: on Amazon. */
    checksums: v.optional(flag),
    /** Whether the service refuses a request on a signed URL with `x-amz-` headers that were not signed. Default: on Amazon. */
    sealedUrls: v.optional(flag),
    /** Bytes of a file's metadata that the service takes. Default: 2,048, as Amazon does. */
    maxMetadataBytes: v.optional(v.pipe(v.number(bytesRule), v.safeInteger(bytesRule), v.minValue(0, bytesRule))),
    /** Connections kept open and used at the same time; further requests wait. Default: 128. */
    maxConnections: v.optional(count),
    /** Milliseconds for a connection to be made. Default: 10,000. */
    connectTimeout: v.optional(count),
    /** Milliseconds without a byte in either direction after which a connection counts as lost. Default: 60,000. */
    idleTimeout: v.optional(count),
    /** Bytes: larger files are copied in parts. Default and maximum: 5 GiB. */
    maxCopySize: v.optional(
      v.pipe(count, v.minValue(5 * 1024 ** 2, copySizeRule), v.maxValue(5 * 1024 ** 3, copySizeRule)),
    ),
    /** The customer's key that files are encrypted with (SSE-C): 32 bytes in Base64. */
    SSECustomerKey: v.optional(credential),
  },
  'is missing',
)

/** A data source's settings, beside `provider`. All are optional. */
export const settings = v.pipe(
  properties,
  v.forward(
    v.check(({ key, keyId }) => (key === undefined) === (keyId === undefined), 'must be given together with keyId'),
    ['key'],
  ),
)

export type S3Settings = v.InferOutput<typeof properties>
