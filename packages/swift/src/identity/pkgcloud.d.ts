/** The types of those parts of pkgcloud's identities that `build/bundle-pkgcloud.mjs` bundles. */
import type { IdentityOptions } from './options.js'

interface CatalogEndpoint {
  readonly region?: string | null
}

export interface Identity {
  /** Present after `authorize` has called its callback without an error. */
  readonly token: { readonly id: string; readonly expires: Date }
  readonly user?: { readonly 'RAX-AUTH:defaultRegion'?: string }
  readonly serviceCatalog: {
    readonly services: Readonly<
      Record<string, { readonly type?: string; readonly endpoints?: readonly CatalogEndpoint[] }>
    >
  }
  authorize(callback: (error?: unknown) => void): void
  /** The body of the sign-in request, which `authorize` makes first. */
  _authenticationPayload?: unknown
  _buildAuthenticationPayload(): void
  /** Throws if the catalogue has no such endpoint. */
  getServiceEndpointUrl(options: { serviceType: string; region?: string; useInternal: boolean }): string
}

export const OpenStackIdentity: new (options: IdentityOptions) => Identity
export const RackspaceIdentity: new (options: IdentityOptions) => Identity

/** A request as pkgcloud passes it to the `request` package. */
export interface IdentityRequest {
  readonly uri: string
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  /** The body, which is sent as JSON, or `true` if there is none. */
  readonly json: unknown
}

/** A response in the form that pkgcloud expects. */
export interface IdentityResponse {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly request: { readonly uri: { readonly href: string }; readonly method: string }
}

export type IdentityTransport = (
  request: IdentityRequest,
  callback: (error: unknown, response?: IdentityResponse, body?: unknown) => void,
) => void

/** Runs a function. Requests of pkgcloud that it causes, also later ones, use the transport. */
export function withTransport<T>(transport: IdentityTransport, run: () => T): T
