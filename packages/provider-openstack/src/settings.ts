/**
 * The settings of a data source, in pkgcloud's words.
 */
import * as v from 'valibot'

const textRule = 'must be a string that is not empty'
/** Files and environment variables often end with a line break, which the service would only call wrong credentials. */
const lineRule = 'must not contain a line break or another control character, also at its end'
const text = v.pipe(v.string(textRule), v.minLength(1, textRule), v.regex(/^\P{Cc}*$/u, lineRule))
const flag = v.boolean('must be true or false')
const urlRule = 'must be a URL that begins with http:// or https://'
const url = v.pipe(v.string(urlRule), v.url(urlRule), v.regex(/^https?:/, urlRule))
const timeoutRule = 'must be a whole number of milliseconds from 1 to 2147483647'

const properties = v.strictObject(
  {
    /** The user's name, or else `userId`. */
    username: v.optional(text),
    userId: v.optional(text),
    password: v.optional(text),
    /** In place of user, password and project, which an application credential stands for. Keystone 3 alone has them. */
    applicationCredentialId: v.optional(text),
    applicationCredentialSecret: v.optional(text),
    /** Keystone's URL, with or without `/v3` or `/v2.0` at its end. */
    authUrl: url,
    /** Default: what `authUrl` ends with, else `v3`. */
    keystoneAuthVersion: v.optional(v.picklist(['v2.0', 'v3'], 'must be "v2.0" or "v3"')),
    /** The user's domain. Default, with a name and not an id: the domain whose id is `default`. */
    domainId: v.optional(text),
    domainName: v.optional(text),
    /** The project, formerly called tenant, by id or by name. Default: the user's own default project. */
    projectId: v.optional(text),
    projectName: v.optional(text),
    tenantId: v.optional(text),
    tenantName: v.optional(text),
    /** The project's domain, where it is named and not given by id. Default: the user's. */
    projectDomainId: v.optional(text),
    projectDomainName: v.optional(text),
    /** Default: the only region that the catalogue has. */
    region: v.optional(text),
    /** The endpoint for machines inside the provider's network. Default: false. */
    useInternal: v.optional(flag),
    /** The account's key for signed URLs. Default: the account is asked for it, and given one when it has none. */
    tempUrlKey: v.optional(text),
    /** Milliseconds in which nothing comes over a connection, after which it counts as lost. Default: 60,000. */
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

const needed = (name: keyof Settings, isGood: (given: Settings) => boolean, rule: string) =>
  v.forward(v.check<Settings, string>(isGood, rule), [name])

const atMostOne = (first: keyof Settings, second: keyof Settings) =>
  needed(
    second,
    (given) => given[first] === undefined || given[second] === undefined,
    `cannot be given together with ${first}`,
  )

/** What an application credential says by itself. */
const usersOwn = [
  ...(['username', 'userId', 'password', 'domainId', 'domainName', 'projectId', 'projectName'] as const),
  ...(['tenantId', 'tenantName', 'projectDomainId', 'projectDomainName'] as const),
]

const isApplication = (given: Settings) => given.applicationCredentialId !== undefined

/** A data source's settings, beside `provider`. */
export const settings = v.pipe(
  properties,
  needed(
    'applicationCredentialSecret',
    ({ applicationCredentialId: id, applicationCredentialSecret: secret }) =>
      (id === undefined) === (secret === undefined),
    'must be given together with applicationCredentialId',
  ),
  needed(
    'applicationCredentialId',
    (given) =>
      given.applicationCredentialId === undefined ||
      (usersOwn.every((name) => given[name] === undefined) && given.keystoneAuthVersion !== 'v2.0'),
    `cannot be given together with ${usersOwn.join(', ')}, which it stands for, and is for Keystone 3`,
  ),
  needed(
    'username',
    (given) => isApplication(given) || (given.username === undefined) !== (given.userId === undefined),
    'is needed, or userId, and not both',
  ),
  needed('password', (given) => isApplication(given) || given.password !== undefined, 'is missing'),
  atMostOne('domainId', 'domainName'),
  atMostOne('projectId', 'tenantId'),
  atMostOne('projectName', 'tenantName'),
  atMostOne('projectDomainId', 'projectDomainName'),
)

export type OpenStackSettings = Settings
