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

const properties = v.strictObject(
  {
    /** The user's name. Either this or `userId` is required. */
    username: v.optional(text),
    userId: v.optional(text),
    password: v.optional(text),
    /** An application credential, which replaces user, password and project. Keystone 3 only. */
    applicationCredentialId: v.optional(text),
    applicationCredentialSecret: v.optional(text),
    /** Keystone's URL, with or without `/v3` or `/v2.0` at its end. */
    authUrl: url,
    /** Default: the version at the end of `authUrl`, or else `v3`. */
    keystoneAuthVersion: v.optional(v.picklist(['v2.0', 'v3'], 'must be "v2.0" or "v3"')),
    /** The user's domain. Default with `username`: the domain with the id `default`. */
    domainId: v.optional(text),
    domainName: v.optional(text),
    /** The project (formerly tenant), by id or by name. Default: the user's default project. */
    projectId: v.optional(text),
    projectName: v.optional(text),
    tenantId: v.optional(text),
    tenantName: v.optional(text),
    /** The domain of a project that is given by name. Default: the user's domain. */
    projectDomainId: v.optional(text),
    projectDomainName: v.optional(text),
    /** Default: the only region in the catalogue. */
    region: v.optional(text),
    /** Uses the endpoint for machines in the provider's network. Default: false. */
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

type Settings = v.InferOutput<typeof properties>

/** Checks a rule about several properties. An issue names one of them. */
const rule = (name: keyof Settings, isValid: (given: Settings) => boolean, message: string) =>
  v.forward(v.check<Settings, string>(isValid, message), [name])

const atMostOne = (first: keyof Settings, second: keyof Settings) =>
  rule(
    second,
    (given) => given[first] === undefined || given[second] === undefined,
    `cannot be given together with ${first}`,
  )

/** The properties that an application credential replaces. */
const replacedProperties = [
  ...(['username', 'userId', 'password', 'domainId', 'domainName', 'projectId', 'projectName'] as const),
  ...(['tenantId', 'tenantName', 'projectDomainId', 'projectDomainName'] as const),
]

const hasApplicationCredential = (given: Settings) => given.applicationCredentialId !== undefined

/** A data source's settings, except `provider`. */
export const settings = v.pipe(
  properties,
  rule(
    'applicationCredentialSecret',
    ({ applicationCredentialId: id, applicationCredentialSecret: secret }) =>
      (id === undefined) === (secret === undefined),
    'must be given together with applicationCredentialId',
  ),
  rule(
    'applicationCredentialId',
    (given) =>
      given.applicationCredentialId === undefined ||
      (replacedProperties.every((name) => given[name] === undefined) && given.keystoneAuthVersion !== 'v2.0'),
    `replaces and cannot be given together with ${replacedProperties.join(', ')}, and requires Keystone 3`,
  ),
  rule(
    'username',
    (given) => hasApplicationCredential(given) || (given.username === undefined) !== (given.userId === undefined),
    'is required unless userId is given, and cannot be given together with it',
  ),
  rule('password', (given) => hasApplicationCredential(given) || given.password !== undefined, 'is missing'),
  atMostOne('domainId', 'domainName'),
  atMostOne('projectId', 'tenantId'),
  atMostOne('projectName', 'tenantName'),
  atMostOne('projectDomainId', 'projectDomainName'),
)

export type OpenStackSettings = Settings
