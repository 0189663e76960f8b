/** The settings of a data source. */
import * as v from 'valibot'

const textRule = 'must be a string that is not empty'
const text = v.pipe(v.string(textRule), v.minLength(1, textRule))
/**
 * Files and environment variables often end with a line break, which the service would only report
 * as a wrong signature.
 */
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
    /**
     * The access key's id. Without `key` and `keyId`, the SDK's chain of credentials is used:
     * environment, profiles, SSO, the machine's role.
     */
    keyId: v.optional(credential),
    /** The session token of temporary keys. */
    sessionToken: v.optional(credential),
    /** A profile in the shared configuration files. */
    profile: v.optional(text),
    /** Default: `AWS_REGION`, then the profile's region; with an `endpoint`, `us-east-1`. */
    region: v.optional(text),
    /** A service other than Amazon: `https://host[:port]`. */
    endpoint: v.optional(v.pipe(v.string(urlRule), v.url(urlRule), v.regex(/^https?:/, urlRule))),
    /**
     * Whether the container is part of the URL's path instead of the host name. Default: `true`
     * with an `endpoint`.
     */
    forcePathStyle: v.optional(flag),
    useAccelerateEndpoint: v.optional(flag),
    useDualstackEndpoint: v.optional(flag),
    useFipsEndpoint: v.optional(flag),
    /**
     * Which writes the service supports conditions on: all, only uploads in one request (`puts`),
     * or none. Default: `all` on Amazon, `puts` with an `endpoint`.
     */
    conditionalWrites: v.optional(
      v.union([v.picklist(['all', 'puts']), v.literal(false)], 'must be "all", "puts" or false'),
    ),
    /** Whether the service supports conditions on deletions. Default: `true` on Amazon. */
    conditionalRemovals: v.optional(flag),
    /**
     * Whether the service verifies and stores checksums (CRC32, CRC32C, SHA-256). Default: `true`
     * on Amazon.
     */
    checksums: v.optional(flag),
    /**
     * Whether the service rejects a request on a signed URL with unsigned `x-amz-` headers.
     * Default: `true` on Amazon.
     */
    sealedUrls: v.optional(flag),
    /**
     * Whether clients may send parts to the service. `false` for a service that accepts parts of a
     * completed upload, and changes the file with them. Default: `true`.
     */
    directUploads: v.optional(flag),
    /** Bytes of metadata that the service accepts per file. Default: 2,048, Amazon's limit. */
    maxMetadataBytes: v.optional(v.pipe(v.number(bytesRule), v.safeInteger(bytesRule), v.minValue(0, bytesRule))),
    /** Connections used at the same time; further requests wait. Default: 128. */
    maxConnections: v.optional(count),
    /** Milliseconds to open a connection. Default: 10,000. */
    connectTimeout: v.optional(count),
    /** Milliseconds without data after which a connection counts as lost. Default: 60,000. */
    idleTimeout: v.optional(count),
    /** Bytes: larger files are copied in parts. Default and maximum: 5 GiB. */
    maxCopySize: v.optional(
      v.pipe(count, v.minValue(5 * 1024 ** 2, copySizeRule), v.maxValue(5 * 1024 ** 3, copySizeRule)),
    ),
    /** Key for encryption with a customer-provided key (SSE-C): 32 bytes in Base64. */
    SSECustomerKey: v.optional(credential),
  },
  'is missing',
)

/** A data source's settings, except `provider`. All are optional. */
export const settings = v.pipe(
  properties,
  v.forward(
    v.check(({ key, keyId }) => (key === undefined) === (keyId === undefined), 'must be given together with keyId'),
    ['key'],
  ),
)

export type S3Settings = v.InferOutput<typeof properties>
