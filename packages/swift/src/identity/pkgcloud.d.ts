/**
 * What is used of pkgcloud's identities, as `build/bundle-pkgcloud.mjs` takes them out of it.
 */

import type { IdentityOptions } from './options.js'

interface CatalogEndpoint {
  readonly region?: string | null
}

export interface Identity {
  /** Set once `authorize` has called back without an error. */
  readonly token: { readonly id: string; readonly expires: Date }
  readonly user?: { readonly 'RAX-AUTH:defaultRegion'?: string }
  readonly serviceCatalog: {
    readonly services: Readonly<
      Record<string, { readonly type?: string; readonly endpoints?: readonly CatalogEndpoint[] }>
    >
  }
  authorize(callback: (error?: unknown) => void): void
  /** What is sent to sign in with; `authorize` has it built first. */
  _authenticationPayload?: unknown
  _buildAuthenticationPayload(): void
  /** Throws when there is none. */
  getServiceEndpointUrl(options: { serviceType: string; region?: string; useInternal: boolean }): string
}

export const OpenStackIdentity: new (options: IdentityOptions) => Identity
export const RackspaceIdentity: new (options: IdentityOptions) => Identity

/** A request as pkgcloud hands it to the `request` package. */
export interface IdentityRequest {
  readonly uri: string
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  /** The body to be sent as JSON; `true`: none. */
  readonly json: unknown
}

/** What it expects back. */
export interface IdentityAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly request: { readonly uri: { readonly href: string }; readonly method: string }
}

export type IdentityTransport = (
  request: IdentityRequest,
  callback: (error: unknown, answer?: IdentityAnswer, body?: unknown) => void,
) => void

/** Runs something in which pkgcloud's requests go through the transport, later ones too. */
export function withTransport<T>(transport: IdentityTransport, run: () => T): T
