/**
 * Signs in with pkgcloud to OpenStack's Keystone or Rackspace's identity service, and finds the
 * object store in the catalogue.
 */
import { defined, describeCause, isStorageError, StorageError } from '@stowage/core/provider'
import { type Identity, OpenStackIdentity, RackspaceIdentity, withTransport } from '#pkgcloud'
import type { Session, SignIn } from '../client/sign-in.js'
import type { IdentityOptions } from './options.js'
import { sendToIdentity } from './transport.js'

const identities = { openstack: OpenStackIdentity, rackspace: RackspaceIdentity } as const

export interface PkgcloudSignInOptions {
  readonly identity: 'openstack' | 'rackspace'
  /** With pkgcloud's names of the options. */
  readonly credentials: Readonly<IdentityOptions>
  /** Keystone 3 only. Replaces user, password and project. */
  readonly applicationCredential?: ApplicationCredential | undefined
  /** Default: the only region in the catalogue or, on Rackspace, the user's default region. */
  readonly region?: string | undefined
  /** Uses the endpoint for machines in the provider's network. Default: false. */
  readonly useInternal?: boolean | undefined
}

interface ApplicationCredential {
  readonly id: string
  readonly secret: string
}

const objectStore = 'object-store'

/**
 * Makes an identity send an application credential, which pkgcloud does not support (Keystone's
 * documentation of `POST /v3/auth/tokens`).
 */
function withApplicationCredential(identity: Identity, { id, secret }: ApplicationCredential): Identity {
  identity._buildAuthenticationPayload = () => {
    const method = { methods: ['application_credential'], application_credential: { id, secret } }
    identity._authenticationPayload = { auth: { identity: method } }
  }
  return identity
}

export class PkgcloudSignIn implements SignIn {
  readonly #options: PkgcloudSignInOptions

  constructor(options: PkgcloudSignInOptions) {
    this.#options = options
  }

  async authenticate(signal: AbortSignal): Promise<Session> {
    // Each sign-in has a new identity, because pkgcloud's identities keep tenants and responses.
    const { identity: kind, credentials, applicationCredential } = this.#options
    const plain: Identity = new identities[kind]({ ...credentials })
    const identity =
      applicationCredential === undefined ? plain : withApplicationCredential(plain, applicationCredential)
    await authorized(identity, signal)
    const { id: token, expires } = identity.token
    if (typeof token !== 'string' || token === '' || Number.isNaN(expires.getTime())) throw noToken()
    return { endpoint: this.#endpoint(identity), token, expires }
  }

  #endpoint(identity: Identity): string {
    const regions = regionsOf(identity)
    const region = this.#region(identity, regions)
    try {
      const url = new URL(
        identity.getServiceEndpointUrl({
          serviceType: objectStore,
          ...defined({ region }),
          useInternal: this.#options.useInternal ?? false,
        }),
      )
      if (!/^https?:$/.test(url.protocol)) throw new TypeError('not an HTTP URL')
      return url.href.replace(/\/+$/, '')
    } catch (error) {
      throw new StorageError(
        'BAD_RESPONSE',
        "the identity service's catalogue has no valid endpoint of an object store",
        {
          cause: describeCause(error),
        },
      )
    }
  }

  #region(identity: Identity, regions: readonly string[]): string | undefined {
    const { region } = this.#options
    if (region === undefined) {
      const own = identity.user?.['RAX-AUTH:defaultRegion']
      if (own !== undefined && regions.includes(own)) return own
      if (regions.length <= 1) return regions[0]
      throw wrongRegion(`the object store is in several regions: set "region" to one of ${regions.join(', ')}`)
    }
    const found = regions.find((known) => known.toLowerCase() === region.toLowerCase())
    if (found !== undefined) return found
    throw wrongRegion(
      `no object store in region ${JSON.stringify(region)} (regions with one: ${regions.join(', ') || 'none'})`,
    )
  }
}

/**
 * Signs in with pkgcloud's code and this package's transport. pkgcloud's errors contain requests
 * and responses, so nothing of them is passed on.
 */
function authorized(identity: Identity, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const fail = (error: unknown) => reject(isStorageError(error) ? error : noToken(error))
  withTransport(
    (request, callback) => {
      sendToIdentity(request, signal)
        .then(
          ({ response, body }) => callback(null, response, body),
          (error: unknown) => callback(error),
        )
        .catch(fail)
    },
    () => {
      try {
        identity.authorize((error) => (error === undefined || error === null ? resolve() : fail(error)))
      } catch (error) {
        fail(error)
      }
    },
  )
  return promise
}

const noToken = (error?: unknown) =>
  new StorageError(
    'BAD_RESPONSE',
    'the identity service returned no token for a project: check the project and its domain',
    {
      cause: describeCause(error),
    },
  )

const wrongRegion = (message: string) =>
  new StorageError('UNAUTHENTICATED', message, { details: { property: 'region' } })

function regionsOf({ serviceCatalog }: Identity): string[] {
  const endpoints = Object.values(serviceCatalog?.services ?? {})
    .filter(({ type }) => type === objectStore)
    .flatMap((service) => service.endpoints ?? [])
  return [...new Set(endpoints.map(({ region }) => region).filter((region) => typeof region === 'string'))]
}
